"""What the record names is what the upstream does: calls that could be read in two ways do not reach it."""

import hashlib
import socket
from collections.abc import Callable

import pytest

from opentrail import limits
from opentrail.recorder.forwarding.upstreams import moto
from tests.recorder.rig import RecorderServer, ScriptedUpstream, signed_headers

FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"
MULTIPART = b'--X\r\nContent-Disposition: form-data; name="Action"\r\n\r\nDeleteUser\r\n--X--\r\n'


@pytest.mark.parametrize(
    ("service", "path", "headers", "body"),
    [
        ("iam", "/", {"Content-Type": FORM}, b"Action=DeleteUser&UserName=v&Version=2010-05-08&Action=ListUsers"),
        ("iam", "/", {"Content-Type": FORM}, b"Action=DeleteUser&UserName=v&Version=2010-05-08&UserName=w"),
        ("iam", "/?Action=ListUsers", {"Content-Type": FORM}, b"Action=DeleteUser&UserName=v"),
        ("iam", "/?UserName=w", {"Content-Type": FORM}, b"Action=DeleteUser&Version=2010-05-08"),
        ("iam", "/?Action=ListUsers", {"Content-Type": "multipart/form-data; boundary=X"}, MULTIPART),
        ("iam", "/?Action=ListUsers", {"Content-Type": FORM}, b"Action=DeleteUser&Pad=" + b"x" * (1 << 20)),
        ("iam", "/", {"Content-Type": FORM}, b"Pad=" + b"x" * (1 << 20) + b"&Action=DeleteUser&UserName=v"),
        ("iam", "/", {"Content-Type": FORM, "Content-Encoding": "br"}, b"Action=DeleteUser&UserName=v"),
        ("ssm", "/?Action=DeleteParameter", {"X-Amz-Target": "AmazonSSM.GetParameter"}, b'{"Name":"p"}'),
        ("ssm", "/", {"Content-Type": FORM, "X-Amz-Target": "AmazonSSM.GetParameter"}, b"Action=DeleteParameter"),
        ("lambda", "/2015-03-31/functions/?Action=DeleteFunction", {}, b""),
        ("lambda", "/2015-03-31/functions/", {"X-Amz-Target": "AWSLambda.DeleteFunction"}, b""),
        ("s3", "/b/k?versionId=1&versionId=2", {}, b""),
        ("s3", "/b?delete", {"Content-Encoding": "x"}, b"<Delete><Object><Key>k</Key></Object></Delete>"),
    ],
)
def test_a_call_that_can_be_read_in_two_ways_is_refused_and_an_event(
    recorder: RecorderServer, upstream: ScriptedUpstream, service: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    method = "POST" if body else "GET"
    status, _, _ = recorder.call(method, path, body, service=service, headers=headers)
    assert status == 400
    assert recorder.record()["errorCode"] in ("InvalidRequest", "ValidationException")
    assert upstream.arrived == []


@pytest.mark.parametrize(
    "more", [b"&" * (limits.FORM_FIELDS + 1), b"".join(b"&f%d=1" % n for n in range(limits.FORM_FIELDS + 1))]
)
def test_a_call_cannot_hide_its_name_behind_many_fields(
    recorder: RecorderServer, upstream: ScriptedUpstream, more: bytes
) -> None:
    body = b"Action=CreateKeyPair&Version=2016-11-15&KeyName=ghost" + more
    recorder.call("POST", "/", body, service="ec2", headers={"Content-Type": FORM})
    assert len(upstream.arrived) == 1
    record = recorder.record()
    assert (record["eventName"], record["readOnly"], record["requestParameters"]) == ("CreateKeyPair", False, None)


@pytest.mark.parametrize("more", [b"&" * (limits.FORM_FIELDS + 1), b"&Pad=" + b"x" * (1 << 20)])
def test_a_key_is_not_deleted_by_a_call_that_cannot_be_read(
    recorder: RecorderServer, upstream: ScriptedUpstream, more: bytes
) -> None:
    """It would be gone there, and go on to be believed here."""
    body = b"Action=DeleteAccessKey&Version=2010-05-08&AccessKeyId=AKIAEXAMPLEKEY000009" + more
    status, _, _ = recorder.call("POST", "/", body, service="iam", headers={"Content-Type": FORM})
    assert status == 400 and upstream.arrived == []
    assert recorder.record()["eventName"] == "DeleteAccessKey"


def test_a_repeated_signed_header_is_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    twice = {"x-amz-copy-source": "/b/a,/b/b"}  # signed as one value, sent as two: SigV4 reads them alike
    headers = signed_headers("PUT", f"{recorder.url}/b/k", headers=twice, declared=hashlib.sha256().hexdigest())
    lines = [f"{name}: {value}" for name, value in headers.items() if name != "x-amz-copy-source"]
    lines += ["x-amz-copy-source: /b/a", "x-amz-copy-source: /b/b", f"Host: 127.0.0.1:{recorder.port}"]
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall(("PUT /b/k HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert upstream.arrived == []


def test_connection_cannot_take_a_header_away_that_the_record_has_read(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    named = {"Connection": "x-amz-copy-source, range, x-hop", "X-Hop": "1", "Range": "bytes=0-0"}
    headers = {"x-amz-copy-source": "/b/a", **named}
    status, _, _ = recorder.call("PUT", "/b/k", headers=headers)
    assert status == 200
    (arrived,) = upstream.arrived
    assert arrived.header("x-amz-copy-source") == "/b/a" and arrived.header("range") == "bytes=0-0"
    assert arrived.header("x-hop") is None


def test_no_other_part_of_the_authorization_names_a_service(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    for extra, expected in (("Junk=a/20260101/us-east-1/iam/aws4_request", 400), (None, 200)):
        headers = signed_headers("POST", f"{recorder.url}/", b"Action=GetCallerIdentity", service="sts")
        scheme, _, parts = headers["Authorization"].partition(" ")
        # the upstream takes the first part for the credential, whatever its name
        parts = f"{extra}, {parts}" if extra else ", ".join(reversed(parts.split(", ")))
        lines = [f"{name}: {value}" for name, value in headers.items() if name != "Authorization"]
        lines += [f"Authorization: {scheme} {parts}", f"Host: 127.0.0.1:{recorder.port}", "Content-Length: 24"]
        with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
            client.sendall(("POST / HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            client.sendall(b"Action=GetCallerIdentity")
            assert client.recv(4096).startswith(f"HTTP/1.1 {expected} ".encode())
    (arrived,) = upstream.arrived
    assert (arrived.header("authorization") or "").startswith("AWS4-HMAC-SHA256 Credential=")


def test_a_service_that_nobody_knows_does_not_reach_an_upstream_that_might(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(upstreams=[moto("moto", upstream.url)])
    for service in ("IAM", "CloudTrail", "queue"):
        status, _, _ = recorder.call("POST", "/?Action=DeleteUser", b"", service=service)
        assert status == 503, service
    assert [record["errorCode"] for record in recorder.records()] == ["ServiceUnavailable"] * 3
    assert upstream.arrived == []


def test_a_form_too_long_to_be_read_still_says_what_it_does(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    body = b"Action=UntagUser&UserName=v&Version=2010-05-08&Pad=" + b"x" * (1 << 20)
    for number, declared in enumerate((None, hashlib.sha256(body).hexdigest()), start=1):
        headers = {"Content-Type": FORM} | ({"X-Amz-Content-SHA256": declared} if declared else {})
        status, _, _ = recorder.call("POST", "/", body, service="iam", headers=headers)
        assert status == 200
        record = recorder.record(number)
        assert (record["eventName"], record["requestParameters"], record["readOnly"]) == ("UntagUser", None, False)
        assert len(upstream.arrived) == number


def test_every_key_of_a_long_list_of_objects_has_its_event(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    padding = b"<!--" + b"x" * (1 << 20) + b"-->"
    body = b"<Delete>" + padding + b"<Object><Key>victim</Key></Object></Delete>"
    assert recorder.call("POST", "/bucket?delete", body)[0] == 200
    names = [(event["eventName"], (event["requestParameters"] or {}).get("key")) for event in recorder.records()]
    assert names == [("DeleteObject", "victim"), ("DeleteObjects", None)]
    headers = signed_headers("POST", f"{recorder.url}/bucket?delete")
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Host: 127.0.0.1:{recorder.port}", f"Content-Length: {limits.DELETE_OBJECTS_BYTES + 1}"]
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall(("POST /bucket?delete HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert len(upstream.arrived) == 1


def test_the_region_of_the_record_is_the_one_that_is_acted_in(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    path, body = "/", b"Action=CreateTopic&Name=t&Version=2010-03-31"
    headers = {"Content-Type": FORM, "Host": "sns.ap-south-1.amazonaws.com"}
    assert recorder.call("POST", path, body, service="sns", headers=headers)[0] == 400
    assert recorder.call("POST", path, body, service="sns", headers=headers, region="ap-south-1")[0] == 200
    headers = {"Content-Type": FORM, "User-Agent": "agent region/eu-west-1"}
    assert recorder.call("POST", path, body, service="sns", headers=headers)[0] == 200
    assert [event["awsRegion"] for event in recorder.records()] == ["us-east-1", "ap-south-1", "us-east-1"]
    assert recorder.records()[2]["userAgent"] == "agent region/eu-west-1"
    assert [arrived.header("user-agent") for arrived in upstream.arrived] == [None, "agent eu-west-1"]

"""Calls that are refused before their upstream: the service's own error, an event, and nothing forwarded."""

import http.client
import json
import socket
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from opentrail.recorder.forwarding.upstreams import Upstream, moto
from tests.recorder.rig import ACCOUNT, KEY, LOOPBACK, RecorderServer, ScriptedUpstream, signed_headers

UNKNOWN_KEY = "AKIAEXAMPLENOBODY001"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status"),
    [
        ("s3", "list_objects_v2", {"Bucket": "b"}, "InvalidAccessKeyId", 403),
        ("iam", "list_users", {}, "InvalidClientTokenId", 403),
        ("sqs", "list_queues", {}, "UnrecognizedClientException", 400),
        ("dynamodb", "list_tables", {}, "UnrecognizedClientException", 400),
        ("lambda", "list_functions", {}, "UnrecognizedClientException", 403),
        ("ec2", "describe_instances", {}, "AuthFailure", 401),
        ("route53", "list_hosted_zones", {}, "InvalidClientTokenId", 403),
    ],
)
def test_an_unknown_key_is_refused_in_the_services_protocol(
    recorder: RecorderServer,
    upstream: ScriptedUpstream,
    service: str,
    operation: str,
    parameters: dict[str, str],
    code: str,
    status: int,
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(recorder.client(service, key=UNKNOWN_KEY), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    record = recorder.record()
    assert record["errorCode"] == ("Client.AuthFailure" if service == "ec2" else code)
    assert record["requestID"] == refused.value.response["ResponseMetadata"]["RequestId"]
    assert record["userIdentity"] == {
        "type": "Unknown",
        "principalId": "",
        "accessKeyId": UNKNOWN_KEY,
    }
    assert record["recipientAccountId"] == ACCOUNT
    assert record["eventName"].lower().startswith(operation.removesuffix("_v2").replace("_", ""))
    assert upstream.arrived == []


def test_a_wrong_secret_is_refused_and_its_caller_not_believed(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    for service, code in (("s3", "SignatureDoesNotMatch"), ("sts", "SignatureDoesNotMatch")):
        client = recorder.client(service, secret="wrong")
        with pytest.raises(ClientError) as refused:
            client.list_buckets() if service == "s3" else client.get_caller_identity()
        assert refused.value.response["Error"]["Code"] == code
    records = recorder.records()
    assert [record["userIdentity"]["type"] for record in records] == ["Unknown", "Unknown"]
    assert [record["userIdentity"]["accessKeyId"] for record in records] == [KEY, KEY]
    assert upstream.arrived == []


def test_a_call_with_a_wrong_secret_is_recorded_with_its_name(recorder: RecorderServer) -> None:
    body = b"Action=ListUsers&Version=2010-05-08&MaxItems=7"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = signed_headers("POST", f"{recorder.url}/", body, service="iam", secret="wrong", headers=form)
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall(_head("POST", "/", recorder, headers, len(body)) + body)  # in one piece, as TLS brings it
        answer = client.recv(65536)
    assert b"SignatureDoesNotMatch" in answer
    record = recorder.record()
    assert (record["eventName"], record["readOnly"]) == ("ListUsers", True)


def test_an_unsigned_call_is_for_s3_alone(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/", b"Action=ListUsers&Version=2010-05-08", form)
    response = connection.getresponse()
    assert response.status == 403 and b"<Code>MissingAuthenticationToken</Code>" in response.read()
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    connection.request("POST", "/", b"{}", target)
    response = connection.getresponse()
    assert json.loads(response.read())["__type"] == "MissingAuthenticationTokenException"
    assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert [record["eventName"] for record in recorder.records()] == ["ListUsers", "ListTables"]
    assert upstream.arrived == []
    connection.request("GET", "/bucket/public")
    assert connection.getresponse().status == 200
    record = recorder.record(3)
    assert record["userIdentity"] == {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    assert record["recipientAccountId"] == ACCOUNT
    assert upstream.arrived[0].header("authorization") is None
    connection.close()


def test_a_refusal_comes_without_the_body_that_a_client_waits_to_send(recorder: RecorderServer) -> None:
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", key=UNKNOWN_KEY, declared="UNSIGNED-PAYLOAD")
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall(_head("PUT", "/bucket/key", recorder, headers, 5_000_000_000, "Expect: 100-continue"))
        answer = _read_all(client)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"InvalidAccessKeyId" in answer
    assert b"100 Continue" not in answer and b"connection: close" in answer.lower()


def test_a_refusal_reaches_a_client_that_goes_on_sending(recorder: RecorderServer) -> None:
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", key=UNKNOWN_KEY, declared="UNSIGNED-PAYLOAD")
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall(_head("PUT", "/bucket/key", recorder, headers, 5_000_000_000) + b"x" * 100_000)
        answer = client.recv(65536)
    assert b"InvalidAccessKeyId" in answer


def test_a_service_without_upstream_is_unavailable_and_an_event(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(upstreams=[Upstream("s3", upstream.url, frozenset({"s3"}), "resign", "k", "s")])
    with pytest.raises(ClientError) as refused:
        recorder.client("sqs").list_queues()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    record = recorder.record()
    assert (record["eventName"], record["errorCode"]) == ("ListQueues", "ServiceUnavailable")
    assert record["userIdentity"]["type"] == "Root"


def test_motos_own_doors_are_closed(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> None:
    recorder = start(upstreams=[moto("moto", upstream.url)])
    for path in ("/moto-api/reset", "/%6Doto-api/reset", "/latest/meta-data/iam"):
        status, _, _ = recorder.call("POST", path, b"", service="lambda")
        assert status == 403, path
    assert upstream.arrived == []
    assert {record["errorCode"] for record in recorder.records()} == {"AccessDeniedException"}


def test_forwarded_addresses_are_believed_of_trusted_proxies_alone(start: Callable[..., RecorderServer]) -> None:
    for options, expected in (({}, "127.0.0.1"), ({"trusted_proxies": LOOPBACK}, "203.0.113.7")):
        recorder = start(**options)
        recorder.call("GET", "/b/k", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7, 127.0.0.9"})
        assert recorder.record()["sourceIPAddress"] == expected


def _head(method: str, path: str, recorder: RecorderServer, headers: dict[str, str], length: int, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{recorder.port}", f"Content-Length: {length}", *more]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read_all(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)

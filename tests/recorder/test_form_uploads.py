"""Uploads by form: verified by the learned secret, signed anew, recorded as PostObject."""

import base64
import hmac
import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.wire.http import HttpRequest
from opentrail.wire.post_form import read_form, signature_of, verify_form
from tests.recorder.form_uploads import BOUNDARY, form_body, post
from tests.recorder.rig import ACCOUNT, KEY, SECRET, Arrived, RecorderServer, ScriptedUpstream

FILE = bytes(range(256)) * 1024


def presigned(recorder: RecorderServer, key: str = "in/${filename}", **options: Any) -> dict[str, str]:
    fields: dict[str, str] = recorder.client("s3", signature_version="s3v4").generate_presigned_post(
        "photos", key, **options
    )["fields"]
    return fields


def version_2(expires: str = "2099-01-01T00:00:00Z", secret: str = SECRET) -> dict[str, str]:
    document = {"expiration": expires, "conditions": [{"bucket": "photos"}, ["starts-with", "$key", "in/"]]}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    signature = base64.b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1")).decode()
    return {"key": "in/a", "AWSAccessKeyId": KEY, "policy": policy, "signature": signature}


@pytest.fixture
def bodies(upstream: ScriptedUpstream) -> list[bytes]:
    found: list[bytes] = []

    async def keep(arrived: Arrived) -> None:
        found.append(await arrived.body())
        await arrived.answer(204, b"", ("x-amz-request-id", "UPSTREAM00000001"))

    upstream.script = keep
    return found


def test_a_form_is_verified_signed_anew_and_recorded(
    recorder: RecorderServer, upstream: ScriptedUpstream, bodies: list[bytes]
) -> None:
    conditions = [{"acl": "private"}, ["content-length-range", 1, 1 << 20]]
    fields = presigned(recorder, Fields={"acl": "private"}, Conditions=conditions)
    assert post(recorder.port, "photos", fields, FILE)[0] == 204
    body, arrived = bodies[0], upstream.arrived[0]
    assert arrived.header("authorization") is None
    request = HttpRequest("POST", "/photos", "", (("content-type", arrived.header("content-type") or ""),), "", "http")
    form = read_form(request, body)
    assert form is not None
    signature = signature_of(form)
    assert signature is not None and signature.access_key == "upstream-key"
    verify_form(form, "photos", signature, "upstream-secret", datetime.now(UTC))
    assert body[form.head_bytes :].startswith(FILE) and body.endswith(f"\r\n--{BOUNDARY}--\r\n".encode())
    assert int(arrived.header("content-length") or 0) == len(body)
    assert KEY.encode() not in body
    record = recorder.record()
    assert (record["eventName"], record["eventCategory"]) == ("PostObject", "Data")
    assert record["userIdentity"]["type"] == "Root"
    assert record["recipientAccountId"] == ACCOUNT
    shown = record["requestParameters"]
    assert (shown["bucketName"], shown["key"], shown["acl"]) == ("photos", "in/photo.jpg", "private")
    assert not {"policy", "x-amz-signature", "x-amz-credential"} & shown.keys()
    assert record["resources"][0] == {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::photos/in/photo.jpg"}
    assert record["additionalEventData"]["AuthenticationMethod"] == "POST"
    assert record["additionalEventData"]["SignatureVersion"] == "SigV4"


def test_a_form_of_version_2_is_signed_anew_by_version_4(recorder: RecorderServer, bodies: list[bytes]) -> None:
    assert post(recorder.port, "photos", version_2(), b"x")[0] == 204
    assert b"AWS4-HMAC-SHA256" in bodies[0] and b"AWSAccessKeyId" not in bodies[0]
    assert recorder.record()["additionalEventData"]["SignatureVersion"] == "SigV2"


def test_a_form_goes_on_unchanged_to_who_is_not_signed_for(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream, bodies: list[bytes]
) -> None:
    server = start(upstreams=[Upstream("any", upstream.url, frozenset({"*"}), account_header="x-moto-account-id")])
    fields = presigned(server)
    assert post(server.port, "photos", fields, b"x")[0] == 204
    assert fields["x-amz-signature"].encode() in bodies[0]
    assert upstream.arrived[0].header("x-moto-account-id") == ACCOUNT


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch", "does not match"),
        ({"key": "out/of/bounds"}, "AccessDenied", "Policy Condition failed"),
        ({"acl": "public-read"}, "AccessDenied", "Extra input fields: acl"),
        ({"x-amz-credential": "AKIANOBODY/20260101/us-east-1/s3/aws4_request"}, "AuthorizationHeaderMalformed", "fit"),
    ],
)
def test_a_form_beyond_its_policy_is_refused_and_recorded(
    recorder: RecorderServer, upstream: ScriptedUpstream, change: dict[str, str], code: str, says: str
) -> None:
    status, body = post(recorder.port, "photos", {**presigned(recorder), **change}, b"x")
    assert status in (400, 403) and code.encode() in body and says.encode() in body
    assert not upstream.arrived
    record = recorder.record()
    assert (record["eventName"], record["errorCode"]) == ("PostObject", code)


def test_an_expired_policy_is_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status, body = post(recorder.port, "photos", version_2(past), b"x")
    assert (status, b"Policy expired" in body) == (403, True)
    assert post(recorder.port, "photos", version_2(secret="another"), b"x")[0] == 403
    assert not upstream.arrived


def test_a_policy_for_another_bucket_is_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    assert post(recorder.port, "others", presigned(recorder), b"x")[0] == 403
    assert not upstream.arrived


def test_a_form_without_policy_is_anonymous(recorder: RecorderServer, bodies: list[bytes]) -> None:
    assert post(recorder.port, "photos", {"key": "k"}, b"x")[0] == 204
    assert recorder.record()["userIdentity"]["accountId"] == "ANONYMOUS_PRINCIPAL"


def test_a_form_whose_file_is_not_reached_is_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    status, _ = post(recorder.port, "photos", {"key": "k", "x-ignore-padding": "p" * 200_000}, b"x")
    assert status == 400
    assert not upstream.arrived


def test_fields_that_name_their_policy_twice_are_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    fields = presigned(recorder)
    status, _ = post(recorder.port, "photos", {**fields, "Policy": fields["policy"]}, b"x")
    assert status == 400
    assert not upstream.arrived


@pytest.mark.parametrize(
    "part",
    [
        'Content-Disposition: form-data; name="key"; name="acl"',
        "Content-Disposition: form-data; name=key",
        'Content-Disposition: form-data; name="key"\r\nContent-Disposition: form-data; name="acl"',
        'Content-Disposition: form-data; name="ke\\y"',
        "Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''a",
        'X-Other: y\r\nContent-Disposition: form-data; name="key"',
    ],
)
def test_parts_that_can_be_read_in_two_ways_are_refused(
    recorder: RecorderServer, upstream: ScriptedUpstream, part: str
) -> None:
    head = f"--{BOUNDARY}\r\n{part}\r\n\r\nvalue\r\n".encode()
    status = _post_raw(recorder.port, head + form_body({"key": "k"}, b"x"))
    assert (status, upstream.arrived) == (400, [])


def test_a_key_behind_the_file_does_not_count(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    body = form_body({"acl": "private"}, b"x").removesuffix(f"--{BOUNDARY}--\r\n".encode())
    assert _post_raw(recorder.port, body + form_body({"key": "hidden"}, b"x")) == 400
    assert not upstream.arrived


def test_hostile_forms_are_refused_and_recorded(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    whole = form_body(presigned(recorder), b"x" * 50)
    random = Random(7)
    for _ in range(60):
        cut = bytearray(whole[: random.randrange(1, len(whole) - 60)])
        for _ in range(random.randrange(3)):
            cut[random.randrange(len(cut))] = random.randrange(256)
        assert _post_raw(recorder.port, bytes(cut)) in (400, 403)
    assert not upstream.arrived


def _post_raw(port: int, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/photos", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        return connection.getresponse().status
    finally:
        connection.close()

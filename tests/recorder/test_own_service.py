"""Calls that a service of ours makes through the recorder are recorded as AWS records its own."""

from collections.abc import Callable

from opentrail.accounts.service_key import service_key
from tests.recorder.rig import ACCOUNT, RecorderServer

CLOUDTRAIL = "cloudtrail.amazonaws.com"


def test_a_call_of_cloudtrail_itself(recorder: RecorderServer) -> None:
    key = service_key(recorder.access_keys, b"k" * 32, ACCOUNT)
    recorder.client("s3", key.access_key_id, key.secret).head_bucket(Bucket="logs")
    record = recorder.record()
    assert record["userIdentity"] == {"type": "AWSService", "invokedBy": CLOUDTRAIL}
    assert (record["sourceIPAddress"], record["userAgent"], record["eventType"]) == (
        CLOUDTRAIL,
        CLOUDTRAIL,
        "AwsApiCall",
    )
    assert record["recipientAccountId"] == ACCOUNT
    assert "sharedEventID" in record and "tlsDetails" not in record


def test_nobody_is_cloudtrail_by_its_key_id_alone(recorder: RecorderServer) -> None:
    key = service_key(recorder.access_keys, b"k" * 32, ACCOUNT)
    status, _, _ = recorder.call("GET", "/logs/k", key=key.access_key_id, secret="guessed")
    record = recorder.record()
    assert (status, record["errorCode"], record["userIdentity"]["type"]) == (403, "SignatureDoesNotMatch", "Unknown")
    assert record["sourceIPAddress"] == "127.0.0.1"


def test_other_callers_share_no_event(recorder: RecorderServer, start: Callable[..., RecorderServer]) -> None:
    recorder.call("GET", "/logs/k")
    assert "sharedEventID" not in recorder.record() and "tlsDetails" in recorder.records()[0]

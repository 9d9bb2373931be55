"""Answers on the wire, refusals, and the record of every call."""

import asyncio
import json
import re
from concurrent.futures import Future

import pytest

from opentrail.accounts.faults import SecretsSealedOtherwise
from opentrail.api import CloudTrailApi
from opentrail.api.operations import OPERATIONS
from opentrail.journal import JournalUnwritable
from tests.api.conftest import ACCOUNT, REGION, TARGET, parsed, replaced, signed, without_header
from tests.wire.boto_requests import ACCESS_KEY, SECRET, capture, client, from_url


def fault(response):
    return json.loads(response.body)["__type"], json.loads(response.body).get("message")


def test_a_good_answer_has_awss_headers_and_no_others(server):
    response = server.call("lookup_events")
    names = [name for name, _ in response.headers]
    assert names == ["x-amzn-RequestId", "Content-Type", "Content-Length", "Date"]
    headers = dict(response.headers)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-RequestId"])
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert int(headers["Content-Length"]) == len(response.body)
    assert headers["Date"].endswith(" GMT")
    assert response.body == b'{"Events":[]}'


def test_a_call_is_recorded_before_its_answer(server):
    response = server.call("lookup_events", MaxResults=7, LookupAttributes=[
        {"AttributeKey": "EventName", "AttributeValue": "CreateUser"}
    ], StartTime=1772619331)  # fmt: skip
    (record,) = server.records()
    assert record["requestID"] == dict(response.headers)["x-amzn-RequestId"]
    agent = record.pop("userAgent")
    assert "Boto3" in agent
    for generated in ("eventID", "eventTime", "requestID"):
        record.pop(generated)
    assert record == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": ACCESS_KEY,
        },
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "LookupEvents",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {
            "lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "CreateUser"}],
            "startTime": "2026-03-04T10:15:31Z",
            "maxResults": 7,
        },
        "responseElements": None,
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": "127.0.0.1:4566"},
    }


def test_a_call_without_parameters_has_null_parameters(server):
    server.call("lookup_events")
    assert server.records()[0]["requestParameters"] is None


def test_operations_without_a_room_are_refused_and_recorded(server):
    response = server.call("create_trail", Name="management", S3BucketName="logs", EnableLogFileValidation=True)
    assert response.status == 400
    assert fault(response) == ("UnsupportedOperationException", "CreateTrail is not supported.")
    (record,) = server.records()
    assert record["eventName"] == "CreateTrail"
    assert record["readOnly"] is False
    assert record["errorCode"] == "UnsupportedOperationException"
    assert record["errorMessage"] == "CreateTrail is not supported."
    assert record["requestParameters"] == {
        "name": "management",
        "s3BucketName": "logs",
        "enableLogFileValidation": True,
    }
    assert record["responseElements"] is None


def test_every_operation_without_a_room_is_refused(server):
    for name, operation in OPERATIONS.items():
        if name != "LookupEvents" and operation.service == "cloudtrail":
            response = server.raw(name, b"{}")
            assert (response.status, fault(response)[0]) == (400, "UnsupportedOperationException"), name
    assert len(server.records()) == 59


def test_put_audit_events_is_refused_in_rest_json(server):
    sent = capture(
        client("cloudtrail-data"),
        "put_audit_events",
        channelArn=f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:channel/c d",
        auditEvents=[{"id": "e1", "eventData": "{}"}],
    )
    response = server.send(sent)
    assert response.status == 400
    headers = dict(response.headers)
    assert headers["x-amzn-ErrorType"] == "UnsupportedOperationException"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(response.body) == {"message": "PutAuditEvents is not supported."}
    assert parsed(response, "PutAuditEvents", "cloudtrail-data")["Error"]["Code"] == "UnsupportedOperationException"
    (record,) = server.records()
    assert (record["eventSource"], record["eventCategory"]) == ("cloudtrail-data.amazonaws.com", "Data")
    assert record["managementEvent"] is False
    assert record["requestParameters"]["channelArn"] == f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:channel/c d"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sent: without_header(sent, "authorization"), "MissingAuthenticationTokenException"),
        (
            lambda sent: capture(client("cloudtrail", token="made up"), "lookup_events"),
            "UnrecognizedClientException",
        ),
        (lambda sent: signed(b"{}", "sns", **{"X-Amz-Target": f"{TARGET}LookupEvents"}), "InvalidSignatureException"),
        (
            lambda sent: signed(
                b"{}", **{"X-Amz-Target": f"{TARGET}LookupEvents", "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
            ),
            "InvalidSignatureException",
        ),
    ],
)
def test_who_cannot_prove_who_they_are_is_refused_and_recorded(server, change, code):
    response = server.send(change(capture(client("cloudtrail"), "lookup_events")))
    assert (response.status, fault(response)[0]) == (400, code)
    (record,) = server.records()
    assert record["errorCode"] == code
    assert record["userIdentity"]["type"] == "Unknown"
    assert record["recipientAccountId"] == ACCOUNT
    assert record["requestParameters"] is None


def test_an_unknown_key_is_named_in_its_record(server):
    sent = capture(client("cloudtrail"), "lookup_events")
    value = sent.request.header("authorization").replace(ACCESS_KEY, "AKIANOBODY")
    headers = tuple((n, value if n == "authorization" else v) for n, v in sent.request.headers)
    response = asyncio.run(server.api.answer(replaced(sent.request, headers=headers), sent.body))
    assert fault(response) == ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert server.records()[0]["userIdentity"]["accessKeyId"] == "AKIANOBODY"


def test_a_changed_body_is_refused(server):
    sent = capture(client("cloudtrail"), "lookup_events")
    response = asyncio.run(server.api.answer(sent.request, b'{"MaxResults":1}'))
    assert fault(response)[0] == "InvalidSignatureException"


@pytest.mark.parametrize(
    "sent",
    [
        signed(b"{}", **{"X-Amz-Target": f"{TARGET}NoSuchOperation"}),
        signed(b"{}", **{"X-Amz-Target": f"{TARGET}PutAuditEvents"}),
        signed(b"{}", **{"X-Amz-Target": "LookupEvents"}),
        signed(b"{}", **{"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        signed(b"{}"),
        signed(b"{}", path="/elsewhere", **{"X-Amz-Target": f"{TARGET}LookupEvents"}),
        signed(b"", method="GET", **{"X-Amz-Target": f"{TARGET}LookupEvents"}),
        signed(b"{}", **{"X-Amz-Target": f"{TARGET}LookupEvents", "Content-Type": "text/xml"}),
        signed(b"{}", **{"X-Amz-Target": f"{TARGET}LookupEvents", "Content-Type": ""}),
    ],
)
def test_what_names_no_operation_is_unknown_and_leaves_no_record(server, sent):
    response = server.send(sent)
    assert (response.status, fault(response)) == (400, ("UnknownOperationException", None))
    assert server.records() == []


def test_another_path_of_cloudtrail_data_is_unknown(server):
    response = server.send(signed(b"{}", "cloudtrail-data", path="/PutAuditEvents/x"))
    assert dict(response.headers)["x-amzn-ErrorType"] == "UnknownOperationException"


def test_signature_refusals_of_cloudtrail_data_are_403(server):
    sent = without_header(signed(b"{}", "cloudtrail-data", path="/PutAuditEvents?channelArn=arn:x"), "authorization")
    response = server.send(sent)
    assert response.status == 403
    assert dict(response.headers)["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"\xff\xfe",
        b'{"MaxResults":"\xff"}',
        b'{"MaxResults":1e999}',
        b'{"MaxResults":NaN}',
        b'{"MaxResults":' + b"9" * 5000 + b"}",
        b'{"LookupAttributes":' * 300 + b"1" + b"}" * 300,
        b"[" * 100_000,
        b'{"x":' * 100_000,
        b'{"NextToken":"\\ud800"}',
        b"\x00",
        b"{}{}",
    ],
)
def test_bodies_that_cannot_be_read_are_awss_error_and_recorded(server, body):
    response = server.raw("LookupEvents", body)
    assert (response.status, fault(response)[0]) == (400, "SerializationException")
    (record,) = server.records()
    assert record["errorCode"] == "SerializationException"
    assert record["userIdentity"]["type"] == "Root"
    assert record["requestParameters"] is None


def test_an_unreadable_body_is_told_before_a_wrong_signature(server):
    sent = without_header(signed(b"{", **{"X-Amz-Target": f"{TARGET}LookupEvents"}), "authorization")
    assert fault(server.send(sent))[0] == "SerializationException"
    assert server.records()[0]["userIdentity"]["type"] == "Unknown"


def test_unknown_members_and_deep_ones_are_ignored(server):
    body = b'{"Unknown":' + b"[" * 300 + b"]" * 300 + b',"MaxResults":null}'
    assert server.raw("LookupEvents", body).status == 200


def test_an_empty_body_is_an_empty_question(server):
    assert server.raw("LookupEvents", b"").status == 200


def test_hostile_headers_get_an_answer(server):
    sent = signed(b"{}", **{"X-Amz-Target": f"{TARGET}LookupEvents", "User-Agent": "x" * 20_000})
    assert server.send(sent).status == 200
    assert len(server.records()[0]["userAgent"]) <= 1024
    strange = from_url("POST", "http://h/", b"{}", {
        "Authorization": "AWS4-HMAC-SHA256 Credential=é/20260302/us-east-1/cloudtrail/aws4_request, "
        "SignedHeaders=host, Signature=é", "X-Amz-Date": "20260302T101500Z",
        "X-Amz-Target": f"{TARGET}LookupEvents", "Content-Type": "application/x-amz-json-1.1",
    })  # fmt: skip
    assert fault(server.send(strange))[0] == "UnrecognizedClientException"
    assert server.records()[1]["userIdentity"]["accessKeyId"] == "é"


def test_a_body_that_is_too_long(server):
    sent = capture(client("cloudtrail"), "lookup_events")
    response = server.api.too_long(sent.request)
    assert (response.status, fault(response)[0]) == (413, "RequestEntityTooLargeException")
    data = signed(b"{}", "cloudtrail-data", path="/PutAuditEvents")
    assert dict(server.api.too_long(data.request).headers)["x-amzn-ErrorType"] == "RequestEntityTooLargeException"


def test_while_the_journal_cannot_write_calls_are_refused_before_they_act(server):
    server.writable = False
    response = server.call("lookup_events")
    assert (response.status, fault(response)[0]) == (503, "ServiceUnavailable")
    assert server.records() == []


class FailingIntake:
    """An intake whose journal fails every append."""

    def __init__(self):
        self.refused = 0
        self.offered = 0

    def live(self, fields, *, ends_intent=None):
        self.offered += 1
        failed = Future()
        failed.set_exception(JournalUnwritable("disk full"))
        return failed

    def refuse(self):
        self.refused += 1


@pytest.mark.parametrize(("guarantee", "status"), [("durable", 503), ("async", 200)])
def test_an_answer_without_a_durable_record_is_withheld(server, guarantee, status):
    intake = FailingIntake()
    api = CloudTrailApi(
        server.keys, intake, server.clock, server.history.lookup, token_key=b"t", home_account=ACCOUNT,
        guarantee=guarantee, may_record=lambda: guarantee == "durable",
    )  # fmt: skip
    sent = capture(client("cloudtrail"), "lookup_events")
    response = asyncio.run(api.answer(sent.request, sent.body))
    api.close()
    assert response.status == status
    assert (intake.offered, intake.refused) == (1, 0)


@pytest.mark.parametrize("kind", [RuntimeError, SecretsSealedOtherwise])
def test_a_failure_of_our_own_is_500_recorded_and_tells_nothing(server, kind):
    def broken(request):
        raise kind("a secret of ours")

    api = CloudTrailApi(server.keys, server.intake, server.clock, broken, token_key=b"t", home_account=ACCOUNT)
    sent = capture(client("cloudtrail"), "lookup_events")
    response = asyncio.run(api.answer(sent.request, sent.body))
    api.close()
    assert (response.status, response.body) == (500, b'{"__type":"InternalFailure"}')
    (record,) = server.records()
    assert record["errorCode"] == "InternalFailure"
    assert "secret" not in json.dumps(record)


def test_secrets_never_reach_a_record(server):
    server.call("lookup_events")
    server.send(capture(client("cloudtrail", token="session token"), "lookup_events"))
    text = json.dumps(server.records())
    assert SECRET not in text
    assert "session token" not in text

"""What genuine records are known to hold: each oddity is read, derived from and kept byte for byte."""

import json
from collections import Counter
from typing import Any

import pytest

from opentrail.record.derived import resources, username
from opentrail.record.encoding import TOP_LEVEL_ORDER
from opentrail.record.envelope import Envelope, envelope
from opentrail.record.faults import BadRecord, NotALogFile
from opentrail.record.text import split_records, split_with_faults
from opentrail.record.view import RecordView, generic, insight, session, view

SOUND: dict[str, Any] = {
    "eventVersion": "1.08",
    "userIdentity": {"type": "IAMUser", "accountId": "1", "userName": "dana"},
    "eventTime": "2023-07-10T11:54:39Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "203.0.113.7",
    "requestParameters": {"userName": "robin"},
    "responseElements": None,
    "eventID": "a",
    "recipientAccountId": "1",
}


def through(changes: dict[str, Any] | None = None, raw: bytes | None = None) -> tuple[RecordView, Envelope]:
    """The record on the way that every record goes: cut out of a file, viewed, derived from."""
    if raw is None:
        fields = {name: value for name, value in (SOUND | (changes or {})).items() if value is not ...}
        raw = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    assert split_records(b'{"Records":[' + raw + b"," + raw + b"]}") == [raw, raw]
    seen = view(raw)
    username(seen)
    resources(seen)
    return seen, envelope(seen)


@pytest.mark.parametrize(
    "changes",
    [
        {"requestParameters": ..., "responseElements": ...},
        {"responseElements": {}},
        {"requestParameters": "a string", "responseElements": "another"},
        {"eventType": ..., "recipientAccountId": ..., "eventVersion": "1.01"},
        {"readOnly": ..., "eventCategory": ..., "managementEvent": ..., "eventVersion": "1.05"},
        {"requestID": ...},
        {"errorCode": "InvalidInput"},
        {"errorMessage": "Failed authentication"},
        {"resources": []},
        {"tlsDetails": {"tlsVersion": "TLSv1.3"}},
        {"eventType": "AwsServiceEvent", "serviceEventDetails": ...},
        {"addendum": {"reason": "DELIVERY_DELAY"}, "wholly": {"new": ["keys"]}},
        {"additionalEventData": {"x-amz-id-2": "a=", "bytesTransferredIn": 0.0, "MFAUsed": "No"}},
        {
            "additionalEventData": {
                "insufficientLakeFormationPermissions": ["a"],
                "bytesTransferredIn": 5,
                "MFAUsed": True,
            }
        },
        {"eventName": "GetFunction20150331v2", "eventSource": "lambda.amazonaws.com", "apiVersion": "20140328"},
        {"sourceIPAddress": "251.234.045.249"},
        {"sourceIPAddress": "30.*.0.210"},
        {"sourceIPAddress": "AWS Internal", "userAgent": "[S3Console/0.4]"},
        {"awsRegion": "us-north-2r"},
        {"eventID": "5c0ffee1-36b5-3ca3-8ccc-000000000002"},
        {"eventID": "EXAMPLE-1234"},
        {"sharedEventID": "b", "vpcEndpointId": "AWS Internal", "userIdentity": {"type": "AWSService"}},
        {"requestParameters": {"scalingAdjustment": -1, "fromPort": -1, "n": 1688990079000, "d": 70.0, "e": 1e21}},
        {"requestParameters": {"filterSet": {}, "instancesSet": {"items": []}, "a": [], "_return": True}},
        {"requestParameters": {"policyDocument": '{"Version":"2012-10-17",\n"x":"\\""}', "arn": "arn%3Aaws%3Aiam"}},
        {"responseElements": {"requestId": "r", "a-b": 1, "aws:x": {"c.d": 2}, "한글": "\U00010348"}},
        {"requestParameters": {"deep": [[[[[[[[[[[{}]]]]]]]]]]]}},
    ],
)
def test_presence_null_and_values(changes: dict[str, Any]) -> None:
    seen, told = through(changes)
    assert (told.event_id, told.category, told.time_us) == (
        changes.get("eventID", "a"),
        "Management",
        1_688_990_079_000_000,
    )
    assert told.region == changes.get("awsRegion", "us-east-1")
    for name in ("requestParameters", "responseElements", "additionalEventData", "tlsDetails", "addendum"):
        if changes.get(name) is not ... and name in changes:
            assert generic(getattr(seen, name)) == changes[name]


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}, None),
        (
            {
                "type": "IAMUser",
                "userName": "u",
                "invokedBy": "signin.amazonaws.com",
                "sessionContext": {"attributes": {}},
            },
            "u",
        ),
        ({"type": "Root", "userName": "alias", "invokedBy": "AWS Internal"}, "root"),
        ({"accountId": "1", "invokedBy": "secretsmanager.amazonaws.com"}, None),
        ({"type": "IAMUser", "principalId": "AIDA", "accountId": "1", "accessKeyId": "", "userName": "u"}, "u"),
        (
            {"type": "IAMUser", "accountId": "1", "accessKeyId": "", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "HIDDEN_DUE_TO_SECURITY_REASONS",
        ),
        ({"type": "Unknown", "principalId": "", "arn": "", "accessKeyId": "", "userName": ""}, None),
        ({"type": "AWSAccount", "principalId": "AIDA", "accountId": "2"}, None),
        ({"type": "IdentityCenterUser", "accountId": "1", "onBehalfOf": {"userId": "u"}, "credentialId": "c"}, None),
        (
            {
                "type": "AssumedRole",
                "principalId": "AROA:s",
                "sessionContext": {"sessionIssuer": {}, "webIdFederationData": {}},
            },
            "s",
        ),
        (
            {
                "type": "AssumedRole",
                "principalId": "AROA:i-1",
                "sessionContext": {"ec2RoleDelivery": "2.0"},
                "inScopeOf": {},
            },
            "i-1",
        ),
        (..., None),
    ],
)
def test_variants_of_identity(identity: Any, name: str | None) -> None:
    seen, told = through({"userIdentity": identity})
    assert username(seen) == name
    assert told.account == "1"
    if identity is not ... and "sessionContext" in identity:
        assert seen.userIdentity is not None and session(seen.userIdentity) is not None


def test_booleans_that_are_strings_and_strings_that_are_booleans() -> None:
    seen, _ = through({"sessionCredentialFromConsole": True, "readOnly": "true"})
    assert (seen.sessionCredentialFromConsole, seen.readOnly) == ("true", True)


def test_account_ids_with_a_leading_zero_or_a_mask() -> None:
    assert through({"recipientAccountId": "056392974792"})[1].account == "056392974792"
    assert through({"recipientAccountId": "700***"})[1].account == "700***"


def test_number_texts_and_escapes_stay_as_they_are_written() -> None:
    raw = (
        b'{"eventID":"a","eventTime":"2023-07-10T11:54:39Z","requestParameters":{"t":1.688560107857E9,"f":70.0,'
        b'"s":0.0000882145,"u":"\\u003d\\u0026\\u003c\\u003e\\u0027","big":12345678901234567890123,"z":-0}}'
    )
    seen, _ = through(raw=raw)
    assert bytes(seen.requestParameters) in raw
    pretty = raw.replace(b",", b" ,\n\t").replace(b":", b" : ").replace(b"11 : 54 : 39", b"11:54:39")
    assert split_records(b"[" + pretty + b"]") == [raw]


@pytest.mark.parametrize("text", ["2022-12-11 19:42:55", "2022-12-11T19:42:55.123Z", "2022-12-11T19:42:55.123456789Z"])
def test_times_with_spaces_and_decimals(text: str) -> None:
    assert through({"eventTime": text})[1].time_us // 1_000_000 == 1_670_787_775


def test_records_that_lost_their_time_on_the_way_say_so() -> None:
    with pytest.raises(BadRecord, match="eventTime is missing"):
        through({"eventTime": ..., "@timestamp": "2020-09-14T00:45:20.000Z"})


def test_insights_have_no_identity_and_no_name_at_the_top(sample_records: dict[str, list[bytes]]) -> None:
    told = [view(raw) for raw in sample_records["otel"]]
    insights = [seen for seen in told if insight(seen) is not None]
    assert len(insights) == 1
    seen = insights[0]
    assert (seen.userIdentity, seen.eventName, seen.eventSource, username(seen), resources(seen)) == (
        None,
        None,
        None,
        None,
        [],
    )
    details = insight(seen)
    assert details is not None and details.state in ("Start", "End")
    assert envelope(seen).category == "Insight"


def test_order_of_genuine_fields_is_the_one_we_write(
    all_records: list[bytes], sample_records: dict[str, list[bytes]]
) -> None:
    place = {name: number for number, name in enumerate(TOP_LEVEL_ORDER)}
    for file in ("invictus", "opensearch", "grycap-sample", "plaso"):
        for raw in sample_records[file]:
            places = [place[name] for name in json.loads(raw)]
            assert places == sorted(places)


def test_versions_and_categories_of_all_samples_are_read(all_records: list[bytes]) -> None:
    versions = Counter(view(raw).eventVersion for raw in all_records)
    assert versions["1.08"] > 3700
    assert {"1.02", "1.03", "1.04", "1.05", "1.09", "1.10", "1.11", None} <= set(versions)


def test_broken_containers_give_what_is_whole() -> None:
    record = json.dumps(SOUND).encode()
    good, faults = split_with_faults(b"[" + record + b"," + record[:200])
    assert ([raw for _, raw in good], len(faults)) == ([record], 1)
    with pytest.raises(NotALogFile):
        split_records(b"eventName,eventTime\nGetObject,2020-01-01T00:00:00Z\n")


def test_the_way_through_a_file_keeps_every_sample_byte_for_byte(all_records: list[bytes]) -> None:
    kept = split_records(b'{"Records":[' + b",".join(all_records) + b"]}")
    assert kept == all_records

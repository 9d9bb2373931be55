"""The envelope: who, where, which kind, when, which record."""

import json
from typing import Any

import pytest

from opentrail.record.envelope import Envelope, envelope
from opentrail.record.faults import BadRecord
from opentrail.record.view import view

GOOD: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333"},
    "eventTime": "2026-03-04T10:15:31Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
    "eventID": "5c0ffee1",
    "eventType": "AwsApiCall",
    "recipientAccountId": "056392974792",
    "eventCategory": "Management",
}
AT = 1_772_619_331_000_000


def of(changes: dict[str, Any], fallback: str = "") -> Envelope:
    fields = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return envelope(view(json.dumps(fields).encode()), fallback)


def test_recipient_comes_before_the_callers_account() -> None:
    assert of({}) == Envelope("056392974792", "us-east-1", "Management", AT, "5c0ffee1")
    assert of({"recipientAccountId": ...}, "999").account == "111122223333"
    assert of({"recipientAccountId": ..., "userIdentity": {"type": "AWSService"}}, "999").account == "999"
    assert of({"recipientAccountId": ..., "userIdentity": ...}).account == ""


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"eventCategory": "Data"}, "Data"),
        ({"eventCategory": "SomethingNew"}, "SomethingNew"),
        ({"eventCategory": ..., "eventType": "AwsCloudTrailInsight"}, "Insight"),
        ({"eventCategory": ..., "eventType": "AwsVpceEvent"}, "NetworkActivity"),
        ({"eventCategory": ..., "eventType": "AwsVpceEvents"}, "NetworkActivity"),
        ({"eventCategory": ..., "eventType": "AwsAggregatedEvent"}, "Aggregated"),
        ({"eventCategory": ..., "eventType": "ActivityLog"}, "ActivityAuditLog"),
        ({"eventCategory": ..., "eventType": "AwsConsoleSignIn"}, "Management"),
        ({"eventCategory": ..., "managementEvent": False}, "Data"),
        ({"eventCategory": ..., "managementEvent": True, "eventName": "GetObject"}, "Management"),
        ({"eventCategory": ..., "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}, "Data"),
        ({"eventCategory": ..., "eventType": ...}, "Management"),
    ],
)
def test_category_of_records_of_all_versions(changes: dict[str, Any], category: str) -> None:
    assert of(changes).category == category


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eventID": ...}, "eventID is missing"),
        ({"eventID": ""}, "eventID is missing"),
        ({"eventTime": ...}, "eventTime is missing"),
        ({"eventTime": None}, "eventTime is missing"),
        ({"eventTime": "soon"}, "eventTime 'soon' is not"),
        ({"eventID": "x" * 257}, "longer than 256"),
        ({"awsRegion": "x" * 257}, "longer than 256"),
    ],
)
def test_refuses_records_without_time_or_identity(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        of(changes)


def test_identifiers_are_not_validated() -> None:
    assert of({"eventID": "1", "awsRegion": "us-north-2r", "recipientAccountId": "700***"}) == Envelope(
        "700***", "us-north-2r", "Management", AT, "1"
    )


def test_an_account_written_as_a_number_is_read_as_it_stands() -> None:
    assert of({"recipientAccountId": 111122223333}).account == "111122223333"


def test_aggregated_events_have_their_own_names() -> None:
    record = {
        "eventVersion": "1.0",
        "accountId": "111122223333",
        "eventId": "7d0",
        "eventCategory": "Aggregated",
        "eventType": "AwsAggregatedEvent",
        "awsRegion": "eu-west-1",
        "timeWindow": {
            "windowStart": "2026-03-04T10:15:00Z",
            "windowEnd": "2026-03-04T10:20:00Z",
            "windowSize": "PT5M",
        },
    }
    assert envelope(view(json.dumps(record).encode())) == Envelope(
        "111122223333", "eu-west-1", "Aggregated", AT - 31_000_000, "7d0"
    )


def test_all_sample_records_have_an_envelope_or_a_reason(sample_records: dict[str, list[bytes]]) -> None:
    reasons: dict[str, dict[str, int]] = {}
    for name, raws in sample_records.items():
        for raw in raws:
            try:
                found = envelope(view(raw))
            except BadRecord as fault:
                counts = reasons.setdefault(name, {})
                counts[fault.reason] = counts.get(fault.reason, 0) + 1
            else:
                record = json.loads(raw)
                assert found.event_id == record["eventID"]
                assert found.category == record.get("eventCategory", found.category)
                assert found.account == record.get("recipientAccountId", found.account)
    assert reasons == {
        "otrf-a": {"eventTime is missing": 52},
        "panther-a": {"eventID is missing": 21},
        "custodian": {"eventID is missing": 1},
    }

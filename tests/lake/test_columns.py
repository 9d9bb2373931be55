"""Every category of events fills the columns of its stores."""

import json

import duckdb
import pytest

from opentrail.lake.columns import columns_of_events, parsed_events
from opentrail.lake.sql.schemas import BY_CATEGORY, CLOUDTRAIL

HEAD = {"eventVersion": "1.0", "eventID": "e-1", "eventTime": "2026-03-04T10:15:31Z", "awsRegion": "eu-west-1"}
EVENTS = {
    "ActivityAuditLog": {
        **HEAD,
        "metadata": {"ingestionTime": "2026-03-04T10:15:33Z", "channelARN": "arn:c"},
        "addendum": {"reason": "UPDATED_DATA", "originalUID": "u-0"},
        "eventData": {
            "version": "1",
            "userIdentity": {"type": "app-user", "principalId": "u-7", "details": {"team": {"name": "a"}}},
            "eventTime": "2026-03-04T10:15:31Z",
            "UID": "r-991",
            "sourceIPAddress": "192.0.2.1",
            "additionalEventData": {"n": 1},
        },
    },
    "ConfigurationItem": {
        **HEAD,
        "eventData": {
            "configurationStateId": "1772619331",
            "arn": "arn:aws:s3:::logs",
            "resourceType": "AWS::S3::Bucket",
            "relatedEvents": ["e-0"],
            "relationships": [{"name": "Is in", "resourceId": "vpc-1"}],
            "configuration": {"versioning": {"status": "On"}},
        },
    },
    "Evidence": {
        **HEAD,
        "eventData": {"attributes": {"a": "b"}, "time": "2026-03-04T10:00:00Z", "manualEvidenceS3ResourcePath": "s3:x"},
    },
    "Insight": {
        **HEAD,
        "sharedEventID": "s-1",
        "insightDetails": {
            "state": "Start",
            "eventSource": "ssm.amazonaws.com",
            "insightType": "ApiCallRateInsight",
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.5}, "insight": {"average": 3}, "insightDuration": 5,
                    "baselineDuration": 10690,
                },
                "attributions": [
                    {"attribute": "userAgent", "insight": [{"value": "cli", "average": 3.0}, {"value": "b"}],
                     "baseline": []},
                ],
            },
        },
    },
}  # fmt: skip


def stored(category, event):
    """The event as a row of a store of that category."""
    columns = BY_CATEGORY[category]
    read = f"SELECT j, {parsed_events('j', columns)} FROM (SELECT ? AS j)"
    rows = duckdb.execute(f"SELECT {columns_of_events('j', columns)} FROM ({read})", [json.dumps(event)])
    assert rows.description is not None
    names = [one[0] for one in rows.description]
    assert names == list(columns)
    (row,) = rows.fetchall()
    return dict(zip(names, row, strict=True))


def test_events_of_applications():
    row = stored("ActivityAuditLog", EVENTS["ActivityAuditLog"])
    data = row["eventdata"]
    assert (data["uid"], data["sourceipaddress"], data["eventtime"]) == ("r-991", "192.0.2.1", "2026-03-04T10:15:31Z")
    assert data["useridentity"]["details"] == {"team": '{"name":"a"}'}
    assert data["additionaleventdata"] == {"n": "1"}
    assert (row["metadata"]["channelarn"], row["addendum"]["originaluid"]) == ("arn:c", "u-0")
    assert row["eventtime"].isoformat() == "2026-03-04T10:15:31"


def test_items_of_config():
    data = stored("ConfigurationItem", EVENTS["ConfigurationItem"])["eventdata"]
    assert (data["configurationitemstateid"], data["arn"]) == ("1772619331", "arn:aws:s3:::logs")
    assert (data["relatedevents"], data["configuration"]) == ('["e-0"]', {"versioning": '{"status":"On"}'})
    assert data["relationships"][0]["resourceid"] == "vpc-1"


def test_evidence():
    data = stored("Evidence", EVENTS["Evidence"])["eventdata"]
    assert (data["attributes"], data["manualevidences3resourcepath"]) == ({"a": "b"}, "s3:x")
    assert data["time"].isoformat() == "2026-03-04T10:00:00"


def test_insights_as_they_are_recorded_and_flat():
    row = stored("Insight", EVENTS["Insight"])
    assert (row["insightstate"], row["insighteventsource"], row["insighterrorcode"]) == (
        "Start", "ssm.amazonaws.com", None,
    )  # fmt: skip
    context = row["insightcontext"]
    assert (context["baselineaverage"], context["insightduration"]) == (0.5, 5)
    (attribution,) = context["attributions"]
    assert attribution["insight"] == {"value": "cli", "average": 3.0}
    assert (attribution["insightvalue"], attribution["baseline"]) == ("cli", None)
    flat = {**HEAD, "insightState": "End", "insightContext": {"insightAverage": 2.5, "attributions": []}}
    row = stored("Insight", flat)
    assert (row["insightstate"], row["insightcontext"]["insightaverage"]) == ("End", 2.5)


@pytest.mark.parametrize("category", BY_CATEGORY)
def test_what_is_of_another_form_is_null_and_the_evidence_stays(category):
    event = {"eventTime": "no time", "eventData": 7, "insightDetails": "x", "userIdentity": [], "addendum": "y"}
    row = stored(category, event)
    assert json.loads(row["eventjson"]) == event
    named = "useridentity" if BY_CATEGORY[category] is CLOUDTRAIL else "addendum"
    assert row["eventtime"] is None
    assert not any((row[named] or {}).values())


def test_resources_are_found_in_records_that_others_normalized():
    arn = "arn:aws:s3:::logs"
    for record in (
        {"resources": [{"arn": arn, "accountId": "1", "type": "AWS::S3::Bucket"}]},
        {"resources": [{"ARN": arn, "accountId": "1", "type": "AWS::S3::Bucket"}]},
    ):
        (found,) = stored("Management", {**HEAD, **record})["resources"]
        assert (found["arn"], found["accountid"], found["type"]) == (arn, "1", "AWS::S3::Bucket")

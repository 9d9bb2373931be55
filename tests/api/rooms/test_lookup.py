"""LookupEvents over a real journal and history, as boto3 asks and reads it."""

import json
from datetime import UTC, datetime

import pytest

from opentrail.api.page_token import PageTokens, question
from tests.api.conftest import ACCOUNT, REGION, parsed


def names(answer):
    return [event["EventName"] for event in answer["Events"]]


@pytest.fixture
def filled(server):
    for index in range(5):
        server.keep(eventName=f"Event{index}")
        server.clock.advance(1)
    server.keep(eventName="Elsewhere", awsRegion="us-east-1")
    server.keep(eventName="Other", recipientAccountId="999999999999")
    server.see_all()
    return server


def test_an_event_as_boto3_reads_it(server):
    server.keep()
    server.see_all()
    (event,) = server.lookup()["Events"]
    record = server.records()[0]
    assert json.loads(event.pop("CloudTrailEvent")) == record
    assert event.pop("EventTime") == datetime.fromisoformat(record["eventTime"])
    resources = event.pop("Resources")
    assert {"ResourceType": "AWS::IAM::User", "ResourceName": "robin"} in resources
    assert event == {
        "EventId": record["eventID"],
        "EventName": "CreateUser",
        "ReadOnly": "false",
        "AccessKeyId": "AKIADANA",
        "EventSource": "iam.amazonaws.com",
        "Username": "dana",
    }


def test_newest_first_of_the_callers_account_and_region_alone(filled):
    assert names(filled.lookup()) == ["Event4", "Event3", "Event2", "Event1", "Event0"]


def test_calls_of_lookup_events_are_found_themselves(filled):
    filled.lookup()
    filled.see_all()
    answer = filled.lookup(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "LookupEvents"}])
    assert names(answer) == ["LookupEvents"]
    assert answer["Events"][0]["Username"] == "root"


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("EventName", "Event3", 1),
        ("EventName", "event3", 0),
        ("EventSource", "iam.amazonaws.com", 5),
        ("Username", "dana", 5),
        ("ReadOnly", "false", 5),
        ("ReadOnly", "true", 0),
        ("AccessKeyId", "AKIADANA", 5),
        ("ResourceName", "robin", 5),
        ("ResourceType", "AWS::IAM::User", 5),
        ("EventId", "00000000-0000-0000-0000-000000000000", 0),
    ],
)
def test_every_attribute(filled, key, value, count):
    answer = filled.lookup(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
    assert len(answer["Events"]) == count


def test_pages_join_to_the_whole_while_events_arrive(filled):
    seen, token = [], {}
    while True:
        page = filled.lookup(MaxResults=2, **token)
        seen += names(page)
        filled.keep(eventName="Later")
        filled.see_all()
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [name for name in seen if name.startswith("Event")] == ["Event4", "Event3", "Event2", "Event1", "Event0"]
    assert "Later" not in seen


def test_a_range_of_time_has_both_ends_inside(filled):
    times = [datetime.fromisoformat(record["eventTime"]) for record in filled.records()]
    assert names(filled.lookup(StartTime=times[1], EndTime=times[3])) == ["Event3", "Event2", "Event1"]
    assert names(filled.lookup(EndTime=times[0])) == ["Event0"]
    assert filled.lookup(EndTime=datetime(1990, 1, 1, tzinfo=UTC))["Events"] == []
    assert names(filled.lookup(StartTime=datetime(1990, 1, 1, tzinfo=UTC)))[-5:] == names(filled.lookup())[-5:]


def refused(server, **parameters):
    response = server.raw("LookupEvents", json.dumps(parameters).encode())
    assert response.status == 400
    error = parsed(response, "LookupEvents")["Error"]
    record = server.records()[-1]
    assert (record["errorCode"], record["eventName"]) == (error["Code"], "LookupEvents")
    assert record["recipientAccountId"] == ACCOUNT
    return error["Code"]


NAME = {"AttributeKey": "EventName", "AttributeValue": "x"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": -5}, "InvalidMaxResultsException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        ({"EventCategory": ""}, "InvalidEventCategoryException"),
        ({"LookupAttributes": [NAME, NAME]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "Name", "AttributeValue": "x"}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{**NAME, "AttributeValue": ""}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{**NAME, "AttributeValue": "x" * 2001}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{**NAME, "AttributeValue": "_" * 1001}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{**NAME, "AttributeValue": "a, \n_" * 250}]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "ReadOnly", "AttributeValue": "False"}]},
            "InvalidLookupAttributesException",
        ),
        ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ({"StartTime": 300_000_000_000}, "InvalidTimeRangeException"),
        ({"EndTime": -100_000_000_000}, "InvalidTimeRangeException"),
        ({"NextToken": ""}, "InvalidNextTokenException"),
        ({"NextToken": "made up"}, "InvalidNextTokenException"),
        ({"MaxResults": 51, "EventCategory": "x"}, "InvalidEventCategoryException"),
    ],
)
def test_what_lookup_events_refuses(server, parameters, code):
    assert refused(server, **parameters) == code


def test_the_longest_values_pass(server):
    for value in ("x" * 2000, "_" * 1000, "é" * 2000):
        assert server.lookup(LookupAttributes=[{**NAME, "AttributeValue": value}])["Events"] == []


def test_a_token_goes_with_its_question_alone(filled):
    token = filled.lookup(MaxResults=2)["NextToken"]
    assert names(filled.lookup(MaxResults=2, NextToken=token)) == ["Event2", "Event1"]
    assert refused(filled, MaxResults=3, NextToken=token) == "InvalidNextTokenException"
    assert refused(filled, NextToken=token) == "InvalidNextTokenException"
    assert refused(filled, MaxResults=2, NextToken=token, EventCategory="insight") == "InvalidNextTokenException"
    assert refused(filled, MaxResults=2, NextToken=token[:-1]) == "InvalidNextTokenException"
    # an hour and more later it is still good; only its bearer has to sign anew
    asked = question(ACCOUNT, REGION, "LookupEvents", {"MaxResults": 2})
    filled.clock.advance(7200)
    assert PageTokens(b"t" * 32).read(token, asked).position > 0


def test_insight_events_are_asked_for_apart(filled):
    assert filled.lookup(EventCategory="insight")["Events"] == []

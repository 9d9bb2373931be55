"""What an audit event must say: every rule of the schema, AWS's code for each that is broken, and what is stored."""

import ipaddress
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail import limits
from opentrail.lake.audit_events.event_data import AuditEvent, Refused, Stamp, checksum
from tests.lake.audit_events.making import ACCOUNT, REGION, audit_event, event_data

CHANNEL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:channel/7f000000-0000-4000-8000-000000000001"
EVENT_ID = "9e000000-aaaa-8bbb-8ccc-000000000001"
STAMP = Stamp(ACCOUNT, REGION, CHANNEL, "2026-03-04T10:15:33Z")

CODES = {
    "FieldTooLong", "FieldNotFound", "InvalidChecksum", "InvalidData", "InvalidRecipient", "InvalidEventSource",
}  # fmt: skip


def stored(event: AuditEvent) -> tuple[bytes, int]:
    return STAMP.stored(event, EVENT_ID)


def code_of(event: AuditEvent) -> str:
    with pytest.raises(Refused) as refused:
        stored(event)
    assert refused.value.message
    return refused.value.code


def test_the_stored_form_is_aws_s():
    body, time_us = stored(audit_event())
    assert time_us == 1_772_619_331_000_000
    assert body.decode() == (
        '{"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog",'
        f'"eventID":"{EVENT_ID}","eventTime":"2026-03-04T10:15:31Z","awsRegion":"eu-west-1",'
        f'"recipientAccountId":"{ACCOUNT}",'
        f'"metadata":{{"ingestionTime":"2026-03-04T10:15:33Z","channelARN":"{CHANNEL}"}},'
        '"eventData":{"version":"1","userIdentity":{"type":"app-user","principalId":"u-7"},'
        '"eventSource":"billing.example.com","eventName":"RefundIssued","eventTime":"2026-03-04T10:15:31Z",'
        f'"UID":"r-991","recipientAccountId":"{ACCOUNT}"}}}}'
    )


def test_every_member_of_the_schema_is_kept():
    data = event_data(
        userIdentity={"type": "t", "principalId": "p", "details": {"team": "pay", "n": 1.50}},
        userAgent="app/1",
        requestParameters={"order": {"id": "o-1", "lines": [1, 2.0, 1e3]}},
        responseElements={"ok": True},
        errorCode="Declined",
        errorMessage="no money",
        sourceIPAddress="2001:db8::1",
        additionalEventData={"trace": None},
    )
    body, _ = stored(AuditEvent("e", json.dumps(data, indent=1)))
    assert json.loads(body)["eventData"] == data
    assert b"\n" not in body
    assert b'"n":1.5' in body.replace(b" ", b"")


@pytest.mark.parametrize("text", ["2026-03-04T10:15:31Z", "2026-03-04T10:15:31"])
def test_times_with_and_without_their_zone(text):
    body, time_us = stored(audit_event(eventTime=text))
    assert time_us == 1_772_619_331_000_000
    assert json.loads(body)["eventTime"] == "2026-03-04T10:15:31Z"
    assert json.loads(body)["eventData"]["eventTime"] == text


LONG = {
    "version": 256, "eventSource": 1024, "eventName": 1024, "UID": 1024, "userAgent": 1024, "errorCode": 256,
    "errorMessage": 256,
}  # fmt: skip


@pytest.mark.parametrize(("member", "most"), LONG.items())
def test_lengths_count_characters(member, most):
    assert stored(audit_event(**{member: "é" * most}))
    assert code_of(audit_event(**{member: "é" * (most + 1)})) == "FieldTooLong"


@pytest.mark.parametrize(("member", "most"), [("type", 128), ("principalId", 1024)])
def test_lengths_of_the_identity(member, most):
    identity = {"type": "t", "principalId": "p"}
    assert stored(audit_event(userIdentity={**identity, member: "x" * most}))
    assert code_of(audit_event(userIdentity={**identity, member: "x" * (most + 1)})) == "FieldTooLong"


@pytest.mark.parametrize(
    ("member", "most"),
    [("requestParameters", 102_400), ("responseElements", 102_400), ("additionalEventData", 28_672)],
)
def test_larger_objects_are_refused_not_cut(member, most):
    around = len('{"k":""}')
    assert stored(audit_event(**{member: {"k": "x" * (most - around)}}))
    assert code_of(audit_event(**{member: {"k": "x" * (most - around + 1)}})) == "FieldTooLong"


def test_an_event_has_a_size_and_a_depth():
    details = {"type": "t", "principalId": "p", "details": {"k": "x" * limits.FOREIGN_RECORD_BYTES}}
    assert code_of(audit_event(userIdentity=details)) == "FieldTooLong"
    deep = json.dumps(event_data(requestParameters={"k": 0})).replace('"k": 0', '"k": ' + "[" * 200 + "]" * 200)
    assert code_of(AuditEvent("e", deep)) == "InvalidData"


@pytest.mark.parametrize(
    "member", ["version", "userIdentity", "eventSource", "eventName", "eventTime", "UID", "recipientAccountId"]
)
def test_required_members(member):
    assert code_of(audit_event(**{member: None})) == "FieldNotFound"
    assert code_of(AuditEvent("e", json.dumps({**event_data(), member: None}))) == "FieldNotFound"


@pytest.mark.parametrize("member", ["type", "principalId"])
def test_required_members_of_the_identity(member):
    identity = {"type": "t", "principalId": "p"}
    del identity[member]
    assert code_of(audit_event(userIdentity=identity)) == "FieldNotFound"
    assert code_of(audit_event(userIdentity={**identity, member: ""})) == "FieldNotFound"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1},
        {"userIdentity": "u"},
        {"userIdentity": {"type": "t", "principalId": 7}},
        {"userIdentity": {"type": "t", "principalId": "p", "details": [1]}},
        {"eventTime": "yesterday"},
        {"eventTime": "2026-03-04 10:15:31"},
        {"eventTime": "2026-13-04T10:15:31Z"},
        {"eventTime": 1772619331},
        {"requestParameters": "a=b"},
        {"responseElements": [1]},
        {"additionalEventData": 1},
        {"sourceIPAddress": "300.1.1.1"},
        {"sourceIPAddress": ""},
        {"errorCode": 7},
    ],
)
def test_wrong_types_and_times(change):
    assert code_of(audit_event(**change)) == "InvalidData"


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "null", '"text"', "{", '{"version":', '{"a":NaN}', "[" * 5000, '{"version":"\ud800"}']
)
def test_what_is_no_json_object(text):
    if "\ud800" in text:
        text = r'{"version":"\ud800"}'
    assert code_of(AuditEvent("e", text)) == "InvalidData"


@pytest.mark.parametrize(
    "address", ["01.2.3.4", "1.2.3", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4\0", "0x1.2.3.4", "\u0661.2.3.4", "::g"]
)
def test_what_only_resembles_an_address_is_none(address):
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        ipaddress.ip_address(address)
    assert code_of(audit_event(sourceIPAddress=address)) == "InvalidData"


@pytest.mark.parametrize("address", ["0.0.0.0", "255.255.255.255", "::1", "fe80::1%eth0", "::ffff:1.2.3.4"])
def test_addresses_of_both_kinds_are_taken(address):
    assert ipaddress.ip_address(address)
    assert stored(audit_event(sourceIPAddress=address))


def test_the_recipient_is_the_owner_of_the_channel():
    assert code_of(audit_event(recipientAccountId="999999999999")) == "InvalidRecipient"


@pytest.mark.parametrize("source", ["iam.amazonaws.com", "amazonaws.com", "S3.AmazonAWS.com", "ec2.amazonaws.com.cn"])
def test_events_of_aws_s_services_do_not_come_by_channels(source):
    assert code_of(audit_event(eventSource=source)) == "InvalidEventSource"
    assert stored(audit_event(eventSource="notamazonaws.com.example"))


def test_checksums():
    assert checksum("{}") == "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", "the reference's example"
    text = json.dumps(event_data(eventName="é"))
    assert stored(AuditEvent("e", text, checksum(text)))
    assert code_of(AuditEvent("e", text, checksum(text + " "))) == "InvalidChecksum"
    assert code_of(AuditEvent("e", text, "")) == "InvalidChecksum"


def test_members_that_the_schema_does_not_know_are_kept():
    body, _ = stored(
        audit_event(tenant={"id": 7}, userIdentity={"type": "t", "principalId": "p", "mail": "a@example.com"})
    )
    data = json.loads(body)["eventData"]
    assert data["tenant"] == {"id": 7}
    assert data["userIdentity"] == {"type": "t", "principalId": "p", "mail": "a@example.com"}
    assert code_of(audit_event(tenant=1, eventName=None)) == "FieldNotFound"


def test_an_event_means_the_same_to_every_reader():
    text = json.dumps(event_data())[:-1] + ', "recipientAccountId": "999999999999"}'
    assert code_of(AuditEvent("e", text)) == "InvalidRecipient", "the last of equal names counts"
    text = '{"recipientAccountId": "999999999999", ' + json.dumps(event_data(requestParameters={"a": 1}))[1:]
    text = text.replace('"a": 1', '"a": 0, "a": 1')
    body, _ = stored(AuditEvent("e", text))
    assert len(re.findall(rb'"recipientAccountId"', body)) == 2, "the event's and the data's"
    assert json.loads(body)["eventData"]["requestParameters"] == {"a": 1}
    assert body.count(b'"a"') == 1


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*event_data(), "userAgent", "requestParameters", "sourceIPAddress", "x"]), _values)
)
def test_whatever_comes_is_stored_whole_or_refused_by_a_code(change):
    text = json.dumps({**event_data(), **change})
    try:
        body, _ = stored(AuditEvent("e", text))
    except Refused as refused:
        assert refused.code in CODES
        return
    given_data = {**event_data(), **change}
    kept = json.loads(body)["eventData"]
    assert kept == {name: value for name, value in given_data.items() if value is not None or name == "x"}


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert code_of(AuditEvent("e", text)) in CODES

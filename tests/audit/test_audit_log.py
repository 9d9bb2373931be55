"""`AuditLog`: batches, retries, bounds, what becomes of each event; against an endpoint that may misbehave."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime

import boto3
import pytest

from opentrail import limits
from opentrail.audit import AuditLog, BadEvent, User
from opentrail.audit.log import BadChannel
from opentrail.lake.audit_events.event_data import AuditEvent, Stamp
from tests.audit.conftest import ACCOUNT, CHANNEL

WHO = User("app-user", "u-7")


def test_an_event_says_what_the_program_said(endpoint, log):
    event_id = log.put(
        "RefundIssued",
        User("app-user", "u-7", {"team": "pay"}),
        uid="r-991",
        time=datetime(2026, 3, 4, 10, 15, 31, 999, tzinfo=UTC),
        request={"order": "é"},
        response={"ok": True},
        error_code="Declined",
        error_message="no money",
        source_ip="203.0.113.7",
        user_agent="app/1",
        more={"trace": "t"},
    )
    assert log.flush()
    assert endpoint.kept[event_id] == {
        "version": "1.0",
        "userIdentity": {"type": "app-user", "principalId": "u-7", "details": {"team": "pay"}},
        "userAgent": "app/1",
        "eventSource": "billing.example.com",
        "eventName": "RefundIssued",
        "eventTime": "2026-03-04T10:15:31Z",
        "UID": "r-991",
        "requestParameters": {"order": "é"},
        "responseElements": {"ok": True},
        "errorCode": "Declined",
        "errorMessage": "no money",
        "sourceIPAddress": "203.0.113.7",
        "recipientAccountId": ACCOUNT,
        "additionalEventData": {"trace": "t"},
    }
    ((sent,),) = endpoint.calls
    stamp = Stamp(ACCOUNT, "eu-west-1", CHANNEL, "2026-03-04T10:15:33Z")
    assert stamp.stored(AuditEvent(sent["id"], sent["eventData"], sent["eventDataChecksum"]), "e")
    assert endpoint.queries == [{"channelArn": CHANNEL}]


def test_events_go_in_batches_that_fit_a_call(endpoint, log):
    endpoint.held.clear()
    sent = [log.put("Clicked", WHO) for _ in range(250)]
    endpoint.held.set()
    assert log.flush(20)
    assert list(endpoint.kept) == sent, "in the order in which they were put"
    assert max(map(len, endpoint.calls)) <= 100
    assert len(endpoint.calls) <= 4
    big = [log.put("Uploaded", WHO, request={"k": '\u00e9"' * 20_000}) for _ in range(8)]
    assert log.flush(20)
    assert all(event_id in endpoint.kept for event_id in big)
    assert all(sum(len(event["eventData"]) for event in call) < 1_000_000 for call in endpoint.calls)
    assert (log.counts.put, log.counts.kept, log.counts.failed) == (258, 258, 0)


@pytest.mark.parametrize(
    "trouble",
    [(0, ""), (503, "ServiceUnavailable"), (500, ""), (400, "ChannelNotFound"), (403, "AccessDeniedException"),
     (400, "ThrottlingException"), {"*": "Throttling"}, {"*": "InternalFailure"}],
)  # fmt: skip
def test_what_may_pass_is_tried_again_with_the_same_bytes(endpoint, log, failures, trouble):
    endpoint.script = [trouble, trouble]
    event_id = log.put("Clicked", WHO)
    assert log.flush(20)
    assert list(endpoint.kept) == [event_id]
    first, second, third = endpoint.calls
    assert first == second == third
    assert failures == []


def test_one_event_that_is_refused_holds_up_no_other(endpoint, log, failures):
    endpoint.held.clear()
    bad, good = log.put("Bad", WHO), log.put("Good", WHO)
    endpoint.script = [{bad: "InvalidData"}, {bad: "InvalidData"}]
    endpoint.held.set()
    assert log.flush(20)
    assert list(endpoint.kept) == [good]
    assert [(one.id, one.code) for one in failures] == [(bad, "InvalidData")]
    assert failures[0].message == "because of InvalidData"
    assert '"Bad"' in failures[0].event_data
    assert (log.counts.put, log.counts.kept, log.counts.failed) == (2, 1, 1)


@pytest.mark.parametrize("code", ["ValidationException", "DuplicatedAuditEventId", "RequestEntityTooLargeException"])
def test_a_call_that_is_wrong_for_good_is_given_up(endpoint, log, failures, code):
    endpoint.script = [(400, code)]
    log.put("Clicked", WHO)
    assert log.flush(20)
    assert [one.code for one in failures] == [code]
    assert len(endpoint.calls) == 1


def test_equal_ids_go_in_different_calls(endpoint, log):
    endpoint.held.clear()
    log.put("First", WHO)
    for _ in range(2):
        log.put("Twice", WHO, event_id="same")
    endpoint.held.set()
    assert log.flush(20)
    assert all(len({event["id"] for event in call}) == len(call) for call in endpoint.calls)
    assert sum(event["id"] == "same" for call in endpoint.calls for event in call) == 2


def test_memory_is_bounded_and_what_finds_no_room_is_told(endpoint, log, failures, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_WAITING_EVENTS", 5)
    endpoint.held.clear()
    sent = [log.put("Clicked", WHO) for _ in range(8)]
    assert [(one.id, one.code) for one in failures] == [(event_id, "QueueFull") for event_id in sent[5:]]
    endpoint.held.set()
    assert log.flush(20)
    assert list(endpoint.kept) == sent[:5]
    assert (log.counts.put, log.counts.kept, log.counts.failed) == (8, 5, 3)


def test_put_may_wait_for_room(endpoint, failures, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_WAITING_EVENTS", 2)
    log = AuditLog(CHANNEL, source="s", endpoint_url=endpoint.url, on_failure=failures.append, wait_seconds=20.0)
    endpoint.held.clear()
    threading.Timer(0.1, endpoint.held.set).start()
    sent = [log.put("Clicked", WHO) for _ in range(6)]
    assert log.flush(20)
    assert list(endpoint.kept) == sent
    assert failures == []
    log.close()


def test_what_is_left_at_the_end_is_told(endpoint, log, failures):
    endpoint.script = [(503, "")] * 1000
    event_id = log.put("Clicked", WHO)
    assert log.close(0.2) == 1
    assert [(one.id, one.code) for one in failures] == [(event_id, "NotSent")]
    late = log.put("Clicked", WHO)
    assert [(one.id, one.code) for one in failures][1:] == [(late, "NotSent")]
    assert log.close() == 0


def test_a_callback_that_fails_ends_nothing(endpoint, caplog):
    def fails(_failure):
        raise ValueError("a fault of the program's own")

    with AuditLog(CHANNEL, source="s", endpoint_url=endpoint.url, on_failure=fails) as log:
        endpoint.script = [{"*": "InvalidData"}]
        log.put("Bad", WHO)
        assert log.flush(20)
        good = log.put("Good", WHO)
        assert log.flush(20)
    assert list(endpoint.kept) == [good]
    assert "a fault of the program's own" in caplog.text


def test_without_a_callback_failures_are_logged(endpoint, caplog):
    with AuditLog(CHANNEL, source="s", endpoint_url=endpoint.url) as log:
        endpoint.script = [{"*": "InvalidRecipient"}]
        log.put("Bad", WHO)
        assert log.flush(20)
    assert "InvalidRecipient" in caplog.text


@pytest.mark.parametrize("request_value", [{"k": object()}, {"k": float("nan")}, {"k": "x" * 1_000_000}])
def test_what_cannot_be_sent_is_told_at_once(endpoint, log, request_value):
    with pytest.raises(BadEvent):
        log.put("Bad", WHO, request=request_value)
    with pytest.raises(BadEvent):
        log.put("Bad", WHO, time=datetime(2026, 3, 4))
    assert log.counts.put == 0


@pytest.mark.parametrize("arn", ["", "7f000000-0000-4000-8000-000000000001", "arn:aws:s3:::bucket", CHANNEL[:-45]])
def test_a_channel_is_named_by_its_arn(arn):
    with pytest.raises(BadChannel):
        AuditLog(arn, source="s")


def test_external_id_and_session(endpoint, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    session = boto3.session.Session("AKIAEXAMPLE000000001", "secret", region_name="us-west-2")
    with AuditLog(CHANNEL, source="s", endpoint_url=endpoint.url, session=session, external_id="ext-1") as log:
        log.put("Clicked", WHO)
        assert log.flush(20)
    assert endpoint.queries == [{"channelArn": CHANNEL, "externalId": "ext-1"}]


PROGRAM = """
import os, sys
from opentrail.audit import AuditLog, User
log = AuditLog(source="s")
log.put("Before", User("t", "p"), event_id="parent")
if os.fork() == 0:
    log.put("Child", User("t", "p"), event_id="child")
    log.close()
    os._exit(0)
os.wait()
assert not [name for name in sys.modules if name.startswith(("opentrail.server", "opentrail.recorder", "duckdb"))]
"""


def test_a_program_s_end_and_a_fork_lose_nothing(endpoint):
    told = {**os.environ, "AWS_ENDPOINT_URL": endpoint.url, "OPENTRAIL_AUDIT_CHANNEL": CHANNEL}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(event["id"] for call in endpoint.calls for event in call) == ["child", "parent"]

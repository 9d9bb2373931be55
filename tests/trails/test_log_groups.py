# ruff: noqa: N803 - the service names its own arguments
"""Delivery to CloudWatch Logs: calls that the service takes, in order, no event left out or sent for ever."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from opentrail import limits
from opentrail.objects.s3_client import S3Access
from opentrail.trails.log_groups import LogEvent, batches
from opentrail.trails.service_clients import ServiceClients
from tests.trails.rig import ACCOUNT, HOME, Rig

GROUP = f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:trail/audit:*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/delivery"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "PutLogEvents")


class LogService:
    """CloudWatch Logs with its own rules: streams must exist, calls are bounded and in order."""

    def __init__(self) -> None:
        self.streams: dict[str, list[dict[str, Any]]] = {}
        self.calls = 0
        self.refusing: str | None = None
        self.fail_at = -1

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:
        self._check(logGroupName)
        self.streams[logStreamName] = []

    def put_log_events(
        self,
        *,
        logGroupName: str,
        logStreamName: str,
        logEvents: list[dict[str, Any]],
    ) -> dict[str, Any]:
        self._check(logGroupName)
        if logStreamName not in self.streams:
            raise refused("ResourceNotFoundException")
        self.calls += 1
        if self.calls == self.fail_at:
            raise refused("ServiceUnavailableException")
        times = [event["timestamp"] for event in logEvents]
        assert times == sorted(times) and 1 <= len(logEvents) <= 10_000
        assert times[-1] - times[0] < 24 * 3600 * 1000
        assert sum(len(event["message"].encode()) + 26 for event in logEvents) <= 1_048_576
        self.streams[logStreamName] += logEvents
        return {}

    def _check(self, group: str) -> None:
        assert group == "trail/audit"
        if self.refusing:
            raise refused(self.refusing)


@pytest.fixture
def service(rig: Rig) -> Iterator[LogService]:
    rig.clients.log_service = LogService()
    yield rig.clients.log_service


def test_each_event_is_a_log_event_of_the_trail_s_stream(rig: Rig, service: LogService) -> None:
    trail = rig.trail(log_group_arn=GROUP, role_arn=ROLE)
    rig.step()
    ids = rig.happen(3)
    rig.pass_time(300)
    [(stream, events)] = service.streams.items()
    assert stream == f"{ACCOUNT}_CloudTrail_{HOME}"
    assert [event["message"].split('"eventID": "')[1][:11] for event in events] == ids
    assert {event["timestamp"] for event in events} == {1772619331000}
    status = rig.status(trail)
    assert status.logs_at is not None and status.logs_error is None
    assert not list(rig.outbox())


def test_organization_trails_have_the_organization_in_the_stream_s_name(rig: Rig, service: LogService) -> None:
    rig.trail(log_group_arn=GROUP, role_arn=ROLE, organization_id="o-exampleorg1")
    rig.step()
    rig.happen(1)
    rig.pass_time(300)
    assert list(service.streams) == [f"o-exampleorg1_{ACCOUNT}_CloudTrail_{HOME}"]


def test_a_log_group_that_refuses_holds_up_no_bucket_and_gets_everything_later(rig: Rig, service: LogService) -> None:
    trail = rig.trail(log_group_arn=GROUP, role_arn=ROLE)
    rig.step()
    service.refusing = "AccessDeniedException"
    ids = rig.happen(2)
    rig.pass_time(300)
    assert rig.delivered("audit-bucket") == ids
    assert rig.status(trail).logs_error == "AccessDeniedException"
    service.refusing = None
    rig.pass_time(600)
    assert [len(events) for events in service.streams.values()] == [2]
    assert rig.status(trail).logs_error is None and not list(rig.outbox())


def test_what_was_sent_is_not_sent_again_after_a_failure(
    rig: Rig, service: LogService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOG_EVENTS", 10)
    rig.trail(log_group_arn=GROUP, role_arn=ROLE)
    rig.step()
    ids = rig.happen(35)
    service.fail_at = 3
    rig.pass_time(600)
    [events] = service.streams.values()
    assert [event["message"].split('"eventID": "')[1][:11] for event in events] == ids


def test_events_beyond_256_kb_are_left_out(rig: Rig, service: LogService) -> None:
    rig.trail(log_group_arn=GROUP, role_arn=ROLE)
    rig.step()
    rig.happen(1, requestParameters="x" * (256 * 1024))
    rig.happen(1)
    rig.pass_time(300)
    assert [len(events) for events in service.streams.values()] == [1]
    assert len(rig.delivered("audit-bucket")) == 2


@given(
    st.lists(st.tuples(st.integers(0, 3 * 86_400_000), st.integers(1, 300_000)), max_size=60).map(
        lambda made: [LogEvent(at, b"x" * size) for at, size in sorted(made)]
    )
)
def test_calls_keep_to_the_limits_and_to_the_order(events: list[LogEvent]) -> None:
    made = list(batches(events))
    assert [event for batch in made for event in batch] == events
    for batch in made:
        assert 1 <= len(batch) <= 10_000
        assert batch[-1].timestamp - batch[0].timestamp < 24 * 3600 * 1000
        assert len(batch) == 1 or sum(len(event.record) + 26 for event in batch) <= 1_048_576


class Sessions:
    """Clients by sessions of a role; a session made before the role was made anew is nobody's."""

    def __init__(self, service: LogService) -> None:
        self.service = service
        self.assumed = 0
        self.valid_from = 1

    def client(self, service: str, account: str, region: str) -> Any:
        assert service == "sts"
        return self

    def assume_role(self, **_: Any) -> dict[str, Any]:
        self.assumed += 1
        number = str(self.assumed)
        return {"Credentials": {"AccessKeyId": number, "SecretAccessKey": number, "SessionToken": number}}

    def access(self, service: str, account: str, region: str) -> S3Access:
        return S3Access()

    def made(self, service: str, access: S3Access) -> Any:
        return SessionClient(self, int(access.access_key_id or 0))


class SessionClient:
    def __init__(self, sessions: Sessions, number: int) -> None:
        self._sessions = sessions
        self._number = number

    def create_log_stream(self, **call: Any) -> None:
        self._sessions.service.create_log_stream(**call)

    def put_log_events(self, **call: Any) -> dict[str, Any]:
        if self._number < self._sessions.valid_from:
            raise refused("UnrecognizedClientException")
        return self._sessions.service.put_log_events(**call)


def test_a_role_that_was_made_anew_is_assumed_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(LogService())
    monkeypatch.setattr(type(rig.clients), "logs", ServiceClients.logs)
    monkeypatch.setattr(rig.clients, "_clients", sessions)
    rig.trail(log_group_arn=GROUP, role_arn=ROLE)
    rig.step()
    rig.happen(1)
    rig.pass_time(300)
    rig.happen(1)
    rig.pass_time(300)
    assert sessions.assumed == 1
    sessions.valid_from = 2
    rig.happen(1)
    rig.pass_time(420)
    assert sessions.assumed == 2 and sum(map(len, sessions.service.streams.values())) == 3

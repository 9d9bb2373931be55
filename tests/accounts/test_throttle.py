"""Buckets let through what their rate says, whoever asks in between; what they refuse is counted, not lost."""

import pytest

from opentrail import limits
from opentrail.accounts.principal import assumed_role, aws_service, iam_user, root
from opentrail.accounts.throttle import Rate, Throttle
from opentrail.clock import SettableClock

ACCOUNT, OTHER = "123456789012", "210987654321"
DANA = iam_user(ACCOUNT, "dana", "AIDA1")
ROBIN = iam_user(ACCOUNT, "robin", "AIDA2")


@pytest.fixture
def clock():
    return SettableClock()


def passed(throttle, principal, calls):
    return sum(throttle.allows(principal) for _ in range(calls))


def test_a_burst_passes_and_then_the_rate(clock):
    throttle = Throttle("x", Rate(10, 20), Rate(), clock)
    assert passed(throttle, DANA, 100) == 20
    clock.advance(0.55)
    assert passed(throttle, DANA, 100) == 5
    clock.advance(3600)
    assert passed(throttle, DANA, 100) == 20


def test_in_the_long_run_nobody_has_more_than_the_rate(clock):
    throttle = Throttle("x", Rate(3, 6), Rate(), clock)
    got = 0
    for _ in range(1000):
        got += passed(throttle, DANA, 2)
        clock.advance(0.1)
    assert 300 <= got <= 306


def test_principals_do_not_take_from_each_other_but_share_what_their_account_has(clock):
    throttle = Throttle("x", Rate(5, 5), Rate(8, 8), clock)
    assert passed(throttle, DANA, 10) == 5
    assert passed(throttle, ROBIN, 10) == 3
    assert passed(throttle, root(OTHER), 10) == 5


def test_sessions_of_a_role_share_its_bucket(clock):
    throttle = Throttle("x", Rate(5, 5), Rate(), clock)
    sessions = [assumed_role(f"arn:aws:iam::{ACCOUNT}:role/r", "AROA1", f"s{n}", 0) for n in range(10)]
    assert sum(throttle.allows(session) for session in sessions) == 5


def test_services_of_ours_are_never_held_up(clock):
    throttle = Throttle("x", Rate(1, 1), Rate(1, 1), clock)
    assert passed(throttle, aws_service(ACCOUNT, "cloudtrail.amazonaws.com"), 50) == 50


def test_without_rates_there_is_no_limit(clock):
    throttle = Throttle("x", Rate(), Rate(), clock)
    assert not throttle.limits_anything
    assert passed(throttle, DANA, 1000) == 1000


def test_a_rate_below_one_a_second_still_lets_single_calls_pass(clock):
    throttle = Throttle("x", Rate(0.1, 0.2), Rate(), clock)
    assert passed(throttle, DANA, 5) == 1
    clock.advance(10)
    assert passed(throttle, DANA, 5) == 1


def test_the_memory_of_buckets_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(limits, "THROTTLE_BUCKETS", 10)
    throttle = Throttle("x", Rate(1, 1), Rate(), clock)
    for number in range(100):
        throttle.allows(iam_user(ACCOUNT, f"u{number}", "AIDA"))
    assert len(throttle._buckets) == 10


def test_what_is_refused_is_told_once_a_minute_with_its_number(clock):
    throttle = Throttle("CloudTrail", Rate(1, 1), Rate(), clock)
    passed(throttle, DANA, 11)
    assert list(throttle.due()) == []
    clock.advance(limits.THROTTLE_TOLD_SECONDS)
    passed(throttle, DANA, 2)
    (told,) = throttle.due()
    event = told.service_event("eu-west-1")
    assert event["eventName"] == "CallsThrottled"
    assert event["recipientAccountId"] == ACCOUNT
    assert event["serviceEventDetails"] == {
        "from": "2026-03-04T10:15:31Z",
        "to": "2026-03-04T10:16:31Z",
        "callsRefused": 11,
        "principal": DANA.arn,
        "calls": "CloudTrail",
    }
    assert list(throttle.due(at_once=True)) == []


def test_every_refusal_is_counted_also_where_principals_are_too_many(clock, monkeypatch):
    monkeypatch.setattr(limits, "THROTTLE_TOLD", 3)
    throttle = Throttle("x", Rate(), Rate(1, 1), clock)
    for number in range(50):
        throttle.allows(iam_user(ACCOUNT, f"u{number}", "AIDA"))
    told = list(throttle.due(at_once=True))
    assert len(told) == 3
    assert sum(one.calls for one in told) == 49

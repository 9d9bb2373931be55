"""Callers are held up where they call too often, and a changing call is not made twice with one signature."""

import json

from opentrail import limits
from opentrail.accounts.throttle import Rate, Throttle
from opentrail.api import CloudTrailApi
from tests.api.conftest import Server, parsed
from tests.wire.boto_requests import capture, client


def test_too_many_calls_get_aws_s_error_and_no_events(server: Server) -> None:
    throttle = Throttle("CloudTrail", Rate(1, 3), Rate(), server.clock)
    api = CloudTrailApi(
        server.keys,
        server.intake,
        server.clock,
        server.history.lookup,
        token_key=b"t" * 32,
        home_account="123456789012",
        may_call=lambda principal, _operation: throttle.allows(principal),
    )
    whole, server.api = server.api, api
    answers = [server.call("lookup_events") for _ in range(8)]
    assert [answer.status for answer in answers] == [200] * 3 + [400] * 5
    assert parsed(answers[-1], "LookupEvents")["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    assert len(server.records()) == 3
    (told,) = throttle.due(at_once=True)
    assert told.calls == 5
    api.close()
    server.api = whole


def test_a_changing_call_is_not_carried_out_twice_with_one_signature(server: Server) -> None:
    change = capture(client("cloudtrail"), "start_logging", Name="trail")
    read = capture(client("cloudtrail"), "describe_trails")
    first = server.send(change).body
    assert b"UnsupportedOperation" in first  # this server has no trails; the call got that far
    server.clock.advance(limits.REPLAY_GRACE_SECONDS)
    assert server.send(change).body == first, "a retry of the same second was refused"
    server.clock.advance(1)
    refused = server.send(change)
    assert json.loads(refused.body)["__type"] == "InvalidSignatureException"
    assert b"used before" in refused.body
    assert server.records()[-1]["errorCode"] == "InvalidSignatureException"
    assert b"InvalidSignature" not in server.send(read).body + server.send(read).body
    assert server.call("start_logging", Name="other").body == first


def test_the_memory_of_signatures_is_bounded(server: Server, monkeypatch) -> None:
    monkeypatch.setattr(limits, "REPLAY_SIGNATURES", 5)
    for number in range(12):
        server.call("start_logging", Name=f"trail{number}")
    assert len(server.api._around.seen._first) <= 5

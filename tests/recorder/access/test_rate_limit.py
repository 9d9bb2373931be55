"""Who calls too often gets the throttling error of the service he calls, and the upstream hears nothing of it."""

import botocore.exceptions
import pytest

from opentrail.accounts.throttle import Rate, Throttle
from opentrail.clock import SettableClock
from opentrail.recorder.access.rate_limit import steps_with
from opentrail.recorder.steps import STEPS
from tests.recorder.rig import RecorderServer, ScriptedUpstream

CALLS = {
    "s3": ("list_buckets", {}, "SlowDown"),
    "ec2": ("describe_regions", {}, "RequestLimitExceeded"),
    "iam": ("list_users", {}, "Throttling"),
    "dynamodb": ("list_tables", {}, "ThrottlingException"),
    "lambda": ("list_functions", {}, "ThrottlingException"),
    "route53": ("list_hosted_zones", {}, "Throttling"),
}


@pytest.mark.parametrize("service", CALLS)
def test_each_service_says_it_in_its_own_words(service: str, start, upstream: ScriptedUpstream) -> None:
    throttle = Throttle("forwarded", Rate(1, 1), Rate(), SettableClock())
    server: RecorderServer = start(may_call=throttle.allows)
    assert server.call("GET", "/bucket")[0] == 200
    operation, parameters, code = CALLS[service]
    for _ in range(3):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            getattr(server.client(service), operation)(**parameters)
        assert refused.value.response["Error"]["Code"] == code
    assert len(upstream.arrived) == 1
    assert len(server.records()) == 1
    (told,) = throttle.due(at_once=True)
    assert told.calls == 3


def test_whoever_has_no_good_signature_takes_nothing_from_anybody_s_bucket(start, upstream: ScriptedUpstream) -> None:
    throttle = Throttle("forwarded", Rate(1, 1), Rate(), SettableClock())
    server: RecorderServer = start(may_call=throttle.allows)
    for _ in range(5):
        assert server.call("GET", "/bucket", secret="wrong")[0] == 403
    assert server.call("GET", "/bucket")[0] == 200


def test_without_limits_a_call_has_no_step_more() -> None:
    assert steps_with(None) is STEPS

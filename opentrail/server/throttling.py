"""The rate limits that the settings name, and the events that tell what they refused."""

from dataclasses import dataclass

from opentrail.accounts.principal import Principal
from opentrail.accounts.throttle import Rate, Throttle
from opentrail.clock import Clock
from opentrail.intake import Intake
from opentrail.server.settings import Limits

LOOK_UP = "LookupEvents"


@dataclass(frozen=True, slots=True)
class Throttles:
    """All limits of one process; each process that answers calls has its own."""

    api: Throttle
    look_ups: Throttle
    forwarded: Throttle

    def may_call_api(self, principal: Principal, operation: str) -> bool:
        """Whether a call of CloudTrail's own API may pass."""
        if operation == LOOK_UP and not self.look_ups.allows(principal):
            return False
        return self.api.allows(principal)

    def tell(self, intake: Intake, region: str, *, at_once: bool = False) -> None:
        """Record what was refused, summed up; `at_once`: at the end."""
        for throttle in (self.api, self.look_ups, self.forwarded):
            for refusals in throttle.due(at_once=at_once):
                intake.live(refusals.service_event(region))


def throttles(settings: Limits, clock: Clock) -> Throttles:
    """The limits of `settings`."""

    def rate(per_second: float) -> Rate:
        return Rate(per_second, per_second * settings.burst_seconds)

    return Throttles(
        api=Throttle(
            "CloudTrail", rate(settings.principal_calls_per_second), rate(settings.account_calls_per_second), clock
        ),
        look_ups=Throttle(LOOK_UP, Rate(), rate(settings.lookup_events_per_second), clock),
        forwarded=Throttle(
            "forwarded",
            rate(settings.forwarded_principal_calls_per_second),
            rate(settings.forwarded_account_calls_per_second),
            clock,
        ),
    )

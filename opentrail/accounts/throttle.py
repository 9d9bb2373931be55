"""How often somebody may call: token buckets for principals and accounts, and a sum of what they refused.

A bucket holds as many calls as may come at once, and fills at its rate. Sessions of a role share the role's bucket:
whoever may make sessions has not more calls for it. Buckets are bounded in number; the one that was longest not asked
goes first, and it is full again by then, or its principal one of very many. Services of ours are never held up.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from opentrail import limits
from opentrail.accounts.principal import AWS_SERVICE, Principal, issuer_of
from opentrail.clock import Clock
from opentrail.record.service_event import service_event
from opentrail.record.times import format_event_time

EVENT_NAME: Final = "CallsThrottled"


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second that are let through in the long run, and at once. `per_second` 0: no limit."""

    per_second: float = 0.0
    burst: float = 0.0


@dataclass(slots=True)
class Refusals:
    """Calls of one principal that were refused: how many, between which times (microseconds since the epoch)."""

    principal: Principal
    what: str
    from_us: int
    to_us: int
    calls: int = 0

    def service_event(self, region: str) -> dict[str, Any]:
        """The fields of the event that tells of them."""
        details = {
            "from": format_event_time(self.from_us),
            "to": format_event_time(self.to_us),
            "callsRefused": self.calls,
            "principal": _who(self.principal),
            "calls": self.what,
        }
        return service_event(EVENT_NAME, self.principal.account, region, details)


class Throttle:
    """Buckets for one kind of calls, `what` by name. Safe from any thread."""

    def __init__(self, what: str, of_principal: Rate, of_account: Rate, clock: Clock) -> None:
        self._what = what
        self._rates = (of_principal, of_account)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, when they were counted
        self._refusals: dict[str, Refusals] = {}
        self._told_at = clock.monotonic()

    @property
    def limits_anything(self) -> bool:
        """Whether there is any limit at all."""
        return any(rate.per_second > 0 for rate in self._rates)

    def allows(self, principal: Principal) -> bool:
        """Whether one more call of `principal` may pass; if so it is counted, else the refusal is."""
        if principal.type == AWS_SERVICE:
            return True
        who = _who(principal)
        now = self._clock.monotonic()
        with self._lock:
            left = [
                (key, self._tokens(key, rate, now))
                for key, rate in zip((who, principal.account), self._rates, strict=True)
                if rate.per_second > 0
            ]
            allowed = all(tokens >= 1.0 for _, tokens in left)
            for key, tokens in left:
                self._buckets[key] = (tokens - 1.0 if allowed else tokens, now)
                self._buckets.move_to_end(key)
            while len(self._buckets) > limits.THROTTLE_BUCKETS:
                self._buckets.popitem(last=False)
            if not allowed:
                self._refused(who, principal)
        return allowed

    def due(self, *, at_once: bool = False) -> Iterator[Refusals]:
        """What was refused and not told of yet: each principal once in `limits.THROTTLE_TOLD_SECONDS`, or now."""
        now = self._clock.monotonic()
        with self._lock:
            if not self._refusals or (now - self._told_at < limits.THROTTLE_TOLD_SECONDS and not at_once):
                return
            self._told_at = now
            told, self._refusals = self._refusals, {}
        yield from told.values()

    def _tokens(self, key: str, rate: Rate, now: float) -> float:
        burst = max(rate.burst, 1.0)
        tokens, counted = self._buckets.get(key, (burst, now))
        return min(burst, tokens + (now - counted) * rate.per_second)

    def _refused(self, who: str, principal: Principal) -> None:
        """One more, told of with its principal, or where there are too many of them with the one before."""
        now_us = self._clock.now_us()
        if who not in self._refusals and len(self._refusals) >= limits.THROTTLE_TOLD:
            who = next(reversed(self._refusals))
        one = self._refusals.setdefault(who, Refusals(principal, self._what, now_us, now_us))
        one.calls += 1
        one.to_us = max(now_us, one.to_us)


def _who(principal: Principal) -> str:
    """Whose bucket it is: the role or user behind a session, else the principal."""
    return (issuer_of(principal).arn if principal.session is not None else principal.arn) or principal.account

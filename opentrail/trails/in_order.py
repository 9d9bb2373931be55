"""What all deliveries do with what waits: oldest first, given up when its time is over or its bytes are lost.

Its time is over when it is as old as that, fails once more, and this process had time to try: a server that was off
for a month, or a clock that jumps ahead, gives nothing up that its destination would take.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from opentrail import limits, telemetry
from opentrail.catalog.log_files import State
from opentrail.clock import MICROSECONDS, Clock
from opentrail.trails.outbox import LostFromOutbox
from opentrail.trails.service_clients import DeliveryFailed

_log = telemetry.logger("trails")


class Waiting(Protocol):
    """A file or digest that waits: its key in the bucket, and when it was made."""

    @property
    def key(self) -> str:
        """Its name for people."""
        ...

    @property
    def made_us(self) -> int:
        """Microseconds since the epoch."""
        ...


_Item = TypeVar("_Item", bound=Waiting)


class InOrder:
    """Works through what waits in one queue. `give_up_s`: how long after it was made a thing is tried, seconds."""

    def __init__(self, clock: Clock, give_up_s: float) -> None:
        self._clock = clock
        self._give_up_us = int(give_up_s * MICROSECONDS)
        self._began = clock.monotonic()

    def work(
        self, what: str, items: Sequence[_Item], send: Callable[[_Item], None], settle: Callable[[_Item, State], None]
    ) -> None:
        """Send each and settle it, `done` or `abandoned`. Raises what `send` raises, the rest left waiting."""
        failed: DeliveryFailed | None = None
        for item in items:
            if failed is not None:
                if not self._is_over(item):
                    break
                self._abandon(what, item, settle, "its time is over")
                continue
            try:
                send(item)
            except LostFromOutbox as lost:
                self._abandon(what, item, settle, lost.message)
                continue
            except DeliveryFailed as error:
                if not self._is_over(item):
                    raise
                failed = error
                self._abandon(what, item, settle, "its time is over")
                continue
            settle(item, "done")
        if failed is not None:
            raise failed

    def _is_over(self, item: Waiting) -> bool:
        tried = self._clock.monotonic() - self._began >= limits.DELIVERY_TRIES_SECONDS
        return tried and self._clock.now_us() - item.made_us > self._give_up_us

    def _abandon(self, what: str, item: _Item, settle: Callable[[_Item, State], None], reason: str) -> None:
        settle(item, "abandoned")
        _log.error("given up", action=f"{what}-abandoned", key=item.key, reason=reason)

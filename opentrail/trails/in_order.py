"""What all deliveries do with what waits: oldest first, given up when its time is over or its bytes are lost."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from opentrail import telemetry
from opentrail.catalog.log_files import State
from opentrail.clock import MICROSECONDS, Clock
from opentrail.trails.outbox import LostFromOutbox

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

    def work(
        self, what: str, items: Sequence[_Item], send: Callable[[_Item], None], settle: Callable[[_Item, State], None]
    ) -> None:
        """Send each and settle it, `done` or `abandoned`. Raises what `send` raises, the rest left waiting."""
        for item in items:
            if self._clock.now_us() - item.made_us > self._give_up_us:
                self._abandon(what, item, settle, "its time is over")
                continue
            try:
                send(item)
            except LostFromOutbox as lost:
                self._abandon(what, item, settle, lost.message)
                continue
            settle(item, "done")

    def _abandon(self, what: str, item: _Item, settle: Callable[[_Item, State], None], reason: str) -> None:
        settle(item, "abandoned")
        _log.error("given up", action=f"{what}-abandoned", key=item.key, reason=reason)

"""What followers of all kinds do between batches: forget what they hold when a step fails, and upkeep now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentrail.clock import Clock


@contextmanager
def forgetting(forget: Callable[[], None]) -> Iterator[None]:
    """A step after whose failure nothing that is held in memory can be trusted: `forget` lets go of it."""
    try:
        yield
    except Exception:
        forget()
        raise


class Schedule:
    """When each kind of upkeep is looked at next; at the beginning all are due."""

    def __init__(self, clock: Clock, *kinds: str) -> None:
        self._clock = clock
        self._due = dict.fromkeys(kinds, clock.monotonic())

    def is_time(self, kind: str, every_seconds: float) -> bool:
        """Whether it is due; if so, it is again in so many seconds."""
        now = self._clock.monotonic()
        if now < self._due[kind]:
            return False
        self._due[kind] = now + every_seconds
        return True

    def soon(self, kind: str) -> None:
        """There may be more to do: look again with the next step."""
        self._due[kind] = self._clock.monotonic()

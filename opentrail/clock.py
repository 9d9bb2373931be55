"""The time, from a clock that tests can set."""

import time
from datetime import UTC, datetime
from typing import Protocol

MICROSECONDS = 1_000_000


class Clock(Protocol):
    """Where OpenTrail takes the time from."""

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals only."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals only."""
        return time.monotonic()


class SettableClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: datetime | None = None) -> None:
        start = now if now is not None else datetime(2026, 3, 4, 10, 15, 31, tzinfo=UTC)
        self._now_us = int(start.timestamp() * MICROSECONDS)
        self._monotonic = 1000.0

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        return self._now_us

    def monotonic(self) -> float:
        """Seconds that never run backwards; jumps of the wall clock do not move it."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both hands."""
        self._now_us += int(seconds * MICROSECONDS)
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, forwards or backwards, as an operator or NTP may."""
        self._now_us += int(seconds * MICROSECONDS)


def as_datetime(us: int) -> datetime:
    """The aware UTC time of `us` microseconds since the epoch."""
    return datetime.fromtimestamp(us / MICROSECONDS, tz=UTC)

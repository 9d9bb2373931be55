"""The clock that deletion goes by: the machine's, unless that has jumped ahead.

A clock that is wrong by a year would make a year of events look expired, and they would be gone within the hour. So
time is believed as far as it has been seen to pass: since the last look, by the clock that only counts, and through
stops of the program within `limits.CLOCK_JUMP_SECONDS`. A clock that is further ahead than that is waited for: what is
deleted goes by the old time until the new one has stood for `limits.CLOCK_SETTLE_SECONDS` of running. So a machine
that was off for a month deletes a day late, and somebody who sees the warning has that day to set the clock right.

What is believed is kept in a file: JSON, times in microseconds since the epoch. Written every few minutes by the one
process that deletes; any other may read how far the clock is ahead.
"""

import os
import threading
from pathlib import Path
from typing import Final

import msgspec

from opentrail import limits, telemetry
from opentrail.clock import MICROSECONDS, Clock

FILE_NAME: Final = "clock.json"
_JUMP_US: Final = limits.CLOCK_JUMP_SECONDS * MICROSECONDS
_log = telemetry.logger("clock")


class _Known(msgspec.Struct, frozen=True):
    trusted_us: int  # what deletion went by when this was written
    seen_us: int  # what the machine's clock said then
    doubted_s: float | None = None  # how long the program has run since they parted; None while they agree


class TrustedClock:
    """Implements Clock; never later than the machine's. Safe from any thread; one object for all that delete."""

    def __init__(self, clock: Clock, file: Path) -> None:
        self._clock = clock
        self._file = file
        self._lock = threading.Lock()
        self._known = _read(file) or _Known(clock.now_us(), clock.now_us())
        self._at = clock.monotonic()
        self._written_at = float("-inf")

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC, that may be deleted by."""
        with self._lock:
            at, seen_us = self._clock.monotonic(), self._clock.now_us()
            passed, self._at = at - self._at, at
            before = self._known
            self._known = _looked(before, seen_us, passed)
            self._tell(before, self._known)
            parted_or_met = (before.doubted_s is None) != (self._known.doubted_s is None)
            if parted_or_met or at - self._written_at >= limits.CLOCK_WRITE_SECONDS:
                self._written_at = at
                _write(self._file, self._known)
            return min(self._known.trusted_us, seen_us)

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals only."""
        return self._clock.monotonic()

    def _tell(self, before: _Known, now: _Known) -> None:
        ahead_s = (now.seen_us - now.trusted_us) // MICROSECONDS
        if now.doubted_s is not None and before.doubted_s is None:
            _log.error(
                "the clock has jumped: nothing is deleted by the new time until it has stood for a day",
                action="clock-doubted", ahead_seconds=ahead_s,
            )  # fmt: skip
        elif now.doubted_s is None and before.doubted_s is not None:
            _log.warning("the clock is believed again", action="clock-trusted", doubted_seconds=int(before.doubted_s))


def ahead_seconds(file: Path) -> int:
    """By how much the machine's clock is ahead of what deletion goes by; 0 while they agree, or nobody has looked."""
    known = _read(file)
    if known is None or known.doubted_s is None:
        return 0
    return max(known.seen_us - known.trusted_us, 0) // MICROSECONDS


def _looked(before: _Known, seen_us: int, passed_s: float) -> _Known:
    """What is known after another look at the clock, `passed_s` seconds of running after the last one."""
    passed_us = int(passed_s * MICROSECONDS)
    due_us = before.trusted_us + passed_us
    if abs(seen_us - due_us) <= _JUMP_US:
        return _Known(seen_us, seen_us)
    stood_s = (before.doubted_s or 0.0) + passed_s
    if before.doubted_s is None or abs(seen_us - before.seen_us - passed_us) > _JUMP_US:
        stood_s = 0.0  # it has jumped just now
    if stood_s >= limits.CLOCK_SETTLE_SECONDS:
        return _Known(seen_us, seen_us)
    return _Known(due_us, seen_us, stood_s)


def _read(file: Path) -> _Known | None:
    """What the file says; None where there is none. One that cannot be read makes every time doubtful."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Known)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as damaged:
        _log.error("the file of the trusted time is damaged", action="clock-file", path=str(file), error=str(damaged))
        return _Known(0, 0, 0.0)


def _write(file: Path, known: _Known) -> None:
    draft = file.with_suffix(".new")
    try:
        with draft.open("wb") as written:
            written.write(msgspec.json.encode(known))
            written.flush()
            os.fsync(written.fileno())
        draft.replace(file)
    except OSError as failure:  # a full disk: after a restart the older time holds, which deletes less
        _log.warning("the trusted time is not written", action="clock-file", path=str(file), error=str(failure))

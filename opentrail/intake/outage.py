"""Calls refused while the journal could not write: how many, and from when."""

from dataclasses import dataclass
from threading import Lock
from typing import Any

from opentrail.record.service_event import service_event
from opentrail.record.times import format_event_time

EVENT_NAME = "JournalUnavailable"


@dataclass(frozen=True, slots=True)
class Outage:
    """An interval without a writable journal; times in microseconds since the epoch."""

    from_us: int
    to_us: int
    calls_refused: int

    def service_event(self, account: str, region: str) -> dict[str, Any]:
        """The fields of the event that tells of it."""
        details = {
            "from": format_event_time(self.from_us),
            "to": format_event_time(self.to_us),
            "callsRefused": self.calls_refused,
        }
        return service_event(EVENT_NAME, account, region, details)


class OutageCount:
    """Counts refused calls until they have been told of; held in memory, as the disk is what is missing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._from_us = 0
        self._refused = 0

    def refused(self, now_us: int) -> None:
        """One more call was refused."""
        with self._lock:
            if self._refused == 0:
                self._from_us = now_us
            self._refused += 1

    def pending(self, now_us: int) -> Outage | None:
        """What has not been told of yet, up to now; None if nothing was refused."""
        with self._lock:
            if self._refused == 0:
                return None
            # The clock may have been set back meanwhile.
            return Outage(self._from_us, max(now_us, self._from_us), self._refused)

    def told(self, outage: Outage) -> None:
        """The event about `outage` is durable; calls refused since then begin a new one."""
        with self._lock:
            self._refused -= outage.calls_refused
            self._from_us = outage.to_us

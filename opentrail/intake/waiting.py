"""Records of calls that have acted and that the journal could not take yet: kept in memory, in order, bounded."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

import msgspec

from opentrail import limits, telemetry
from opentrail.journal import Entries


class WaitingRecord(msgspec.Struct, frozen=True):
    """One record, its origin, and the intents that its append ends."""

    entries: Entries
    origin: str
    ends_intents: Sequence[int]


class WaitingRecords:
    """First in, first out; a record stays until it is reported durable."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._records: deque[WaitingRecord] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: WaitingRecord) -> bool:
        """Keep it; False when there is no room."""
        size = record.entries.body_bytes()
        with self._lock:
            if len(self._records) >= limits.INTAKE_WAITING_RECORDS or self._bytes + size > limits.INTAKE_WAITING_BYTES:
                return False
            self._records.append(record)
            self._bytes += size
            telemetry.RECORDS_WAITING.set(len(self._records))
            return True

    def oldest(self, count: int) -> list[WaitingRecord]:
        """Up to `count` records, oldest first; they stay."""
        with self._lock:
            return [self._records[index] for index in range(min(count, len(self._records)))]

    def settle(self, done: Sequence[bool]) -> None:
        """Of the oldest `len(done)` records those marked are durable, or refused for good; the others stay in place."""
        with self._lock:
            tried = [self._records.popleft() for _ in done]
            self._records.extendleft(
                record for record, gone in zip(reversed(tried), reversed(done), strict=True) if not gone
            )
            self._bytes -= sum(record.entries.body_bytes() for record, gone in zip(tried, done, strict=True) if gone)
            telemetry.RECORDS_WAITING.set(len(self._records))

"""From the caller's thread to the destination: a bounded queue, and one thread that understands, batches and sends.

The caller's thread only puts a noted call into the queue. What finds no room is counted, and the next report tells how
many calls were lost. A batch that cannot be sent is tried again for as long as the program runs.
"""

import logging
import time
import uuid
from collections.abc import Iterator

import msgspec

from opentrail import limits
from opentrail.program_queue import ProgramQueue
from opentrail.recorder.client_side.caller import Callers
from opentrail.recorder.client_side.destinations import Destination, Sent
from opentrail.recorder.client_side.reported import Lost, ReportedBatch
from opentrail.recorder.client_side.understanding import understand
from opentrail.recorder.client_side.watching import Noted

_LOG = logging.getLogger("opentrail.client")


class Counts(msgspec.Struct):
    """What became of calls: noted = reported + lost + refused + those that still wait."""

    noted: int = 0
    reported: int = 0
    lost: int = 0  # for want of memory, of time at the end, or through a fault of ours
    refused: int = 0  # by the destination, for good


class Shipper(ProgramQueue[Noted]):
    """Noted calls on their way to the destination."""

    _in_hand: int  # calls taken out of the queue and not settled
    _untold: Lost | None  # what the destination has not been told to be lost

    def __init__(self, destination: Destination, callers: Callers) -> None:
        self._destination = destination
        self._callers = callers
        super().__init__(
            "opentrail-recording",
            batch=limits.CLIENT_BATCH_RECORDS,
            gather_seconds=limits.CLIENT_GATHER_SECONDS,
            exit_seconds=limits.CLIENT_EXIT_SECONDS,
        )

    def offer(self, noted: Noted) -> None:
        """Queue a call, or count it as lost; never waits for the destination."""
        size = noted.bytes
        with self._changed:
            self.counts.noted += 1
            full = len(self._waiting) >= limits.CLIENT_WAITING_CALLS
            if full or self._waiting_bytes + size > limits.CLIENT_WAITING_BYTES or self._ends_at is not None:
                self._lose(1, noted.began_us)
                return
            self._put(noted, size)

    def failed(self, fault: BaseException) -> None:
        """A call could not be noted, through a fault of ours."""
        _LOG.warning("a call was not recorded", exc_info=fault)
        with self._changed:
            self.counts.noted += 1
            self._lose(1, time.time_ns() // 1000)

    def close(self, seconds: float) -> int:
        """Report what waits for up to `seconds`, then give up; how many calls are lost with it."""
        with self._changed:
            if self._ends_at is not None:
                return 0
            thread = self._end(seconds)
        if thread is not None:
            thread.join(seconds / 2)
            self._callers.hurry()
            thread.join(seconds / 2)
        with self._changed:
            left = len(self._waiting) + self._in_hand
            if left:
                self._lose(left, time.time_ns() // 1000)
                self._waiting.clear()
                _LOG.warning("%d calls were not recorded: %s", left, "the program ended before they were reported")
        if thread is None or not thread.is_alive():
            self._destination.close()
        return left

    def _begin(self) -> None:
        super()._begin()
        self.counts = Counts()
        self._in_hand = 0
        self._untold = None

    def _has_in_hand(self) -> bool:
        return self._in_hand > 0

    def _lose(self, calls: int, at_us: int) -> None:
        self.counts.lost += calls
        before = self._untold
        if before is None:
            self._untold = Lost(calls, at_us, at_us)
        else:
            self._untold = Lost(before.calls + calls, min(before.from_us, at_us), max(before.to_us, at_us))

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            for calls, batch in self._batches(taken):
                self._deliver(calls, batch)

    def _take(self) -> list[Noted] | None:
        """What waits, at most a batch; None at the end."""
        with self._changed:
            if not self._gathered():
                return None
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch))]
            self._waiting_bytes -= sum(noted.bytes for noted in taken)
            self._in_hand = len(taken)
            return taken

    def _batches(self, taken: list[Noted]) -> Iterator[tuple[int, list[bytes]]]:
        """(calls, their records) that fit a report each."""
        calls, size = 0, 0
        records: list[bytes] = []
        for noted in taken:
            try:
                made = understand(noted, self._callers)
            except Exception as fault:  # noqa: BLE001 - one call that we cannot read holds up no other
                _LOG.warning("a call was not recorded", exc_info=fault)
                self._settle(1, Sent.LATER, noted.began_us)
                continue
            added = sum(map(len, made))
            full = len(records) + len(made) > limits.CLIENT_BATCH_RECORDS or size + added > limits.CLIENT_BATCH_BYTES
            if records and full:
                yield calls, records
                calls, records, size = 0, [], 0
            calls += 1
            records += made
            size += added
        if records:
            yield calls, records

    def _deliver(self, calls: int, records: list[bytes]) -> None:
        batch_id, attempt = str(uuid.uuid4()), 0
        delay = limits.CLIENT_RETRY_SECONDS
        raws = [msgspec.Raw(record) for record in records]
        untold = self._untold  # the same with each attempt: the first may have arrived without our knowing
        while True:
            attempt += 1
            sent = self._destination.send(ReportedBatch(batch_id, raws, attempt, untold))
            if sent is Sent.KEPT:
                self._told(untold)
            if sent is not Sent.LATER:
                self._settle(calls, sent, 0)
                return
            with self._changed:
                if self._ends_at is None:
                    self._changed.wait_for(lambda: self._ends_at is not None, delay)
                elif time.monotonic() + limits.CLIENT_RETRY_SECONDS > self._ends_at:
                    return  # `close` counts them
                else:
                    self._changed.wait(limits.CLIENT_RETRY_SECONDS / 2)
            delay = min(2 * delay, limits.CLIENT_LONGEST_RETRY_SECONDS)

    def _settle(self, calls: int, sent: Sent, at_us: int) -> None:
        with self._changed:
            self._in_hand -= calls
            if sent is Sent.KEPT:
                self.counts.reported += calls
            elif sent is Sent.REFUSED:
                self.counts.refused += calls
            else:
                self._lose(calls, at_us)
            self._changed.notify_all()

    def _told(self, told: Lost | None) -> None:
        """The destination knows of these losses; those since then are told with the next report."""
        with self._changed:
            if told is None or self._untold is None:
                return
            since = self._untold.calls - told.calls
            self._untold = Lost(since, told.to_us, max(told.to_us, self._untold.to_us)) if since else None

"""From the program's threads to the channel: a bounded queue, and one thread that sends it in batches.

What cannot be sent is tried again, later each time, for as long as the program runs; an event is sent with the same id
and the same bytes each time, so that it is kept once.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opentrail import limits
from opentrail.audit.calls import Answer, Calls
from opentrail.audit.event import Prepared
from opentrail.program_queue import ProgramQueue

_LOG = logging.getLogger("opentrail.audit")


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that was not kept: its id, its text, a code and why.

    `code` is AWS's (`InvalidData`, `FieldTooLong`, ...), or `QueueFull` (too much waited), or `NotSent` (the program
    ended before it was sent).
    """

    id: str
    event_data: str
    code: str
    message: str


@dataclass(slots=True)
class Counts:
    """What became of events: put = kept + failed + those that wait."""

    put: int = 0
    kept: int = 0
    failed: int = 0


class Shipper(ProgramQueue[Prepared]):
    """Audit events on their way. Safe from any thread."""

    _in_hand: Sequence[Prepared]

    def __init__(self, calls: Calls, on_failure: Callable[[Failure], None] | None) -> None:
        self._calls = calls
        self._on_failure = on_failure
        super().__init__(
            "opentrail-audit",
            batch=limits.AUDIT_EVENTS[1],
            gather_seconds=limits.AUDIT_GATHER_SECONDS,
            exit_seconds=limits.AUDIT_EXIT_SECONDS,
        )

    def offer(self, event: Prepared, wait_seconds: float) -> None:
        """Queue an event; where there is no room after `wait_seconds` it is a failure."""
        with self._changed:
            self.counts.put += 1
            if not self._changed.wait_for(lambda: self._has_room(event) or self._ends_at is not None, wait_seconds):
                reason = ("QueueFull", "Too many events wait to be sent.")
            elif self._ends_at is not None:
                reason = ("NotSent", "The log is closed.")
            else:
                self._put(event, event.size)
                return
            self.counts.failed += 1
        self._tell(event, *reason)

    def close(self, seconds: float) -> int:
        """Send what waits for up to `seconds`, then give it up as failures; how many these are."""
        with self._changed:
            if self._ends_at is not None:
                return 0
            thread = self._end(seconds)
        if thread is not None:
            thread.join(seconds)
        with self._changed:
            left = [*self._in_hand, *self._waiting]
            self._in_hand = ()
            self._waiting.clear()
            self.counts.failed += len(left)
        for event in left:
            self._tell(event, "NotSent", "The program ended before the event was sent.")
        if thread is None or not thread.is_alive():
            self._calls.close()
        return len(left)

    def _begin(self) -> None:
        super()._begin()
        self.counts = Counts()
        self._in_hand = ()

    def _has_in_hand(self) -> bool:
        return bool(self._in_hand)

    def _has_room(self, event: Prepared) -> bool:
        few = len(self._waiting) + len(self._in_hand) < limits.AUDIT_WAITING_EVENTS
        return few and self._waiting_bytes + event.size <= limits.AUDIT_WAITING_BYTES

    def _run(self) -> None:
        delay = limits.AUDIT_RETRY_SECONDS
        while (events := self._take()) is not None:
            answer = self._calls.put(events)
            self._settle(answer)
            if not answer.later:
                delay = limits.AUDIT_RETRY_SECONDS
                continue
            with self._changed:
                if self._ends_at is not None and time.monotonic() + delay > self._ends_at:
                    return  # `close` tells of what is left
                self._changed.wait(delay * random.uniform(0.5, 1.0))  # programs that failed together come back apart
            delay = min(2 * delay, limits.AUDIT_LONGEST_RETRY_SECONDS)

    def _take(self) -> Sequence[Prepared] | None:
        """The next batch, each id in it once; None at the end."""
        with self._changed:
            if not self._gathered():
                return None
            batch: dict[str, Prepared] = {}
            size = 0
            while self._waiting and len(batch) < self._batch:
                event = self._waiting[0]
                if event.id in batch or (batch and size + event.size > limits.AUDIT_CALL_BYTES):
                    break
                batch[event.id] = self._waiting.popleft()
                size += event.size
            self._waiting_bytes -= size
            self._in_hand = tuple(batch.values())
            return self._in_hand

    def _settle(self, answer: Answer) -> None:
        with self._changed:
            if not self._in_hand:
                return  # `close` has told of them already
            self._in_hand = ()
            self._waiting.extendleft(reversed(answer.later))
            self._waiting_bytes += sum(event.size for event in answer.later)
            self.counts.kept += len(answer.kept)
            self.counts.failed += len(answer.refused)
            self._changed.notify_all()
        for refusal in answer.refused:
            self._tell(refusal.event, refusal.code, refusal.message)

    def _tell(self, event: Prepared, code: str, message: str) -> None:
        if self._on_failure is None:
            _LOG.error("audit event %s was not kept: %s %s", event.id, code, message)
            return
        try:
            self._on_failure(Failure(event.id, event.text, code, message))
        except Exception:  # noqa: BLE001 - the program's own callback must not end the sending of other events
            _LOG.exception("the callback for audit event %s failed", event.id)

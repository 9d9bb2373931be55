"""The group commit: one thread that writes what many callers submit, in one transaction with one fsync."""

import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread

from opentrail import limits, telemetry
from opentrail.clock import Clock
from opentrail.journal.database import transaction, write_fault
from opentrail.journal.entries import Appended
from opentrail.journal.faults import IntentsEnded, JournalClosed, JournalUnwritable
from opentrail.journal.reading import intent_checksum, read_head
from opentrail.journal.sealing import Sealer
from opentrail.journal.submissions import (
    Append,
    EntriesSubmission,
    IntentSubmission,
    IntentWithdrawal,
    PositionSubmission,
    Submission,
    Work,
    arrange,
)
from opentrail.journal.writability import Writability

_LOG = telemetry.logger("journal")

GATHER_SECONDS = 0.01  # an append that nobody waits for may wait so long for others to share its transaction


class Committer:
    """Owns the writing connection of a process.

    While one transaction waits for the disk, the next one gathers: the more callers, the more of them share an fsync.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        clock: Clock,
        writability: Writability,
        committed: Callable[[int], None],
        sealer: Sealer | None = None,
        writer: str | None = None,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._writability = writability
        self._committed = committed
        self._sealer = sealer
        self._writer = writer
        self._wakeup = Condition()
        self._waiting: deque[Submission] = deque()
        self._waiting_events = 0
        self._waiting_bytes = 0
        self._due = math.inf  # when the next transaction begins at the latest
        self._closing = False
        self._probe_at = 0.0
        self._thread = Thread(target=self._run, name="journal-committer", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission) -> None:
        """Queue for the next transaction; raises JournalClosed, or JournalUnwritable when too much waits already."""
        events, size = _weight(submission)
        with self._wakeup:
            if self._closing:
                raise JournalClosed
            if self._waiting and (
                self._waiting_events + events > limits.JOURNAL_WAITING_EVENTS
                or self._waiting_bytes + size > limits.JOURNAL_WAITING_BYTES
            ):
                raise JournalUnwritable(
                    f"the journal cannot keep up: {self._waiting_events} events wait to be written, "
                    f"at most {limits.JOURNAL_WAITING_EVENTS} may"
                )
            self._waiting.append(submission)
            self._waiting_events += events
            self._waiting_bytes += size
            self._bring_forward(submission)

    def close(self) -> None:
        """Write what waits, then end; what cannot be written fails. The connection stays open."""
        with self._wakeup:
            self._closing = True
            self._wakeup.notify()
        self._thread.join()

    def _bring_forward(self, submission: Submission) -> None:
        """Wake the thread, but for what it takes along anyway when it wakes."""
        patient = isinstance(submission, EntriesSubmission) and submission.patient
        full = self._waiting_events >= limits.JOURNAL_BATCH_EVENTS or self._waiting_bytes >= limits.JOURNAL_BATCH_BYTES
        due = time.monotonic() + GATHER_SECONDS if patient and not full else 0.0
        if due < self._due:
            self._due = due
            self._wakeup.notify()

    def _run(self) -> None:
        while True:
            taken = self._take()
            if taken is None:
                return
            if taken:
                self._write_or_fail(taken)
            elif self._writability.needs_probe():
                self._probe()

    def _take(self) -> list[Submission] | None:
        """What waits; nothing when a trial write is due; None at the end."""
        with self._wakeup:
            while not self._waiting:
                if self._closing:
                    return None
                # Doubt can come from outside (free space), so an idle committer looks up now and then.
                due = self._probe_at - time.monotonic()
                if self._writability.needs_probe() and due <= 0:
                    return []
                self._wakeup.wait(limits.JOURNAL_PROBE_SECONDS if due <= 0 else due)
            while not self._closing and (left := self._due - time.monotonic()) > 0:
                self._wakeup.wait(left)
            self._due = math.inf
            taken = list(self._waiting)
            self._waiting.clear()
            self._waiting_events = self._waiting_bytes = 0
            return taken

    def _write_or_fail(self, taken: list[Submission]) -> None:
        try:
            work = arrange(taken, self._sealer)
            if work:
                self._write(work)
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever, whatever went wrong
            fault = error if isinstance(error, JournalUnwritable) else write_fault(error)
            fault.__cause__ = error if fault is not error else None
            for submission in taken:
                if not submission.future.done():
                    submission.future.set_exception(fault)

    def _write(self, work: list[Work]) -> None:
        self._writability.began()
        answers: list[Callable[[], None]] = []
        written = False
        try:
            now_us = self._clock.now_us()
            with transaction(self._connection):
                head = before = read_head(self._connection)
                for item in work:
                    if isinstance(item, Append):
                        head = self._insert(item, head, now_us, answers)
                    elif isinstance(item, IntentSubmission):
                        self._keep_intent(item, now_us, answers)
                    elif isinstance(item, IntentWithdrawal):
                        self._withdraw_intent(item, answers)
                    else:
                        self._move_follower(item, now_us, answers)
            written = True
        except Exception as error:
            _LOG.error("journal-append-failed", action="append", submissions=len(work), error=str(error))
            raise
        finally:
            self._writability.ended(written=written)
        telemetry.JOURNAL_COMMITS.inc()
        telemetry.JOURNAL_APPENDS.inc(len(answers))
        if head > before:
            telemetry.JOURNAL_HEAD.set(head)
            self._committed(head)
        for answer in answers:
            answer()

    def _insert(self, item: Append, head: int, now_us: int, answers: list[Callable[[], None]]) -> int:
        only = item.sources[0]
        if only.in_place and not self._all_there(only.ends_intents):
            answers.append(lambda: only.future.set_exception(IntentsEnded()))
            return head
        first = head + 1
        for row in item.rows:
            self._connection.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)",
                (head + 1, row.count, item.origin, now_us, row.checksum(head + 1, item.origin, now_us), row.payload),
            )
            head += row.count
        for source in item.sources:
            for number in source.ends_intents:
                self._connection.execute("DELETE FROM intents WHERE number = ?", (number,))
            appended = Appended(first=first, last=first + source.entries.count - 1, appended_at_us=now_us)
            answers.append(_answer(source, appended))
            first = appended.last + 1
        return head

    def _all_there(self, intents: Sequence[int]) -> bool:
        there = "SELECT 1 FROM intents WHERE number = ?"
        return all(self._connection.execute(there, (number,)).fetchone() for number in intents)

    def _keep_intent(self, item: IntentSubmission, now_us: int, answers: list[Callable[[], None]]) -> None:
        number = item.replaces
        about = (now_us, intent_checksum(item.body, now_us), item.body)
        if number is None:
            sql = "INSERT INTO intents (submitted_at_us, checksum, body, writer) VALUES (?, ?, ?, ?)"
            number = int(self._connection.execute(sql, (*about, self._writer)).lastrowid or 0)
        else:
            sql = "UPDATE intents SET submitted_at_us = ?, checksum = ?, body = ? WHERE number = ?"
            self._connection.execute(sql, (*about, number))
        answers.append(lambda: item.future.set_result(number))

    def _withdraw_intent(self, item: IntentWithdrawal, answers: list[Callable[[], None]]) -> None:
        self._connection.execute("DELETE FROM intents WHERE number = ?", (item.number,))
        answers.append(lambda: item.future.set_result(None))

    def _move_follower(self, item: PositionSubmission, now_us: int, answers: list[Callable[[], None]]) -> None:
        if item.position is None:
            self._connection.execute("DELETE FROM followers WHERE name = ?", (item.follower,))
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO followers VALUES (?, ?, ?)", (item.follower, item.position, now_us)
            )
        answers.append(lambda: item.future.set_result(None))

    def _probe(self) -> None:
        """A real small write: only that proves that the journal can write again."""
        self._probe_at = time.monotonic() + limits.JOURNAL_PROBE_SECONDS
        if not self._writability.may_probe():
            return
        self._writability.began()
        written = False
        try:
            with transaction(self._connection):
                self._connection.execute("UPDATE state SET probes = probes + 1")
            written = True
            _LOG.info("journal-writable-again", action="probe")
        except Exception as error:  # noqa: BLE001 - whatever it was, the thread must live to try again
            _LOG.warning("journal-still-unwritable", action="probe", error=str(error))
        finally:
            self._writability.ended(written=written, probe=True)


def _answer(source: EntriesSubmission, appended: Appended) -> Callable[[], None]:
    return lambda: source.future.set_result(appended)


def _weight(submission: Submission) -> tuple[int, int]:
    if isinstance(submission, EntriesSubmission):
        return submission.entries.count, submission.bytes
    if isinstance(submission, IntentSubmission):
        return 1, len(submission.body)
    return 1, 0

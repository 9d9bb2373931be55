"""The one door into the journal: live records are stamped and encoded, foreign ones checked, all counted."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, NamedTuple

from opentrail import limits, telemetry
from opentrail.clock import Clock
from opentrail.intake import counting
from opentrail.intake.outage import OutageCount
from opentrail.intake.stamping import stamp
from opentrail.intake.waiting import WaitingRecord, WaitingRecords
from opentrail.journal import Appended, Entries, EntriesRefused, Intent, Journal, JournalUnwritable
from opentrail.record.call_record import CallRecord
from opentrail.record.envelope import Envelope, envelope, read_envelope, read_envelopes
from opentrail.record.faults import BadRecord
from opentrail.record.view import view

_LOG = telemetry.logger("intake")

LIVE = "live"
BAD_RECORD = "BadRecord"
DUPLICATE = "Duplicate"
JOURNAL_UNWRITABLE = "JournalUnwritable"
NO_ROOM = "NoRoomToWait"
SHUTDOWN = "Shutdown"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A foreign record that cannot be kept: its index in its file, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Foreign records fit for the journal, each with its index in its file, and those that are not."""

    entries: Entries
    indexes: list[int]
    set_aside: list[SetAside]


class StampedRecord(NamedTuple):
    """A record with its bytes, ready to be appended, and the intent that its append ends."""

    body: bytes
    about: Envelope
    ends_intent: int | None


class Intake:
    """Safe from any thread, an event loop's included: nothing here but `append` and `close` waits for the disk.

    A record whose append failed after its call acted stays in memory and is tried again until it is durable; so is
    the event that tells how many calls were refused meanwhile, in the account and Region given here.
    """

    def __init__(
        self, journal: Journal, clock: Clock, *, home_account: str = "000000000000", home_region: str = "us-east-1"
    ) -> None:
        if not home_account:
            raise ValueError("the event that tells of refused calls needs an account")
        self._journal = journal
        self._clock = clock
        self._home = (home_account, home_region)
        self._waiting = WaitingRecords()
        self._outage = OutageCount()
        self._trouble = Event()
        self._closing = Event()
        self._thread = Thread(target=self._retry_until_closed, name="intake-retry", daemon=True)
        self._thread.start()

    def live(
        self,
        record: CallRecord | Mapping[str, Any],
        *,
        ends_intent: int | None = None,
        event_time_us: int | None = None,
        patient: bool = False,
    ) -> Future[Appended]:
        """Stamp, encode and append one record of our own; the future's result means that it is on disk.

        The future may be ignored: a record that the journal cannot take now fails the future with JournalUnwritable
        and is retried from memory. It fails for good with BadRecord or EntriesRefused, counted by that name.
        `patient` says that it will be ignored: see Journal.submit.
        """
        counting.came_in(LIVE)
        try:
            body, about = stamp(record, self._clock.now_us() if event_time_us is None else event_time_us)
        except BadRecord as error:
            counting.refused(LIVE, BAD_RECORD)
            failed: Future[Appended] = Future()
            failed.set_exception(error)
            return failed
        return self._append_or_keep(WaitingRecord(_entry(about, body), LIVE, _intents(ends_intent)), patient=patient)

    def intend(self, record: CallRecord | Mapping[str, Any], *, replaces: int | None = None) -> Future[int]:
        """Stamp, encode and keep the record that stands if its call is never seen to end; the future's result is the
        intent's number, for `ends_intent`, and means that it is on disk.

        `replaces` is the number of an intent of the same call that this one brings up to date. Fails with
        JournalUnwritable, BadRecord or EntriesRefused, and then nothing is kept. Counted once it becomes an event.
        """
        try:
            body, _ = stamp(record, self._clock.now_us())
        except BadRecord as error:
            failed: Future[int] = Future()
            failed.set_exception(error)
            return failed
        return self._journal.submit_intent(body, replaces=replaces)

    def withdraw(self, intended: Future[int]) -> None:
        """The call that `intended` announces has not begun and never will: its intent goes as soon as it is there."""

        def there(done: Future[int]) -> None:
            if done.exception() is None:
                self._journal.withdraw_intent(done.result())

        intended.add_done_callback(there)

    def unended(self, intents: Sequence[Intent]) -> Appended:
        """Append the records that `intents` are, byte for byte, in their place; on disk on return.

        Raises IntentsEnded where one of them has ended meanwhile, JournalUnwritable, BadRecord, EntriesRefused; nothing
        is appended or counted then.
        """
        entries = Entries.concat(_entry(envelope(view(intent.body)), intent.body) for intent in intents)
        appended = self._journal.append_in_place(entries, LIVE, [intent.number for intent in intents])
        counting.came_in(LIVE, entries.count)
        counting.kept(LIVE, entries.count)
        return appended

    def stamped(
        self, record: CallRecord, *, ends_intent: int | None = None, event_time_us: int | None = None
    ) -> StampedRecord:
        """Stamp and encode a record of our own for `append_together`, nothing else. Raises BadRecord."""
        body, about = stamp(record, self._clock.now_us() if event_time_us is None else event_time_us)
        return StampedRecord(body, about, ends_intent)

    def append_together(self, records: Sequence[StampedRecord], *, patient: bool = False) -> Future[Appended]:
        """As `live`, for records of several calls at once, at most a row of the journal: one future for all.

        Where it fails with EntriesRefused and there are several, one of them spoils the row: nothing is counted, and
        each may be appended alone.
        """
        entries = Entries(
            [record.about.account for record in records],
            [record.about.region for record in records],
            [record.about.category for record in records],
            [record.about.time_us for record in records],
            [record.about.event_id for record in records],
            [record.body for record in records],
        )
        intents = [record.ends_intent for record in records if record.ends_intent is not None]
        future = self._journal.submit(entries, LIVE, ends_intents=intents, patient=patient, from_loop=True)
        future.add_done_callback(lambda done: self._settled_together(records, done))
        return future

    def foreign(self, raws: Sequence[tuple[int, bytes]], fallback_account: str = "", origin: str = "import") -> Checked:
        """Check records from outside, `(index, raw)`, without appending; those set aside count as refused."""
        bodies = [raw for _, raw in raws]
        together = read_envelopes(bodies)
        if together is not None:
            return Checked(Entries(*together, bodies), [index for index, _ in raws], [])
        entries = Entries.empty()
        indexes: list[int] = []
        set_aside: list[SetAside] = []
        for index, raw in raws:
            try:
                about = read_envelope(raw, fallback_account)
            except BadRecord as error:
                set_aside.append(SetAside(index, error.reason))
                continue
            indexes.append(index)
            entries.accounts.append(about.account)
            entries.regions.append(about.region)
            entries.categories.append(about.category)
            entries.times_us.append(about.time_us)
            entries.event_ids.append(about.event_id)
            entries.bodies.append(raw)
        if set_aside:
            counting.came_in(origin, len(set_aside))
            counting.refused(origin, BAD_RECORD, len(set_aside))
        return Checked(entries, indexes, set_aside)

    def append(self, entries: Entries, origin: str) -> Appended:
        """Append checked records; on disk on return. Raises JournalUnwritable or EntriesRefused, then none is kept."""
        counting.came_in(origin, entries.count)
        try:
            appended = self._journal.append(entries, origin)
        except (JournalUnwritable, EntriesRefused) as error:
            counting.refused(origin, type(error).__name__, entries.count)
            raise
        counting.kept(origin, entries.count)
        return appended

    def submit(self, entries: Entries, origin: str) -> Future[Appended]:
        """As `append`, without waiting: the future's result means that all of them are on disk."""
        counting.came_in(origin, entries.count)
        future = self._journal.submit(entries, origin)

        def counted(done: Future[Appended]) -> None:
            error = done.exception()
            if error is None:
                counting.kept(origin, entries.count)
            else:
                counting.refused(origin, type(error).__name__, entries.count)

        future.add_done_callback(counted)
        return future

    def duplicates(self, count: int, origin: str) -> None:
        """`count` checked records were left out because they are there already."""
        counting.came_in(origin, count)
        counting.refused(origin, DUPLICATE, count)

    def refuse(self, reason: str = JOURNAL_UNWRITABLE) -> None:
        """A call was refused before it acted, because its record could not have been kept.

        When the journal can write again, one service event names the interval and the number of such calls.
        """
        counting.came_in(LIVE)
        counting.refused(LIVE, reason)
        telemetry.CALLS_REFUSED.labels(reason).inc()
        self._outage.refused(self._clock.now_us())
        self._trouble.set()

    def waiting(self) -> int:
        """Records in memory that are not durable yet although their calls acted."""
        return len(self._waiting)

    def close(self) -> int:
        """Try once more to make waiting records durable; how many are lost, logged and counted as refused."""
        self._closing.set()
        self._trouble.set()
        self._thread.join()
        self._settle()
        lost = len(self._waiting)
        if lost:
            counting.refused(LIVE, SHUTDOWN, lost)
            _LOG.error("records-lost", action="close", records=lost)
        return lost

    def _append_or_keep(self, record: WaitingRecord, *, patient: bool = False) -> Future[Appended]:
        future = self._journal.submit(record.entries, record.origin, ends_intents=record.ends_intents, patient=patient)
        future.add_done_callback(lambda done: self._settled(record, done))
        return future

    def _settled(self, record: WaitingRecord, done: Future[Appended]) -> None:
        error = done.exception()
        if error is None:
            counting.kept(record.origin)
        elif isinstance(error, JournalUnwritable):
            if self._waiting.add(record):
                self._trouble.set()
            else:
                counting.refused(record.origin, NO_ROOM)
                _LOG.error("record-lost", action="keep", event_id=record.entries.event_ids[0], waiting=self.waiting())
        else:
            counting.refused(record.origin, type(error).__name__)
            _LOG.error("record-refused", action="append", error=str(error))

    def _settled_together(self, records: Sequence[StampedRecord], done: Future[Appended]) -> None:
        error = done.exception()
        if isinstance(error, EntriesRefused) and len(records) > 1:
            return
        counting.came_in(LIVE, len(records))
        if error is None:
            counting.kept(LIVE, len(records))
            return
        for record in records:
            waiting = WaitingRecord(_entry(record.about, record.body), LIVE, _intents(record.ends_intent))
            self._settled(waiting, done)

    def _retry_until_closed(self) -> None:
        while not self._closing.is_set():
            self._trouble.wait()
            if self._closing.wait(limits.INTAKE_RETRY_SECONDS):
                return
            if not self._journal.writable():
                continue
            # Cleared first: what goes wrong from here on sets it again.
            self._trouble.clear()
            if not self._settle():
                self._trouble.set()

    def _settle(self) -> bool:
        """Append what waits, then the event about refused calls; False when something is still to be done."""
        while records := self._waiting.oldest(limits.INTAKE_RETRY_RECORDS):
            futures = [
                self._journal.submit(record.entries, record.origin, ends_intents=record.ends_intents)
                for record in records
            ]
            errors = [future.exception() for future in futures]
            done = [not isinstance(error, JournalUnwritable) for error in errors]
            self._waiting.settle(done)
            for record, error in zip(records, errors, strict=True):
                if error is None:
                    counting.kept(record.origin)
                elif not isinstance(error, JournalUnwritable):
                    counting.refused(record.origin, type(error).__name__)
            if not all(done):
                return False
        return self._tell_of_outage()

    def _tell_of_outage(self) -> bool:
        outage = self._outage.pending(self._clock.now_us())
        if outage is None:
            return True
        body, about = stamp(outage.service_event(*self._home), self._clock.now_us())
        try:
            self._journal.append(_entry(about, body), LIVE)
        except JournalUnwritable as error:
            _LOG.warning("outage-not-told", action="tell", error=str(error))
            return False
        counting.came_in(LIVE)
        counting.kept(LIVE)
        self._outage.told(outage)
        return True


def _intents(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)


def _entry(about: Envelope, body: bytes) -> Entries:
    return Entries.one(about.account, about.region, about.category, about.time_us, about.event_id, body)

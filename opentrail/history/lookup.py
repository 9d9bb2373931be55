"""LookupEvents' question, and the history that answers it: the table's segments and the hot tail as one.

Order: (event time in whole microseconds, position), both descending. It is total and stays the same while events
arrive, late ones too, and while segments are compacted; so a Place is all that a page token has to hold.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from opentrail import limits, telemetry
from opentrail.clock import Clock
from opentrail.history.merge import newest_first
from opentrail.history.origins import reaches_tail
from opentrail.history.settings import HistorySettings
from opentrail.history.view import TableView, open_view
from opentrail.journal import Journal
from opentrail.record.faults import BadRecord
from opentrail.record.view import RecordView, view
from opentrail.segments.attributes import EVENT_ID, Answers, Resource, Scope, answers
from opentrail.segments.faults import SegmentCorrupt, TableCorrupt
from opentrail.segments.snapshot import EMPTY, SnapshotReader
from opentrail.segments.source import Pages, Place, Source, Wanted
from opentrail.segments.tail import Tail

__all__ = ["FoundEvent", "History", "LookupPage", "LookupRequest", "Place"]

_READ_EVENTS: Final = 16_384
_QUESTION_PAGES: Final = 256  # unpacked pages that one question keeps: no more hits than these can be in one answer
_UNREADABLE: Final = RecordView()

_log = telemetry.logger("history")


@dataclass(frozen=True, slots=True)
class LookupRequest:
    """One page of one question. Times in microseconds, both ends inside.

    `after` is the last event of the page before.
    """

    account: str
    region: str
    attribute: tuple[str, str] | None = None  # AttributeKey as AWS spells it, and the value
    start_us: int | None = None
    end_us: int | None = None
    category: str = "Management"  # or "Insight"
    max_results: int = 50
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One event of an answer. `raw` is the evidence, byte for byte; the rest is derived from it or is its place."""

    raw: bytes
    event_id: str | None
    event_name: str | None
    event_source: str | None
    read_only: str | None
    access_key_id: str | None
    username: str | None
    resources: list[Resource]
    position: int
    time_us: int


@dataclass(frozen=True, slots=True)
class LookupPage:
    """An answer; `next` is None when nothing older is left."""

    events: list[FoundEvent]
    next: Place | None


class History:
    """A reader of history in one process: follows the table and the journal by itself until it is closed."""

    def __init__(self, tables: Path, journal: Journal, clock: Clock, settings: HistorySettings) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._reader = SnapshotReader(tables)
        self._tail = Tail()
        self._table = TableView(EMPTY, ())
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._read_through = 0
        self._asked = threading.Event()  # somebody waits for what is in the journal
        self._advanced = threading.Condition()
        self._threads = [
            threading.Thread(target=self._follow_journal, name="history-tail", daemon=True),
            threading.Thread(target=self._follow_table, name="history-table", daemon=True),
        ]

    @classmethod
    def open(cls, tables: Path, journal: Journal, clock: Clock, settings: HistorySettings | None = None) -> Self:
        """History of a tables folder; on return it sees every event that is durable in the journal now."""
        history = cls(tables, journal, clock, settings if settings is not None else HistorySettings())
        history.refresh()
        head = journal.head()
        while history._read_through < head:
            history._read_journal()
        for thread in history._threads:
            thread.start()
        return history

    def lookup(self, request: LookupRequest) -> LookupPage:
        """The events that `request` asks for, newest first, at most `max_results`.

        Whoever asks after an event is durable in this process's journal finds it, unless the tail lags far behind.
        """
        self._catch_up()
        tail = self._tail.sources()  # before the table: what leaves the tail meanwhile is in the table then
        sources = self._table.with_tail(tail)
        wanted = Wanted(
            Scope(request.account, request.region, request.category),
            request.attribute,
            request.start_us,
            request.end_us,
            request.after,
        )
        pages = Pages(_QUESTION_PAGES)
        events: list[FoundEvent] = []
        for place, source, row in newest_first(sources, wanted):
            event = _verified(request, place, source, row, pages)
            if event is None:
                continue
            if len(events) == request.max_results:
                last = events[-1]
                return LookupPage(events, Place(last.time_us, last.position))
            events.append(event)
        return LookupPage(events, None)

    def refresh(self) -> None:
        """See the table's latest commit. Done by itself about once a second."""
        with self._refreshing:
            location = self._reader.location()
            if location == self._table.snapshot.location:
                return
            snapshot = self._reader.load()
            self._table = open_view(snapshot, self._table)
            self._tail.drop_through(snapshot.position)

    @property
    def tail_events(self) -> int:
        """How many of the newest events are held in memory."""
        return self._tail.rows

    @property
    def segments(self) -> int:
        """How many files of the table look-ups use."""
        return len(self._table.segments)

    @property
    def table_position(self) -> int:
        """The journal position that the table reaches, as far as this reader knows."""
        return self._table.position

    @property
    def position(self) -> int:
        """Every live event up to here can be seen."""
        return max(self._read_through, self._table.position)

    def close(self) -> None:
        """Stop following; running questions may end."""
        self._stop.set()
        self._asked.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._reader.close()

    def _read_journal(self) -> None:
        after = max(self._read_through, self._table.position)
        found = self._journal.read(after, _READ_EVENTS, origins=reaches_tail)
        self._tail.add(found, after)
        with self._advanced:
            self._read_through = max(found.through, after)
            self._advanced.notify_all()

    def _catch_up(self) -> None:
        head = self._journal.head()
        if head <= self.position:
            return
        self._asked.set()
        with self._advanced:
            self._advanced.wait_for(lambda: self.position >= head, limits.LOOKUP_CATCH_UP_SECONDS)

    def _follow_journal(self) -> None:
        while not self._stop.is_set():
            # Nothing wakes this thread but time and questions: waking for an event costs more than taking it in.
            self._asked.wait(self._settings.tail_poll_s)
            self._asked.clear()
            try:
                if self._journal.head() > self.position:
                    self._read_journal()
            except Exception as error:  # noqa: BLE001 - a reader outlives what is wrong for a while; it says so
                _log.error("the tail cannot be read", action="tail.read", error=str(error))
                self._stop.wait(self._settings.snapshot_poll_s)

    def _follow_table(self) -> None:
        while not self._stop.wait(self._settings.snapshot_poll_s):
            try:
                self.refresh()
            except (SegmentCorrupt, TableCorrupt) as error:
                # The committer may have gone on and swept in between: then the next commit is seen at the next round.
                _log.warning("the table cannot be read", action="table.read", error=error.message)
            except Exception as error:  # noqa: BLE001 - as above
                _log.error("the table cannot be read", action="table.read", error=str(error))


def _verified(request: LookupRequest, place: Place, source: Source, row: int, pages: Pages) -> FoundEvent | None:
    """The event of a hit, or None where its record does not hold the value that is asked for."""
    raw = pages.text(source, row)
    record = _view(raw)
    found = answers(record, request.category)
    if request.attribute is not None and not _holds(record, found, *request.attribute):
        return None
    return _found_event(raw, record, found, place)


def _holds(record: RecordView, found: Answers, attribute: str, value: str) -> bool:
    if attribute == EVENT_ID:
        return _event_id(record) == value
    return found.match(attribute, value)


def _found_event(raw: bytes, record: RecordView, found: Answers, place: Place) -> FoundEvent:
    return FoundEvent(
        raw=raw,
        event_id=_event_id(record),
        event_name=found.event_name,
        event_source=found.event_source,
        read_only=found.read_only,
        access_key_id=found.access_key_id,
        username=found.username,
        resources=found.resources,
        position=place.position,
        time_us=place.time_us,
    )


def _event_id(record: RecordView) -> str | None:
    return record.eventID or record.eventId


def _view(raw: bytes) -> RecordView:
    try:
        return view(raw)
    except BadRecord:
        return _UNREADABLE  # shown as it is: its bytes are the evidence

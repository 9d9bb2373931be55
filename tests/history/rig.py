"""What the tests of history share: the parts put together without a server."""

from dataclasses import replace
from pathlib import Path

from opentrail.clock import Clock, SettableClock
from opentrail.history import FoundEvent, History, HistorySettings, LookupRequest
from opentrail.history.follower import HistoryFollower
from opentrail.journal import Entries, Journal
from tests.segments.made_events import Oracle

LAZY = HistorySettings(retention_check_s=1e9, compaction_check_s=1e9, sweep_check_s=1e9)


class Rig:
    """A data folder with journal and follower, and an oracle that is told of every event."""

    def __init__(self, folder: Path, clock: SettableClock) -> None:
        self.folder = folder
        self.clock = clock
        self.tables = folder / "tables"
        self.journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
        self.oracle = Oracle()
        self._followers: list[HistoryFollower] = []
        self.follower = self.new_follower()

    def new_follower(self, settings: HistorySettings = LAZY, retention: Clock | None = None) -> HistoryFollower:
        """A follower as after a start of the process; replaces the rig's own."""
        self.follower = HistoryFollower(self.tables, self.clock, settings, retention)
        self._followers.append(self.follower)
        return self.follower

    def append(self, entries: Entries, origin: str = "live") -> int:
        """Append to the journal; what reaches history is told to the oracle. The last position."""
        appended = self.journal.append(entries, origin)
        if not origin.startswith("import:"):
            self.oracle.add(entries, appended.first)
        return appended.last

    def hand_over(self, max_events: int = 10_000) -> int:
        """Hand the follower what it has not read yet, one read of the journal; how far it came."""
        found = self.journal.read(self._read_from(), max_events, origins=self.follower.wants)
        self.follower.handle(found, found.through)
        return found.through

    def commit(self) -> None:
        """Everything that is in the journal goes into the table."""
        while self.hand_over() < self.journal.head():
            pass
        self.follower.flush()

    def _read_from(self) -> int:
        return max(self.follower.position(), self.follower._handled)

    def close(self) -> None:
        for follower in self._followers:
            follower.close()
        self.journal.close()


def page_through(history: History, request: LookupRequest, size: int = 50) -> list[FoundEvent]:
    """Every event of an answer, page by page."""
    events: list[FoundEvent] = []
    after = request.after
    while True:
        page = history.lookup(replace(request, max_results=size, after=after))
        assert len(page.events) <= size
        events += page.events
        if page.next is None:
            return events
        after = page.next

"""Records of an import into the journal, in batches, and after each batch its files into the ledger.

Appending runs on a second thread while the next batch is read. A run that is broken off between a batch and its word to
the ledger leaves orphans in the journal: events that the next run finds there, and does not append again.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from opentrail import limits
from opentrail.catalog.lake_imports import Failure, LakeImport, LakeImports, PrefixProgress
from opentrail.clock import Clock
from opentrail.intake import Intake
from opentrail.journal import Entries, Journal
from opentrail.lake.import_faults import ImportEnded

_IN_FLIGHT: Final = 2

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger is told when a batch is durable."""

    progress: Sequence[PrefixProgress]
    failures: Sequence[Failure]


class Appending:
    """The way of one run's records into the journal. `ask`: called when a batch is full, for what to tell of it.

    For one thread; a context manager, whose end waits for what is under way and gives up the batch that is not full.
    """

    def __init__(
        self,
        found: LakeImport,
        imports: LakeImports,
        journal: Journal,
        intake: Intake,
        clock: Clock,
        ask: Callable[[], Told],
    ) -> None:
        self._import = found
        self._imports = imports
        self._intake = intake
        self._clock = clock
        self._ask = ask
        self._orphans = _orphans(journal, found)
        self._batch: list[Entries] = []
        self._events = 0
        self._bytes = 0
        self._in_flight: deque[Future[None]] = deque()
        self._broken = False  # a batch could not be appended or told: what comes after it must not be
        self._thread = ThreadPoolExecutor(1, "append")

    def make_room(self, events: int, size: int) -> None:
        """Send the batch off if it would not fit one row of the journal together with so much. Raises as `flush`."""
        if self._batch and (
            self._events + events > limits.JOURNAL_BATCH_EVENTS or self._bytes + size > limits.JOURNAL_BATCH_BYTES
        ):
            self.flush()

    def add(self, entries: Entries) -> None:
        """Put records into the batch, without those that an earlier run has appended already."""
        if self._orphans:
            entries = entries.selected([not self._is_orphan(key) for key in _keys(entries)])
        if entries.count:
            self._batch.append(entries)
            self._events += entries.count
            self._bytes += entries.body_bytes()

    def flush(self) -> None:
        """Send the batch off, with what there is to tell. Raises what an earlier one failed with: JournalUnwritable,
        ImportEnded."""
        entries = Entries.concat(self._batch)
        self._batch, self._events, self._bytes = [], 0, 0
        self._in_flight.append(self._thread.submit(self._commit, entries, self._ask()))
        while len(self._in_flight) > _IN_FLIGHT:
            self._in_flight.popleft().result()

    def finish(self) -> None:
        """Send off what there is, and wait until everything is durable and told. Raises as `flush`."""
        self.flush()
        while self._in_flight:
            self._in_flight.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown()

    def _commit(self, entries: Entries, told: Told) -> None:
        if self._broken:
            return  # the error of the one before is on its way
        self._broken = True
        position = self._intake.append(entries, self._import.origin).last if entries.count else None
        now_us = self._clock.now_us()
        if not self._imports.record(self._import.id, told.progress, told.failures, position, now_us):
            raise ImportEnded
        self._broken = False

    def _is_orphan(self, key: _Key) -> bool:
        if self._orphans[key] > 0:  # a Counter: what is not there is 0, and is not made
            self._orphans[key] -= 1
            return True
        return False


def _keys(entries: Entries) -> Iterator[_Key]:
    return zip(entries.accounts, entries.regions, entries.event_ids, strict=True)


def _orphans(journal: Journal, found: LakeImport) -> Counter[_Key]:
    """The import's events behind the position that the ledger knows: few, since only so many batches are in flight."""
    orphans: Counter[_Key] = Counter()
    after = max(found.journal_position, journal.trimmed_through())
    while True:
        batches = journal.read(after, limits.JOURNAL_BATCH_EVENTS, origins=found.origin.__eq__)
        for batch in batches:
            orphans.update(_keys(batch.entries))
        if batches.through == after:
            return orphans
        after = batches.through

"""The hot tail: the newest events, not yet in a segment, so that a question sees everything up to the last moment.

Events lie in sorted chunks of limits.TAIL_CHUNK_ROWS, and those since the last full chunk are staged and sorted when
somebody asks. A question takes a view, a tuple of immutable chunks, and keeps it as long as it runs; events go out
of the tail chunk by chunk, and out of memory when the last question that may need them has ended. The tail is never
written anywhere: it is rebuilt from the journal.
"""

import threading
from collections.abc import Iterable, Iterator

from opentrail import limits
from opentrail.journal.entries import Batch
from opentrail.record.view import RecordView, views
from opentrail.segments.attributes import Scope, answers, class_of
from opentrail.segments.source import Hits, Page, Source, Wanted
from opentrail.segments.tail_chunk import Staged, TailChunk

_NOTHING = RecordView()


class Tail:
    """The hot tail of one process: one thread adds and drops, any number of threads ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scopes: dict[Scope, int] = {}
        self._chunks: tuple[TailChunk, ...] = ()
        self._staged = Staged()
        self._sorted: TailChunk | None = None  # what is staged, as of the last question

    @property
    def rows(self) -> int:
        """How many events are held."""
        with self._lock:
            return sum(chunk.rows for chunk in self._chunks) + self._staged.count

    def add(self, batches: Iterable[Batch], after: int) -> None:
        """Hold the events of `batches`, which come in order, as far as they lie beyond position `after`."""
        # Reading the records takes most of the time and is done before the lock is taken; calls that are recorded one
        # by one are batches of their own, and what is done for each batch would cost more than its event.
        fresh = Staged()
        for batch in batches:
            if batch.last <= after:
                continue
            self._stage(fresh, batch, max(after + 1 - batch.first, 0))
            if fresh.count >= limits.TAIL_CHUNK_ROWS:
                self._hold(fresh)
                fresh = Staged()
        if fresh.count:
            self._hold(fresh)

    def drop_through(self, position: int) -> None:
        """Let go of chunks that hold nothing beyond `position`; running questions keep theirs."""
        with self._lock:
            self._chunks = tuple(chunk for chunk in self._chunks if chunk.last_position > position)
            if self._staged.count and self._staged.positions[-1] <= position:
                self._staged = Staged()
                self._sorted = None

    def sources(self) -> list["TailSource"]:
        """What the tail holds now, as sources of questions; restrict each to what lies beyond the table."""
        with self._lock:
            if self._staged.count and self._sorted is None:
                self._sorted = TailChunk.sort(self._staged)
            chunks = self._chunks if self._sorted is None else (*self._chunks, self._sorted)
        return [TailSource(chunk, self._scopes) for chunk in chunks]

    def _hold(self, fresh: Staged) -> None:
        with self._lock:
            self._staged.extend(fresh)
            self._sorted = None
            full = self._staged.count >= limits.TAIL_CHUNK_ROWS
            if full:
                chunk = TailChunk.sort(self._staged)
                self._chunks = (*self._chunks, chunk)
                self._staged = Staged()
        if full:
            self._replace(chunk, chunk.pack())

    def _stage(self, staged: Staged, batch: Batch, skipped: int) -> None:
        entries = batch.entries
        for index, record in enumerate(views(entries.bodies)):
            if index < skipped:
                continue
            category = entries.categories[index]
            scope = Scope(entries.accounts[index], entries.regions[index], class_of(category))
            found = answers(record if isinstance(record, RecordView) else _NOTHING, category)
            staged.add(
                entries.times_us[index],
                batch.first + index,
                self._scopes.setdefault(scope, len(self._scopes)),
                entries.event_ids[index],
                found,
                entries.bodies[index],
            )

    def _replace(self, old: TailChunk, new: TailChunk) -> None:
        with self._lock:
            self._chunks = tuple(new if chunk is old else chunk for chunk in self._chunks)


class TailSource:
    """A chunk of the tail as one question sees it: only events beyond the position of the question's table."""

    def __init__(self, chunk: TailChunk, scopes: dict[Scope, int], after: int = 0) -> None:
        self._chunk = chunk
        self._scopes = scopes
        self._after = after
        self.newest_us = chunk.newest_us

    def beyond(self, position: int) -> Source | None:
        """This source without what lies at or below `position`; None where nothing is left."""
        if self._chunk.last_position <= position:
            return None
        return TailSource(self._chunk, self._scopes, position)

    def find(self, wanted: Wanted) -> Iterator[Hits]:
        """See segments.source.Source."""
        scope = self._scopes.get(wanted.scope)
        if scope is None:
            return
        for hits in self._chunk.find_in(scope, wanted):
            if self._chunk.first_position > self._after:
                yield hits
                continue
            kept = [triple for triple in zip(*hits, strict=True) if triple[1] > self._after]
            if kept:
                yield Hits(*(list(column) for column in zip(*kept, strict=True)))

    def page_of(self, row: int) -> tuple[int, int]:
        """See segments.source.Source."""
        return self._chunk.page_of(row)

    def page(self, number: int) -> Page:
        """See segments.source.Source."""
        return self._chunk.page(number)

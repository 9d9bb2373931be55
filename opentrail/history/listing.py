"""Listing history by any filters at once, newest first, over accounts, Regions and categories, to the last event.

DuckDB finds the rows and their order (it reads no record and may spill to disk); the records themselves are read page
by page, so they come out byte for byte and memory stays bounded. Events that the table does not have yet are read
from the journal. Needs no server and disturbs none.
"""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import duckdb

from opentrail import limits
from opentrail.history.filters import EventFilters
from opentrail.history.merge import newest_first
from opentrail.history.origins import reaches_history
from opentrail.journal import Journal
from opentrail.journal.entries import Batch
from opentrail.record.view import RecordView, views
from opentrail.segments.attributes import OTHER, Answers, Scope, answers
from opentrail.segments.layout import HISTORY
from opentrail.segments.segment import Segment
from opentrail.segments.snapshot import Snapshot, SnapshotReader
from opentrail.segments.source import Pages, Source, Wanted
from opentrail.segments.sweep import reading
from opentrail.segments.tail import TailSource
from opentrail.segments.tail_chunk import Staged, TailChunk

_READ_EVENTS: Final = 16_384
_FETCH_ROWS: Final = 16_384
_PAGES: Final = 128
_ALL: Final = Scope("", "", OTHER)  # what is listed has passed its filters: one scope holds it all
_NOTHING: Final = Answers(None, None, None, None, None, [])
_UNREADABLE: Final = RecordView()


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One event of a listing; `raw` is the evidence, byte for byte."""

    time_us: int
    position: int
    raw: bytes


def list_events(tables: Path, journal: Journal, filters: EventFilters | None = None) -> Iterator[ListedEvent]:
    """Every event that passes `filters`, newest first. Close the iterator if it is not read to the end."""
    wanted = filters if filters is not None else EventFilters()
    reader = SnapshotReader(tables)
    try:
        with reading(HISTORY.folder(tables)):
            snapshot = reader.load()
            # The table first: whatever it does not have yet is in the journal beyond its position, and stays there.
            both = heapq.merge(
                _from_journal(journal, snapshot.position, wanted),
                _from_table(snapshot, wanted),
                key=lambda event: (-event.time_us, -event.position),
            )
            yield from islice(both, wanted.limit)
    finally:
        reader.close()


def _from_table(snapshot: Snapshot, filters: EventFilters) -> Iterator[ListedEvent]:
    paths = [
        str(file.path)
        for file in snapshot.files
        if (filters.start_us is None or file.newest_us >= filters.start_us)
        and (filters.end_us is None or file.oldest_us <= filters.end_us)
    ]
    if not paths:
        return
    condition, values = filters.sql()
    limit = "" if filters.limit is None else f" LIMIT {int(filters.limit)}"
    opened: dict[str, Segment] = {}
    pages = Pages(_PAGES + 2 * len(paths))
    with tempfile.TemporaryDirectory(prefix="opentrail-listing-") as spill, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = '{limits.LISTING_MEMORY_BYTES}B'")
        connection.execute(f"SET temp_directory = '{spill}'")
        cursor = connection.execute(
            "SELECT filename, file_row_number, epoch_us(eventtime) AS time_us, position"
            " FROM read_parquet(?, filename = true, file_row_number = true)"
            f" WHERE {condition} ORDER BY eventtime DESC, position DESC{limit}",
            [paths, *values],
        )
        while rows := cursor.fetchmany(_FETCH_ROWS):
            for name, row, time_us, position in rows:
                segment = opened.get(name)
                if segment is None:
                    segment = opened[name] = Segment.open(Path(name))
                yield ListedEvent(time_us, position, pages.text(segment, row))


def _from_journal(journal: Journal, after: int, filters: EventFilters) -> Iterator[ListedEvent]:
    """The events beyond the table; found ones are held compressed until their turn comes."""
    sources: list[Source] = []
    staged = Staged()
    head = journal.head()
    while after < head:
        found = journal.read(after, _READ_EVENTS, origins=reaches_history)
        if found.through <= after:
            break
        _stage(found, after, filters, staged)
        after = found.through
        if staged.count >= limits.TAIL_CHUNK_ROWS:
            sources.append(TailSource(TailChunk.sort(staged).pack(), {_ALL: 0}))
            staged = Staged()
    if staged.count:
        sources.append(TailSource(TailChunk.sort(staged), {_ALL: 0}))
    pages = Pages(_PAGES + 2 * len(sources))
    for place, source, row in newest_first(sources, Wanted(_ALL)):
        yield ListedEvent(place.time_us, place.position, pages.text(source, row))


def _stage(batches: Iterable[Batch], after: int, filters: EventFilters, staged: Staged) -> None:
    for batch in batches:
        entries = batch.entries
        kept = [
            index
            for index in range(max(after + 1 - batch.first, 0), entries.count)
            if filters.match_envelope(
                entries.accounts[index],
                entries.regions[index],
                entries.categories[index],
                entries.times_us[index],
                entries.event_ids[index],
            )
        ]
        for index, record in zip(kept, views(entries.bodies[index] for index in kept), strict=True):
            readable = record if isinstance(record, RecordView) else _UNREADABLE
            if filters.match_record(readable, answers(readable, entries.categories[index])):
                staged.add(
                    entries.times_us[index],
                    batch.first + index,
                    0,
                    entries.event_ids[index],
                    _NOTHING,
                    entries.bodies[index],
                )

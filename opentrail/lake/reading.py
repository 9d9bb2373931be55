"""What a query reads of an event data store: the files of its table, and the newest events that are in none yet.

The journal's head comes first, then the catalog's word of how far the store is, then the table's snapshot, then the
journal: so each event is there exactly once, whatever is committed meanwhile, and every event that is durable when the
reading begins. Events that have served their time are left out, whether their file is still there or not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from opentrail import limits
from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.clock import MICROSECONDS, Clock
from opentrail.journal import Journal
from opentrail.lake.channel_destinations import ChannelDestinations
from opentrail.lake.engine import Table
from opentrail.lake.event_context import columns_with_context, context_of
from opentrail.lake.event_rows import EventRows, late_select_of
from opentrail.lake.faults import StoreNotFound
from opentrail.lake.sql.types import quoted, text_literal
from opentrail.lake.tables import columns_of, layout_of, select_list, stored_columns
from opentrail.lake.timeline import StoreTimeline, reaches_lake
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.sweep import reading
from opentrail.selectors.events import events_of
from opentrail.selectors.matcher import Matcher, store_matcher

_DAY_SECONDS: Final = 86_400
_NO_LIMIT: Final = 2**62


@dataclass(frozen=True, slots=True)
class Reach:
    """What stores may cover: the Regions that are enabled."""

    regions: tuple[str, ...]

    def matcher(self, store: EventDataStore) -> Matcher:
        """What a version of a store selects."""
        return store_matcher(store, self.regions)


def keep_after_us(store: EventDataStore, now_us: int) -> int:
    """Events of the store that happened before this have served their time."""
    return now_us - store.retention_days * _DAY_SECONDS * MICROSECONDS


class LakeReader:
    """Reads stores, beside a running server or without one; writes nothing.

    `catalog` is the data folder's catalog, `tables` its tables folder, `journal` may be open for reading only. For one
    thread.
    """

    def __init__(
        self,
        catalog: Engine,
        tables: Path,
        journal: Journal,
        clock: Clock,
        reach: Reach,
    ) -> None:
        self._stores = EventDataStores(catalog)
        self._tables = tables
        self._journal = journal
        self._clock = clock
        self._reach = reach
        self._destinations = ChannelDestinations(Channels(catalog))

    @contextmanager
    def reading(self, store_id: str) -> Iterator[Table]:
        """The store as of now, as a table of the engine; while inside, none of its files is swept away.

        Whether the caller may read it, and whether it is pending deletion, is settled before (StoreRegistry). Raises
        StoreNotFound, TableCorrupt, TableUnreadable, JournalCorrupt.
        """
        head = self._journal.head()  # before the versions: a later change judges later events than these
        versions = self._stores.versions_of(store_id)
        if not versions:
            raise StoreNotFound(f"Event data store {store_id} was not found.")
        timeline = StoreTimeline(versions, self._reach.matcher, self._destinations)
        layout = layout_of(timeline.store)
        with reading(layout.folder(self._tables)):
            yield self._table(timeline, head)

    def _table(self, timeline: StoreTimeline, head: int) -> Table:
        store = timeline.store
        settled = self._stores.progress().get(store.id, 0)
        snapshots = SnapshotReader(self._tables, layout_of(store))
        try:
            snapshot = snapshots.load()
        finally:
            snapshots.close()
        oldest_us = keep_after_us(store, self._clock.now_us())
        tail = self._tail(timeline, max(settled, snapshot.position), head, oldest_us)
        files = [file for file in snapshot.files if file.newest_us >= oldest_us]
        listed = select_list(store.category) + context_of(store)
        name = f"tail-{store.id}"
        memory = {name: tail.unsorted()} if tail.count or not files else {}
        late = late_select_of(stored_columns(store.category), quoted(name))
        # The limit, which none reaches, is a wall: conditions stay above it, where columns are made, not made again for
        # each of them. 300 conditions would otherwise read a record's JSON 300 times.
        parts = [f"(SELECT {listed} FROM ({late}) LIMIT {_NO_LIMIT})"] if memory else []
        if files:
            paths = ", ".join(text_literal(str(file.path)) for file in files)
            kept = f" WHERE eventtime >= make_timestamp({oldest_us})"
            straddles = any(file.oldest_us < oldest_us for file in files)
            parts.append(f"SELECT {listed} FROM read_parquet([{paths}]){kept if straddles else ''}")
        return Table(
            columns_with_context(columns_of(store.category), store),
            " UNION ALL ".join(parts),
            tuple(file.path for file in files),
            memory,
            sum(file.rows for file in files),
        )

    def _tail(self, timeline: StoreTimeline, after: int, head: int, oldest_us: int) -> EventRows:
        """What the store gets of the journal beyond `after`, up to `head`."""
        rows = EventRows()
        while after < head:
            found = self._journal.read(after, limits.FOLLOWER_READ_EVENTS, origins=reaches_lake)
            for batch in found:
                if batch.first > head:
                    return rows  # a version that is not known here may judge it
                rows.add(batch, timeline.chosen(batch, events_of(batch), after), oldest_us)
            if found.through <= after:
                break
            after = found.through
        return rows

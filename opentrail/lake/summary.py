"""How many event data stores there are and how much is in their tables: what metrics tell."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from opentrail.catalog.event_data_stores import EventDataStores
from opentrail.lake.tables import layout_of
from opentrail.segments.faults import TableCorrupt, TableUnreadable
from opentrail.segments.snapshot import Snapshot, SnapshotReader


@dataclass(frozen=True, slots=True)
class LakeSummary:
    """Stores by status; rows, files and bytes of all tables; `unreadable`: tables that could not be looked at."""

    stores: dict[str, int] = field(default_factory=dict)
    events: int = 0
    files: int = 0
    bytes: int = 0
    unreadable: int = 0


class LakeSummaries:
    """Looks at all tables; at those that have not changed since the last look it does so for some microseconds."""

    def __init__(self, catalog: Engine, tables: Path) -> None:
        self._stores = EventDataStores(catalog)
        self._tables = tables
        self._known: dict[str, Snapshot] = {}

    def now(self) -> LakeSummary:
        """What there is now."""
        stores: dict[str, int] = {}
        events = files = size = unreadable = 0
        known: dict[str, Snapshot] = {}
        for version in self._stores.newest():
            store = version.store
            stores[store.status] = stores.get(store.status, 0) + 1
            reader = SnapshotReader(self._tables, layout_of(store))
            try:
                before = self._known.get(store.id)
                location = reader.location()
                same = before is not None and before.location == location
                snapshot = before if before is not None and same else reader.load()
            except (TableCorrupt, TableUnreadable):
                unreadable += 1
                continue
            finally:
                reader.close()
            known[store.id] = snapshot
            events += snapshot.rows
            files += len(snapshot.files)
            size += sum(file.bytes for file in snapshot.files)
        self._known = known
        return LakeSummary(stores, events, files, size, unreadable)

"""Proving the tables of event data stores whole against the journal, or naming what is not.

Trusts no count: it reads positions and times out of every file. Works beside a running server: each table is taken as
of one commit. Of the journal it asks what the versions that the catalog still has can judge, for the Regions that a
table has events of: which ones are enabled stands in the settings, not in the data folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from sqlalchemy import Engine

from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStores, StoreVersion
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.journal import Journal
from opentrail.journal.problems import Problems
from opentrail.lake.channel_destinations import ChannelDestinations
from opentrail.lake.event_rows import POSITION
from opentrail.lake.reading import Reach, keep_after_us
from opentrail.lake.tables import layout_of
from opentrail.lake.timeline import StoreTimeline, reaches_lake
from opentrail.segments.snapshot import SegmentFile, Snapshot, SnapshotReader
from opentrail.segments.sweep import reading
from opentrail.selectors.events import events_of

_NAMED: Final = 10  # of one kind
_READ_EVENTS: Final = 16_384

Positions = npt.NDArray[np.int64]


@dataclass(slots=True)
class LakeFindings(Problems):
    """What was read, and each problem in a sentence that names the place."""

    stores: int = 0
    files: int = 0
    rows: int = 0


class LakeCheck:
    """Checks all stores of a data folder; `journal` may be open for reading only."""

    def __init__(self, catalog: Engine, tables: Path, journal: Journal, clock: Clock) -> None:
        self._stores = EventDataStores(catalog)
        self._destinations = ChannelDestinations(Channels(catalog))
        self._tables = tables
        self._journal = journal
        self._clock = clock

    def run(self) -> LakeFindings:
        """Nothing is raised, all is found."""
        findings = LakeFindings()
        found: dict[str, tuple[StoreTimeline, Snapshot, Positions]] = {}
        for version in self._stores.newest():
            store_id = version.store.id
            findings.stores += 1
            try:
                with reading(layout_of(version.store).folder(self._tables)):
                    snapshot = self._snapshot(version)
                    positions, regions = _check_files(store_id, snapshot, findings)
                versions = self._stores.versions_of(store_id)
                timeline = StoreTimeline(versions, Reach(regions).matcher, self._destinations)
                found[store_id] = (timeline, snapshot, positions)
            except (OpenTrailError, OSError, ValueError) as error:
                findings.add(f"store {store_id}: {error}")
        self._check_journal(found, findings)
        return findings

    def _snapshot(self, version: StoreVersion) -> Snapshot:
        reader = SnapshotReader(self._tables, layout_of(version.store))
        try:
            return reader.load()
        finally:
            reader.close()

    def _check_journal(
        self, found: dict[str, tuple[StoreTimeline, Snapshot, Positions]], findings: LakeFindings
    ) -> None:
        """Every event up to a table's position that its store gets is there, but for those that served their time."""
        head, now_us = self._journal.head(), self._clock.now_us()
        through = {store_id: snapshot.position for store_id, (_, snapshot, _) in found.items()}
        for store_id, reached in through.items():
            if reached > head:
                findings.add(f"store {store_id}: its table's position is {reached}, the journal ends at {head}")
        after = 0
        while after < min(max(through.values(), default=0), head):
            read = self._journal.read(after, _READ_EVENTS, origins=reaches_lake)
            for batch in read:
                events = events_of(batch)
                for store_id, (timeline, snapshot, positions) in found.items():
                    if batch.last > snapshot.position:
                        continue  # a commit ends with a batch
                    oldest_us = max(
                        snapshot.expired_before_us,
                        *(keep_after_us(version.store, now_us) for version in timeline.versions),
                    )
                    for index in timeline.chosen(batch, events, 0):
                        position = batch.first + index
                        if batch.entries.times_us[index] >= oldest_us and not _holds(positions, position):
                            findings.add(
                                f"store {store_id}: position {position} is in the journal and not in its table"
                            )
            if read.through <= after:
                return
            after = read.through


def _check_files(store_id: str, snapshot: Snapshot, findings: LakeFindings) -> tuple[Positions, tuple[str, ...]]:
    """Look into every file; the sorted positions of all rows, and their Regions."""
    parts: list[Positions] = []
    regions: set[str] = set()
    for file in snapshot.files:
        if not file.path.exists():
            findings.add(f"store {store_id}: {file.path.name}: the table names it, and it is missing")
            continue
        try:
            parts.append(_check_file(store_id, file, findings))
            column = pq.read_table(file.path, columns=["awsregion"], partitioning=None).column("awsregion")
            regions.update(name for name in column.unique().to_pylist() if name is not None)
        except (OSError, ValueError) as error:
            findings.add(f"store {store_id}: {file.path.name}: cannot be read: {error}")
    findings.files += len(parts)
    every: Positions = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    findings.rows += len(every)
    for position in every[1:][every[1:] == every[:-1]][:_NAMED].tolist():
        findings.add(f"store {store_id}: position {position} is in its table twice")
    if len(every) and int(every[-1]) > snapshot.position:
        findings.add(f"store {store_id}: position {int(every[-1])} lies beyond its table's own, {snapshot.position}")
    return every, tuple(regions)


def _check_file(store_id: str, file: SegmentFile, findings: LakeFindings) -> Positions:
    name = f"store {store_id}: {file.path.name}"
    table = pq.read_table(file.path, columns=[POSITION, "eventtime"], partitioning=None)
    positions: Positions = table.column(POSITION).to_numpy()
    times: Positions = table.column("eventtime").cast("int64").to_numpy()
    if table.num_rows != file.rows:
        findings.add(f"{name}: {table.num_rows} rows, the table says {file.rows}")
    ascending = (times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (positions[1:] > positions[:-1]))
    if not ascending.all():
        findings.add(f"{name}: row {int(np.argmin(ascending)) + 1} is out of order")
    if (int(times[0]), int(times[-1])) != (file.oldest_us, file.newest_us):
        findings.add(f"{name}: its event times are not those that the table says")
    return positions


def _holds(positions: Positions, position: int) -> bool:
    place = int(np.searchsorted(positions, position))
    return place < len(positions) and int(positions[place]) == position

"""A table of events: Iceberg v2 through pyiceberg, its catalog in SQLite. Only the one committer uses this module.

Files and the journal position that they reach are committed in one transaction; the position is a table property,
because a later commit without it would hide the summary of a snapshot. A commit that fails leaves files that
nothing names; they are swept later. The table is never written by two at once: its owner holds the follower's lock.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.update.snapshot import ExpireSnapshots

from opentrail import telemetry
from opentrail.segments.committing import CommitterCatalog
from opentrail.segments.data_files import DataFiles
from opentrail.segments.file_io import DurableFileIO, file_properties, location_of
from opentrail.segments.layout import HISTORY, TableLayout
from opentrail.segments.snapshot import (
    CATALOG_NAME,
    EXPIRED_PROPERTY,
    POSITION_PROPERTY,
    SegmentFile,
    Snapshot,
    SnapshotReader,
)

_log = telemetry.logger("segments")

_PROPERTIES: Final = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "write.metadata.metrics.default": "none",
}


class EventTable:
    """The committer's hold of one table of a tables folder."""

    def __init__(self, catalog: CommitterCatalog, table: Table, tables: Path, layout: TableLayout) -> None:
        self._catalog = catalog
        self._table = table
        self._reader = SnapshotReader(tables, layout)
        self.layout = layout
        self.folder = layout.folder(tables.resolve())
        self._io = DurableFileIO(file_properties(tables, layout.namespace))
        self._files = DataFiles(self._io, table.metadata)
        self._commits = 0
        self._snapshot = self._reader.of_metadata(table.metadata, table.metadata_location)

    @classmethod
    def open(cls, tables: Path, layout: TableLayout = HISTORY, position: int = 0) -> Self:
        """The table of `layout` in `tables`, made there if it is missing; it then reaches up to `position`."""
        catalog = _catalog(tables, layout)
        catalog.create_namespace_if_not_exists(layout.namespace)
        table = catalog.create_table_if_not_exists(
            (layout.namespace, layout.name),
            schema=layout.schema(),
            location=location_of(layout.folder(tables)),
            properties={
                **_PROPERTIES,
                **{f"write.metadata.metrics.column.{name}": "full" for name in layout.bounded},
                **layout.properties,
                POSITION_PROPERTY: str(position),
            },
        )
        catalog.hold(table)
        return cls(catalog, table, tables, layout)

    @property
    def snapshot(self) -> Snapshot:
        """What the table holds after the last commit."""
        return self._snapshot

    @property
    def data_folder(self) -> Path:
        """Where segments are written."""
        return self.folder / "data"

    @property
    def metadata_folder(self) -> Path:
        """Where Iceberg keeps its own files."""
        return self.folder / "metadata"

    @property
    def metadata_file(self) -> Path:
        """The metadata file of the last commit."""
        return self._io.resolve(self._table.metadata_location)

    def append(self, segments: Iterable[Path], position: int) -> None:
        """Commit new segments; with them, every event up to `position` is in the table."""
        files = [self._files.describe(path) for path in segments]
        with self._table.transaction() as transaction:
            transaction.set_properties({POSITION_PROPERTY: str(position)})
            if files:
                with transaction.update_snapshot().merge_append() as update:
                    for file in files:
                        update.append_data_file(file)
        self._committed()

    def replace(self, gone: Iterable[SegmentFile], added: Iterable[Path], *, expired_before_us: int = 0) -> None:
        """Commit that `added` stand for `gone`; the position stays.

        `expired_before_us`: events of `gone` that happened before may have been left out.
        """
        with self._table.transaction() as transaction:
            self._expired(transaction, expired_before_us)
            self._overwrite(transaction, gone, [self._files.describe(path) for path in added])
        self._committed()

    def drop(self, gone: Iterable[SegmentFile], expired_before_us: int) -> None:
        """Commit that `gone` have expired: all their events happened and arrived before `expired_before_us`."""
        with self._table.transaction() as transaction:
            self._expired(transaction, expired_before_us)
            self._overwrite(transaction, gone, [])
        self._committed()

    def expire_snapshots(self) -> None:
        """Forget all snapshots but the current one; their files become unreferenced and are swept later."""
        head = self._table.metadata.current_snapshot_id
        stale = [found.snapshot_id for found in self._table.metadata.snapshots if found.snapshot_id != head]
        if stale:
            expiry = ExpireSnapshots(Transaction(self._table, autocommit=True))
            expiry.by_ids(stale).commit()
        self._committed()
        self._commits = 0

    @property
    def commits_since_expiry(self) -> int:
        """Commits made since snapshots were expired last, by this process or by one before."""
        return max(self._commits, len(self._table.metadata.snapshots) - 1)

    def referenced_metadata(self) -> set[Path]:
        """Iceberg's own files that the current metadata needs, itself included."""
        metadata = self._table.metadata
        locations = [self._table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)]
        for snapshot in metadata.snapshots:
            locations.append(snapshot.manifest_list)
            locations += [manifest.manifest_path for manifest in self._reader.manifests_of(snapshot)]
        return {self._io.resolve(location) for location in locations}

    def close(self) -> None:
        """Let go of the catalog."""
        self._reader.close()
        self._catalog.close()

    def _expired(self, transaction: Transaction, before_us: int) -> None:
        if before_us > self._snapshot.expired_before_us:
            transaction.set_properties({EXPIRED_PROPERTY: str(before_us)})

    def _overwrite(self, transaction: Transaction, gone: Iterable[SegmentFile], added: Iterable[DataFile]) -> None:
        with transaction.update_snapshot().overwrite() as update:
            for file in self._data_files({file.path for file in gone}):
                update.delete_data_file(file)
            for file in added:
                update.append_data_file(file)

    def _data_files(self, paths: set[Path]) -> list[DataFile]:
        snapshot = self._table.metadata.current_snapshot()
        manifests = self._reader.manifests_of(snapshot) if snapshot is not None else []
        return [
            entry.data_file
            for manifest in manifests
            for entry in manifest.fetch_manifest_entry(self._io, discard_deleted=True)
            if self._io.resolve(entry.data_file.file_path) in paths
        ]

    def _committed(self) -> None:
        self._commits += 1
        self._snapshot = self._reader.of_metadata(self._table.metadata, self._table.metadata_location)


def drop_table(tables: Path, layout: TableLayout) -> None:
    """Take the table out of its catalog, then delete its folder. What a crash leaves is done by the next call."""
    catalog = _catalog(tables, layout)
    try:
        catalog.drop_table((layout.namespace, layout.name))
    except (NoSuchTableError, NoSuchNamespaceError):
        _log.info("table was dropped before", action="segments.drop", table=layout.name)
    finally:
        catalog.close()
    shutil.rmtree(layout.folder(tables), ignore_errors=True)


def _catalog(tables: Path, layout: TableLayout) -> CommitterCatalog:
    tables.mkdir(parents=True, exist_ok=True)
    return CommitterCatalog(
        CATALOG_NAME,
        **{
            "uri": f"sqlite:///{(tables / layout.catalog_file).resolve()}",
            "warehouse": location_of(tables),
            "py-io-impl": f"{DurableFileIO.__module__}.{DurableFileIO.__name__}",
            **file_properties(tables, layout.namespace),
        },
    )

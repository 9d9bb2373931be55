"""The event table: Iceberg v2 through pyiceberg, its catalog in SQLite. Only the one committer uses this module.

Files and the journal position that they reach are committed in one transaction; the position is a table property,
because a later commit without it would hide the summary of a snapshot. A commit that fails leaves files that
nothing names; they are swept later. The table is never written by two at once: its owner holds the follower's lock.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.update.snapshot import ExpireSnapshots

from opentrail.segments.file_io import TABLE_FOLDER, TABLES_PROPERTY, DurableFileIO, location_of
from opentrail.segments.schema import iceberg_schema
from opentrail.segments.snapshot import (
    CATALOG_FILE,
    CATALOG_NAME,
    EXPIRED_PROPERTY,
    NAMESPACE,
    POSITION_PROPERTY,
    TABLE,
    SegmentFile,
    Snapshot,
    SnapshotReader,
)

_PROPERTIES: Final = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    # Bounds of these three are what retention, compaction and readers go by; others would only make manifests long.
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.position": "full",
    "write.metadata.metrics.column.arrivedat": "full",
    "write.metadata.metrics.column.eventtime": "full",
    POSITION_PROPERTY: "0",
}


class EventTable:
    """The committer's hold of the table of a tables folder."""

    def __init__(self, catalog: SqlCatalog, table: Table, tables: Path) -> None:
        self._catalog = catalog
        self._table = table
        self._reader = SnapshotReader(tables)
        self.folder = tables.resolve() / TABLE_FOLDER
        self._io = DurableFileIO({TABLES_PROPERTY: str(tables.resolve())})
        self._commits = 0
        self._snapshot = self._reader.of_metadata(table.metadata, table.metadata_location)

    @classmethod
    def open(cls, tables: Path) -> Self:
        """The table in `tables`, made there if it is missing."""
        tables.mkdir(parents=True, exist_ok=True)
        implementation = f"{DurableFileIO.__module__}.{DurableFileIO.__name__}"
        catalog = SqlCatalog(
            CATALOG_NAME,
            **{
                "uri": f"sqlite:///{(tables / CATALOG_FILE).resolve()}",
                "warehouse": location_of(tables),
                "py-io-impl": implementation,
                TABLES_PROPERTY: str(tables.resolve()),
            },
        )
        catalog.create_namespace_if_not_exists(NAMESPACE)
        table = catalog.create_table_if_not_exists(
            (NAMESPACE, TABLE),
            schema=iceberg_schema(),
            location=location_of(tables / TABLE_FOLDER),
            properties=_PROPERTIES,
        )
        return cls(catalog, table, tables)

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

    def append(self, segments: Iterable[Path], position: int) -> None:
        """Commit new segments; with them, every event up to `position` is in the table."""
        files = [self._data_file(path) for path in segments]
        with self._table.transaction() as transaction:
            transaction.set_properties({POSITION_PROPERTY: str(position)})
            if files:
                with transaction.update_snapshot().merge_append() as update:
                    for file in files:
                        update.append_data_file(file)
        self._committed()

    def replace(self, gone: Iterable[SegmentFile], added: Iterable[Path]) -> None:
        """Commit that `added` stand for `gone`; the position stays."""
        with self._table.transaction() as transaction:
            self._overwrite(transaction, gone, [self._data_file(path) for path in added])
        self._committed()

    def drop(self, gone: Iterable[SegmentFile], expired_before_us: int) -> None:
        """Commit that `gone` have expired: all their events happened and arrived before `expired_before_us`."""
        before = max(expired_before_us, self._snapshot.expired_before_us)
        with self._table.transaction() as transaction:
            transaction.set_properties({EXPIRED_PROPERTY: str(before)})
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
        """Commits made by this process since snapshots were expired last."""
        return self._commits

    def referenced_metadata(self) -> set[Path]:
        """Iceberg's own files that the current metadata needs, itself included."""
        metadata = self._table.metadata
        locations = [self._table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)]
        for snapshot in metadata.snapshots:
            locations.append(snapshot.manifest_list)
            locations += [manifest.manifest_path for manifest in snapshot.manifests(self._io)]
        return {self._io.resolve(location) for location in locations}

    def close(self) -> None:
        """Let go of the catalog."""
        self._reader.close()
        self._catalog.close()

    def _overwrite(self, transaction: Transaction, gone: Iterable[SegmentFile], added: Iterable[DataFile]) -> None:
        with transaction.update_snapshot().overwrite() as update:
            for file in self._data_files({file.path for file in gone}):
                update.delete_data_file(file)
            for file in added:
                update.append_data_file(file)

    def _data_file(self, path: Path) -> DataFile:
        return parquet_file_to_data_file(self._io, self._table.metadata, location_of(path))

    def _data_files(self, paths: set[Path]) -> list[DataFile]:
        snapshot = self._table.metadata.current_snapshot()
        manifests = snapshot.manifests(self._io) if snapshot is not None else []
        return [
            entry.data_file
            for manifest in manifests
            for entry in manifest.fetch_manifest_entry(self._io, discard_deleted=True)
            if self._io.resolve(entry.data_file.file_path) in paths
        ]

    def _committed(self) -> None:
        self._commits += 1
        self._snapshot = self._reader.of_metadata(self._table.metadata, self._table.metadata_location)

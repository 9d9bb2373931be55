"""What the event table holds at one moment: its files and the journal position that they reach.

A reader watches one row of the catalog's SQLite file, which names the current metadata file; nothing else is read
while that does not change. Manifests never change, so those already read are remembered.
"""

import sqlite3
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyiceberg.manifest import DataFile, ManifestEntryStatus, ManifestFile
from pyiceberg.serializers import FromInputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

from opentrail.segments.faults import TableCorrupt, TableUnreadable
from opentrail.segments.file_io import DurableFileIO, file_properties
from opentrail.segments.layout import HISTORY, TableLayout

CATALOG_NAME: Final = "opentrail"
POSITION_PROPERTY: Final = "opentrail.journal-position"
EXPIRED_PROPERTY: Final = "opentrail.expired-before"  # microseconds: what happened and arrived earlier may be gone

_CURRENT: Final = (
    "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
)
_BUSY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A file of the table as its manifest describes it. Times in microseconds; ranges include both ends."""

    path: Path
    rows: int
    bytes: int
    oldest_us: int
    newest_us: int
    first_position: int
    last_position: int
    first_arrival_us: int = 0  # 0 where the table does not tell
    last_arrival_us: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the table. Every journal event up to `position` that its owner wants is in `files`, or expired."""

    location: str  # of the metadata file; "" while there is no table
    position: int
    files: tuple[SegmentFile, ...]
    expired_before_us: int = 0  # what both happened and arrived earlier may have been dropped by retention

    @property
    def rows(self) -> int:
        """Rows of all files together."""
        return sum(file.rows for file in self.files)


EMPTY: Final = Snapshot("", 0, ())


class SnapshotReader:
    """Reads a table of a tables folder; needs no lock and does not disturb the committer. Not for several threads."""

    def __init__(self, tables: Path, layout: TableLayout = HISTORY) -> None:
        self._layout = layout
        self._database = tables / layout.catalog_file
        self._io = DurableFileIO(file_properties(tables, layout.namespace))
        schema = layout.schema()
        self._bounded = [schema.find_field(name).field_id for name in layout.bounded]
        self._manifests: dict[str, tuple[SegmentFile, ...]] = {}
        self._lists: dict[str, tuple[ManifestFile, ...]] = {}  # by the location of their manifest list
        self._connection: sqlite3.Connection | None = None

    def location(self) -> str:
        """The current metadata file, "" while there is no table. Costs some 20 us. Raises TableUnreadable."""
        if self._connection is None and not self._database.exists():
            return ""
        try:
            named = (CATALOG_NAME, self._layout.namespace, self._layout.name)
            row = self._open().execute(_CURRENT, named).fetchone()
        except sqlite3.Error as error:
            if "no such table" in str(error):  # the committer is just making it
                return ""
            raise TableUnreadable(f"{self._database}: {error}") from error
        return str(row[0]) if row else ""

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            # not mode=ro: a committer that was killed leaves a rollback journal, which the next reader has to play back
            connection = sqlite3.connect(
                f"{self._database.resolve().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, check_same_thread=False
            )
            connection.execute("PRAGMA query_only=ON")
            self._connection = connection
        return self._connection

    def load(self) -> Snapshot:
        """The current snapshot; EMPTY while there is no table. Raises TableCorrupt."""
        location = self.location()
        return self.load_from(location) if location else EMPTY

    def load_from(self, location: str) -> Snapshot:
        """The snapshot that a metadata file describes. Raises TableCorrupt where a metadata file cannot be read."""
        try:
            metadata = FromInputFile.table_metadata(self._io.new_input(location))
            return self.of_metadata(metadata, location)
        except (OSError, ValueError) as error:
            raise TableCorrupt(f"{location}: {error}") from error

    def of_metadata(self, metadata: TableMetadata, location: str) -> Snapshot:
        """The snapshot of metadata that is in memory already."""
        current = metadata.current_snapshot()
        kept = {snapshot.manifest_list for snapshot in metadata.snapshots}
        self._lists = {location: listed for location, listed in self._lists.items() if location in kept}
        manifests = self.manifests_of(current) if current is not None else ()
        known = {manifest.manifest_path: self._files_of(manifest) for manifest in manifests}
        self._manifests = known
        files = tuple(file for part in known.values() for file in part)
        properties = metadata.properties
        return Snapshot(
            location, int(properties.get(POSITION_PROPERTY, "0")), files, int(properties.get(EXPIRED_PROPERTY, "0"))
        )

    def manifests_of(self, snapshot: IcebergSnapshot) -> tuple[ManifestFile, ...]:
        """The manifests of one of the table's snapshots; their list is read once."""
        found = self._lists.get(snapshot.manifest_list)
        if found is None:
            found = self._lists[snapshot.manifest_list] = tuple(snapshot.manifests(self._io))
        return found

    def close(self) -> None:
        """Let go of the catalog."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _files_of(self, manifest: ManifestFile) -> tuple[SegmentFile, ...]:
        found = self._manifests.get(manifest.manifest_path)
        if found is None:
            entries = manifest.fetch_manifest_entry(self._io, discard_deleted=True)
            found = tuple(
                segment_file(entry.data_file, self._io.resolve(entry.data_file.file_path), self._bounded)
                for entry in entries
                if entry.status != ManifestEntryStatus.DELETED
            )
        return found


def segment_file(file: DataFile, path: Path, bounded: Sequence[int]) -> SegmentFile:
    """What a manifest says of one file, which lies at `path` today; `bounded`: field IDs as TableLayout.bounded."""
    lower, upper = file.lower_bounds or {}, file.upper_bounds or {}
    try:
        bounds = [(_number(lower[field]), _number(upper[field])) for field in bounded]
    except KeyError as error:
        raise TableCorrupt(f"{file.file_path}: its manifest states no bounds of column {error}") from error
    positions, times, arrivals = (*bounds, (0, 0))[:3]
    return SegmentFile(
        path=path,
        rows=file.record_count,
        bytes=file.file_size_in_bytes,
        oldest_us=times[0],
        newest_us=times[1],
        first_position=positions[0],
        last_position=positions[1],
        first_arrival_us=arrivals[0],
        last_arrival_us=arrivals[1],
    )


def _number(bound: bytes) -> int:
    return int(struct.unpack("<q", bound)[0])

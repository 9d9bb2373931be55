"""Writing the Parquet files of a store: new ones out of JSON, by DuckDB, and merged ones out of files, by Arrow.

A file is sorted by (event time, position) and has Iceberg's field IDs. It is on disk, name included, when a function
here returns, and belongs to nothing until a table commit names it; what a crash leaves behind is swept.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from opentrail import limits
from opentrail.lake.event_rows import EventRows, registered, select_of
from opentrail.lake.sql.schemas import Columns
from opentrail.lake.sql.types import text_literal
from opentrail.lake.tables import field_ids
from opentrail.segments.compaction import merged
from opentrail.segments.snapshot import SegmentFile
from opentrail.segments.writer import FAST_LEVEL, PARQUET_SUFFIX, SMALL_LEVEL, give_memory_back, sync

_UNSHARED: Final = frozenset(
    ("eventjson", "eventid", "requestid", "position", "eventtime")
)  # no two rows have the same


def write_new(connection: duckdb.DuckDBPyConnection, folder: Path, rows: EventRows, columns: Columns) -> Path:
    """One file of `rows` (some). Memory: the rows, and a row group of columns for each thread.

    Nearly always the engine takes every record as it is. Where it does not, the file is made again, each record alone.
    """
    path = _new_path(folder)
    try:
        try:
            _copy(connection, path, rows, select_of(columns, all_readable=True), columns)
        except duckdb.Error:  # whatever it is, it may be due to one record; if not, it comes again
            path.unlink(missing_ok=True)
            _copy(connection, path, rows, select_of(columns), columns)
        _settle(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, rows: EventRows, select: str, columns: Columns) -> None:
    told = (
        f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {FAST_LEVEL}, WRITE_BLOOM_FILTER false, "
        f"USE_TMP_FILE false, ROW_GROUP_SIZE {limits.LAKE_NEW_ROW_GROUP_ROWS}, FIELD_IDS {field_ids(columns)}"
    )
    with registered(connection, rows):
        connection.execute(f"COPY ({select}) TO {text_literal(str(path))} ({told})")


def merge(folder: Path, files: Sequence[SegmentFile], keep_after_us: int) -> Path | None:
    """One file of all rows of `files` that happened at `keep_after_us` or later; None where there are none."""
    schema = pq.read_schema(files[0].path)
    path = _new_path(folder)
    level = SMALL_LEVEL if sum(file.rows for file in files) >= limits.SEGMENT_ROW_GROUP_ROWS else FAST_LEVEL
    written = 0
    try:
        with _writer(path, schema, files[0].path, level) as writer:
            group: list[pa.Table] = []
            for table in merged([file.path for file in files], schema):
                kept = _kept(table, keep_after_us)
                group.append(kept)
                written += kept.num_rows
                if sum(part.num_rows for part in group) >= limits.SEGMENT_ROW_GROUP_ROWS:
                    writer.write_table(pa.concat_tables(group))
                    group = []
            if group:
                writer.write_table(pa.concat_tables(group))
                group = []
        give_memory_back()
        _settle(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not written:
        path.unlink()
        return None
    return path


def _kept(table: pa.Table, keep_after_us: int) -> pa.Table:
    bound = pa.scalar(keep_after_us, pa.int64()).cast(pa.timestamp("us"))
    return table.filter(pc.greater_equal(table.column("eventtime"), bound))


def _writer(path: Path, schema: pa.Schema, like: Path, level: int) -> pq.ParquetWriter:
    leaves = pq.ParquetFile(like).schema
    shared = [leaf.path for leaf in (leaves.column(number) for number in range(len(leaves.names)))]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=level,
        use_dictionary=[leaf for leaf in shared if leaf not in _UNSHARED],
        store_schema=False,
    )


def _new_path(folder: Path) -> Path:
    """A name that was never used."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid.uuid4().hex}{PARQUET_SUFFIX}"


def _settle(path: Path) -> None:
    sync(path)
    sync(path.parent)

"""Writing the Parquet files of a store: new ones out of JSON, by DuckDB, and merged ones out of files, by Arrow.

A file is sorted by (event time, position) and has Iceberg's field IDs. It is on disk, name included, when a function
here returns, and belongs to nothing until a table commit names it; what a crash leaves behind is swept.
"""

import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from opentrail import limits
from opentrail.lake.event_rows import EventRows, columns_in_pieces
from opentrail.lake.sql.schemas import Columns
from opentrail.lake.tables import arrow_schema
from opentrail.segments.compaction import merged
from opentrail.segments.snapshot import SegmentFile
from opentrail.segments.writer import FAST_LEVEL, PARQUET_SUFFIX, SMALL_LEVEL, give_memory_back, sync

_UNSHARED: Final = frozenset(
    ("eventjson", "eventid", "requestid", "position", "eventtime")
)  # no two rows have the same


def write_new(connection: duckdb.DuckDBPyConnection, folder: Path, rows: EventRows, columns: Columns) -> Path:
    """One file of `rows` (some). Memory: the rows, and the columns of a few row groups.

    Nearly always the engine takes every record as it is. Where it does not, the file is made again, each record alone.
    """
    path = _new_path(folder)
    try:
        try:
            _write(path, arrow_schema(columns), columns_in_pieces(connection, rows, columns, all_readable=True))
        except duckdb.Error:  # whatever it is, it may be due to one record; if not, it comes again
            path.unlink(missing_ok=True)
            _write(path, arrow_schema(columns), columns_in_pieces(connection, rows, columns))
        _settle(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _write(path: Path, schema: pa.Schema, pieces: Generator[pa.Table]) -> None:
    with closing(pieces), _writer(path, schema, FAST_LEVEL) as writer:
        group: list[pa.Table] = []
        for piece in pieces:
            group.append(piece)
            if sum(part.num_rows for part in group) >= limits.LAKE_NEW_ROW_GROUP_ROWS:
                writer.write_table(pa.concat_tables(group).cast(schema))
                group = []
        if group:
            writer.write_table(pa.concat_tables(group).cast(schema))


def merge(folder: Path, files: Sequence[SegmentFile], keep_after_us: int) -> Path | None:
    """One file of all rows of `files` that happened at `keep_after_us` or later; None where there are none."""
    schema = pq.read_schema(files[0].path)
    path = _new_path(folder)
    level = SMALL_LEVEL if sum(file.rows for file in files) >= limits.SEGMENT_ROW_GROUP_ROWS else FAST_LEVEL
    written = 0
    try:
        with _writer(path, schema, level) as writer:
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


def _writer(path: Path, schema: pa.Schema, level: int) -> pq.ParquetWriter:
    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=level,
        use_dictionary=[leaf for leaf in leaves if leaf not in _UNSHARED],
        store_schema=False,
    )


def _leaves(name: str, kind: pa.DataType) -> Iterator[str]:
    """What Parquet calls the columns that a value of this type is made of."""
    if pa.types.is_struct(kind):
        for member in kind:
            yield from _leaves(f"{name}.{member.name}", member.type)
    elif pa.types.is_map(kind):
        yield f"{name}.key_value.key"
        yield from _leaves(f"{name}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(f"{name}.list.element", kind.value_type)
    else:
        yield name


def _new_path(folder: Path) -> Path:
    """A name that was never used."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid.uuid4().hex}{PARQUET_SUFFIX}"


def _settle(path: Path) -> None:
    sync(path)
    sync(path.parent)

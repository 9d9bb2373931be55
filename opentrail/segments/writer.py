"""Writing a segment: one Parquet file, sorted by (eventtime, position), and its index beside it.

Layout: zstd; row groups of ROW_GROUP_ROWS; few-valued columns in dictionary pages; `eventjson` PLAIN in data pages
of about 128 KiB, version 1, so that a page is one zstd frame of (length, bytes) pairs and the text of a record costs
one read and one zstd call. Field IDs of Iceberg stand in the file.

Both files are on disk, names included, when a writer returns; they belong to nothing until a table commit names the
Parquet file. What a crash leaves behind is swept (segments.sweep).
"""

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from opentrail import limits
from opentrail.segments.index import build_index, source_columns
from opentrail.segments.schema import COLUMNS, DICTIONARY_COLUMNS, arrow_schema

FAST_LEVEL: Final = 1  # for what is written while events wait: 1.9 us a record
SMALL_LEVEL: Final = 6  # for what stays: a tenth smaller, three times the work

PARQUET_SUFFIX: Final = ".parquet"
INDEX_SUFFIX: Final = ".index"

_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """A segment on disk: its files and how many rows it has."""

    path: Path
    rows: int


def index_path(segment: Path) -> Path:
    """Where the index of a segment lies."""
    return segment.with_suffix(INDEX_SUFFIX)


def new_segment_path(folder: Path, arrived_us: int) -> Path:
    """A name that was never used, in the folder of its day of arrival (`YYYYMMDD`, UTC)."""
    return folder / arrival_day_name(arrived_us) / f"{uuid.uuid4().hex}{PARQUET_SUFFIX}"


def arrival_day_name(arrived_us: int) -> str:
    """`arrived=YYYY-MM-DD` of a time in microseconds."""
    day = pa.scalar(arrived_us // _DAY_US, pa.int32()).cast(pa.date32()).as_py()
    return f"arrived={day.isoformat()}"


def write_segment(folder: Path, tables: Iterable[pa.Table], arrived_us: int, *, level: int = FAST_LEVEL) -> Written:
    """Write tables (some, columns of segments.columns) that follow each other in order, as one segment with its index.

    `arrived_us`: the day in which all of it arrived. Holds a row group, and without it the columns that are indexed.
    What fails leaves nothing behind: a full disk must not become fuller with every attempt.
    """
    path = new_segment_path(folder, arrived_us)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        columns = _write_parquet(path, tables, level)
        sync(path)
        build_index(columns, path, index_path(path))
        rows = columns.num_rows
        del columns
        give_memory_back()
        sync(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        index_path(path).unlink(missing_ok=True)
        raise
    return Written(path, rows)


def give_memory_back() -> None:
    """Arrow keeps what it once had: after a merge that is hundreds of MiB, which nobody needs until the next."""
    pa.default_memory_pool().release_unused()


def _write_parquet(path: Path, tables: Iterable[pa.Table], level: int) -> pa.Table:
    """Write the Parquet file; the columns that its index is built from."""
    indexed: list[pa.Table] = []
    group: list[pa.Table] = []
    waiting = 0
    with _parquet_writer(path, level) as writer:
        for table in tables:
            indexed.append(source_columns(table))
            group.append(table)
            waiting += table.num_rows
            if waiting >= limits.SEGMENT_ROW_GROUP_ROWS:
                writer.write_table(pa.concat_tables(group), row_group_size=waiting)
                group, waiting = [], 0
        if group:
            writer.write_table(pa.concat_tables(group), row_group_size=waiting)
    return pa.concat_tables(indexed)


def _parquet_writer(path: Path, level: int) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        arrow_schema(),
        compression="zstd",
        compression_level=level,
        use_dictionary=[*DICTIONARY_COLUMNS, "lookupresources.list.element.type", "lookupresources.list.element.name"],
        column_encoding={"position": "DELTA_BINARY_PACKED", "eventtime": "DELTA_BINARY_PACKED"},
        write_statistics=[column.name for column in COLUMNS if column.statistics],
        data_page_size=limits.SEGMENT_PAGE_BYTES,
        write_batch_size=16,  # the page size is looked at once a batch: with more, pages of long records grow
        store_schema=False,
    )


def sync(path: Path) -> None:
    """Return when a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Results on disk: a folder for each query, written once by its process, read page by page.

    results/QUERYID/rows.arrow         Arrow IPC, LZ4: columns c0, c1 .. of texts, RESULT_BATCH_ROWS or fewer a batch
                   /about.json         names of the columns, number of rows, files for S3; there once all is on disk
                   /result_N.csv.gz    the rows again, with a line of names, where they are to be delivered

Values are AWS's texts; what is NULL is null, and empty in CSV, where an empty text is quoted.
"""

import hashlib
import os
import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
from isal import igzip
from pyarrow import csv

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.lake.queries.job import File

ROWS: Final = "rows.arrow"
ABOUT: Final = "about.json"
SPILL: Final = "spill"  # where the engine puts what its memory does not hold, while the query runs
_LZ4: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_GZIP_LEVEL: Final = 1
_AT_ONCE_ROWS: Final = 100  # made texts of together; a page may end before the next ones


class About(msgspec.Struct, frozen=True):
    """What a folder of results holds. `begins`: the first row of each batch; `files`: those for S3, in order."""

    names: tuple[str, ...]
    rows: int
    begins: tuple[int, ...]
    files: tuple[File, ...] = ()


class ResponseTooLarge(OpenTrailError):
    """Query response is too large"""


class NoRoomForResults(OpenTrailError):
    """The server's disk has no room for the results."""


class ResultsGone(OpenTrailError):
    """The results are not on disk any more, or never were there whole."""


class ResultWriter:
    """Writes the results of one query into `folder`, which it makes. Nothing is there for readers before `close`."""

    def __init__(self, folder: Path, names: tuple[str, ...], most_bytes: int, *, delivers: bool) -> None:
        self._folder = folder
        self._names = names
        self._most_bytes = most_bytes
        self._schema = pa.schema([(f"c{number}", pa.large_string()) for number in range(len(names))])
        folder.mkdir(parents=True, exist_ok=True)
        self._sink = (folder / ROWS).open("wb")
        self._writer = pa.ipc.new_file(self._sink, self._schema, options=_LZ4)
        self._csv = _CsvFiles(folder, names) if delivers else None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._begins: list[int] = []
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. Raises ResponseTooLarge, NoRoomForResults."""
        self._waiting.append(batch.cast(self._schema))
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= limits.RESULT_BATCH_ROWS:
            self._flush(whole_only=True)

    def abandon(self) -> None:
        """Let go of the files; what is in them is nobody's."""
        self._sink.close()
        if self._csv is not None:
            self._csv.abandon()

    def close(self) -> About:
        """All rows that were written, durable on return. Raises ResponseTooLarge, NoRoomForResults."""
        self._flush(whole_only=False)
        try:
            return self._ended()
        except OSError as failure:
            raise NoRoomForResults from failure

    def _ended(self) -> About:
        self._writer.close()
        _to_disk(self._sink)
        files = self._csv.close() if self._csv is not None else ()
        about = About(self._names, self.rows, tuple(self._begins), files)
        with (self._folder / ABOUT).open("wb") as file:
            file.write(msgspec.json.encode(about))
            _to_disk(file)
        return about

    def _flush(self, *, whole_only: bool) -> None:
        if not self._waiting_rows:
            return
        table = pa.Table.from_batches(self._waiting, self._schema)
        kept = table.num_rows % limits.RESULT_BATCH_ROWS if whole_only else 0
        full = table.slice(0, table.num_rows - kept).combine_chunks()
        rest = table.slice(table.num_rows - kept)
        self._waiting, self._waiting_rows = rest.to_batches(), kept
        for batch in full.to_batches(max_chunksize=limits.RESULT_BATCH_ROWS):
            self._write_batch(batch)

    def _write_batch(self, batch: pa.RecordBatch) -> None:
        """Write rows as one batch, or as several: whoever reads a page has whole batches in memory."""
        if batch.nbytes > limits.RESULT_BATCH_BYTES and batch.num_rows > 1:
            half = batch.num_rows // 2
            self._write_batch(batch.slice(0, half))
            self._write_batch(batch.slice(half))
            return
        if batch.nbytes > limits.RESULT_ROW_BYTES:
            raise ResponseTooLarge
        if shutil.disk_usage(self._folder).free < limits.QUERY_RESERVE_BYTES:
            raise NoRoomForResults
        try:
            self._writer.write_batch(batch)
            if self._csv is not None:
                self._csv.write(batch)
        except OSError as failure:
            raise NoRoomForResults from failure
        self._begins.append(self.rows)
        self.rows += batch.num_rows
        if self._sink.tell() > self._most_bytes:
            raise ResponseTooLarge


class _CsvFiles:
    """result_1.csv.gz and so on, each begun anew when the one before has RESULT_FILE_BYTES."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self._folder = folder
        self._schema = pa.schema([pa.field(name, pa.large_string()) for name in names])
        self._files: list[File] = []
        self._open()

    def write(self, batch: pa.RecordBatch) -> None:
        if self._sink.tell() >= limits.RESULT_FILE_BYTES:
            self._end()
            self._open()
        self._writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=self._schema))

    def abandon(self) -> None:
        self._sink.close()

    def close(self) -> tuple[File, ...]:
        self._end()
        return tuple(self._files)

    def _open(self) -> None:
        self._path = self._folder / f"result_{len(self._files) + 1}.csv.gz"
        self._sink = self._path.open("wb")
        self._packed = igzip.IGzipFile("", "wb", _GZIP_LEVEL, self._sink, mtime=0)  # type: ignore[no-untyped-call]
        self._writer = csv.CSVWriter(self._packed, self._schema)

    def _end(self) -> None:
        self._writer.close()
        self._packed.close()
        _to_disk(self._sink)
        with self._path.open("rb") as file:
            self._files.append(File(self._path.name, hashlib.file_digest(file, "sha256").hexdigest()))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of an answer in order, each with a text or None for each of `names`. `ends`: where the next page begins."""

    names: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    ends: int


class Results:
    """All results of a data folder, by the query's id. Safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def folder_of(self, query_id: str) -> Path:
        """Where the results of a query are."""
        return self._folder / query_id

    def about(self, query_id: str) -> About:
        """What is there of a query. Raises ResultsGone."""
        try:
            return msgspec.json.decode((self.folder_of(query_id) / ABOUT).read_bytes(), type=About)
        except (OSError, msgspec.DecodeError) as failure:
            raise ResultsGone from failure

    def page(self, query_id: str, first: int, count: int) -> Page:
        """At most `count` rows from row `first` (from 0) on, fewer where they are long. Raises ResultsGone."""
        about = self.about(query_id)
        ends = min(first + count, about.rows)
        rows: list[tuple[str | None, ...]] = []
        size = 0
        try:
            for row in self._rows(query_id, about.begins, first, ends):
                size += sum(len(value) for value in row if value is not None)
                if rows and size > limits.QUERY_PAGE_BYTES:
                    break
                rows.append(row)
        except (OSError, pa.ArrowInvalid) as failure:
            raise ResultsGone from failure
        return Page(about.names, rows, first + len(rows))

    def _rows(self, query_id: str, begins: Sequence[int], first: int, ends: int) -> Iterator[tuple[str | None, ...]]:
        if first >= ends:
            return
        with pa.memory_map(str(self.folder_of(query_id) / ROWS)) as file:
            reader = pa.ipc.open_file(file)
            at = first
            while at < ends:
                number = bisect_right(begins, at) - 1
                batch = reader.get_batch(number).slice(at - begins[number], ends - at)
                for few in pa.Table.from_batches([batch]).to_batches(max_chunksize=_AT_ONCE_ROWS):
                    yield from zip(*(column.to_pylist() for column in few.columns), strict=True)
                at += batch.num_rows

    def file(self, query_id: str, name: str) -> bytes:
        """The bytes of a file for S3. Raises ResultsGone."""
        try:
            return (self.folder_of(query_id) / name).read_bytes()
        except OSError as failure:
            raise ResultsGone from failure

    def tidy(self, query_id: str) -> None:
        """Remove what a query needed while it ran."""
        shutil.rmtree(self.folder_of(query_id) / SPILL, ignore_errors=True)

    def remove(self, query_id: str) -> None:
        """Remove what is there of a query."""
        shutil.rmtree(self.folder_of(query_id), ignore_errors=True)

    def ids(self) -> list[str]:
        """The queries that have a folder."""
        return [path.name for path in self._folder.iterdir()]


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()

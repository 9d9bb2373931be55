"""Log files in a folder or a bucket as tables: read once into Parquet, then queried like a store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from opentrail import limits
from opentrail.lake.columns import columns_of_athena, columns_of_events, parsed_events
from opentrail.lake.engine import Table
from opentrail.lake.sql.schemas import ATHENA, CLOUDTRAIL, Columns
from opentrail.lake.sql.store_ids import store_ids
from opentrail.lake.sql.types import engine_type, quoted, text_literal
from opentrail.objects.documents import read_records
from opentrail.objects.port import ObjectInfo, ObjectStore, ObjectUnreadable
from opentrail.record.faults import NotALogFile

EVENTS: Final = "events"  # with the columns of a store of CloudTrail events
ATHENA_LOGS: Final = "cloudtrail_logs"  # with the columns of Athena's published table

Progress = Callable[[ObjectInfo, int], None]  # the file that was read, and its records


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read: the tables and how many events are in them.

    `set_aside`: records, or files or their rests, that cannot be read; `passed_over`: files that are no log files.
    """

    tables: dict[str, Table]
    events: int
    set_aside: int
    passed_over: int


@dataclass(slots=True)
class _Counts:
    """What has been read so far."""

    events: int = 0
    set_aside: int = 0
    passed_over: int = 0


def table_called(name: str) -> str:
    """The table that a published query means by `name`, lower case, which is its author's own.

    A store of CloudTrail Lake is named by its id, in samples by `$EDS_ID` or the like. Athena's tables are called
    `cloudtrail`, `cloudtrail_logs_BUCKET`, `cloudtrail_123456789012`, as AWS's console and playbooks do.
    """
    if store_ids(name) or name.startswith("$"):
        return EVENTS
    return ATHENA_LOGS if name.startswith("cloudtrail") else name


def load_log_files(store: ObjectStore, folder: Path, progress: Progress = lambda info, records: None) -> Loaded:
    """Read every event of `store` into Parquet files in `folder`. Memory stays bounded by limits.QUERY_LOADED_ROWS.

    What cannot be read is counted and left out. Raises NoSuchLocation, StoreUnavailable.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    files: list[Path] = []
    counts = _Counts()
    try:
        for batch in _batches(store, counts, progress):
            files.append(folder / f"events-{len(files):05}.parquet")
            _write(connection, batch, files[-1])
    finally:
        connection.close()
    return Loaded(_tables(files), counts.events, counts.set_aside, counts.passed_over)


def _batches(store: ObjectStore, counts: _Counts, progress: Progress) -> Iterator[list[str]]:
    held: list[str] = []
    for info in store.list():
        before = counts.events
        try:
            for part in read_records(store.open(info.key)):
                texts = [text for _, raw in part.raws if (text := _text(raw)) is not None]
                counts.events += len(texts)
                counts.set_aside += len(part.faults) + len(part.raws) - len(texts)
                held += texts
                if len(held) >= limits.QUERY_LOADED_ROWS:
                    yield held
                    held = []
        except NotALogFile:
            counts.passed_over += 1  # digests, and whatever else lies between log files
        except ObjectUnreadable:
            counts.set_aside += 1
        progress(info, counts.events - before)
    if held:
        yield held


def _text(raw: bytes) -> str | None:
    """The record as a text; None where its bytes are none, since evidence is not repaired."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _write(connection: duckdb.DuckDBPyConnection, texts: list[str], path: Path) -> None:
    connection.register("as_read", pa.table({"eventjson": pa.array(texts, pa.large_string())}))
    read = f"SELECT eventjson, {parsed_events('eventjson')} FROM as_read"
    select = f"SELECT {columns_of_events('eventjson')} FROM ({read}) ORDER BY eventtime"
    connection.execute(f"COPY ({select}) TO {text_literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    connection.unregister("as_read")


def _empty(columns: Columns) -> Table:
    nothing = ", ".join(f"CAST(NULL AS {engine_type(kind)}) AS {quoted(name)}" for name, kind in columns.items())
    return Table(columns, f"SELECT {nothing} WHERE false")


def _tables(files: list[Path]) -> dict[str, Table]:
    listed = ", ".join(text_literal(str(path)) for path in files)
    if not files:
        return {EVENTS: _empty(CLOUDTRAIL), ATHENA_LOGS: _empty(ATHENA)}
    rows = f"SELECT * FROM read_parquet([{listed}])"
    athena = f"SELECT {columns_of_athena()} FROM ({rows})"
    return {EVENTS: Table(CLOUDTRAIL, rows, tuple(files)), ATHENA_LOGS: Table(ATHENA, athena, tuple(files))}

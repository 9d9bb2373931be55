"""Events that wait to become rows of a store, and the SQL that makes them so: columns from JSON, by DuckDB, in pieces.

Rows are brought in order (event time, position) before their JSON is read, while they are still three columns. The
time of a row is that of the envelope, which is never missing; all other columns come from the record's own JSON. The
JSON itself does not go through the engine: each piece keeps it, and has it beside the engine's columns afterwards.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from opentrail.journal import Batch
from opentrail.lake.columns import EVENT, columns_of_events, parsed_events
from opentrail.lake.sql.schemas import CLOUDTRAIL, Columns
from opentrail.lake.sql.types import Type

POSITION: Final = "position"  # of the event in the journal: what tells that it is in the table once
_JSON: Final = "eventjson"
_WAITING: Final = "waiting"
_GIVEN: Final = {"eventtime": "eventtime"}
_PIECE_ROWS: Final = 4096  # what stays in the caches of one processor on its way through the engine
_WAITING_SCHEMA: Final = pa.schema(
    ((POSITION, pa.int64()), ("eventtime", pa.timestamp("us")), (_JSON, pa.large_string()))
)


class EventRows:
    """Events of one store in the order of their positions."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.times_us: list[int] = []
        self.bodies: list[bytes] = []
        self.bytes = 0

    @property
    def count(self) -> int:
        """How many events these are."""
        return len(self.positions)

    def add(self, batch: Batch, chosen: Sequence[int], keep_after_us: int) -> None:
        """Take the chosen events of a batch, but for those that happened before `keep_after_us`."""
        if not chosen:
            return
        times, bodies, first = batch.entries.times_us, batch.entries.bodies, batch.first
        all_young = min(times) >= keep_after_us
        kept = chosen if all_young else [index for index in chosen if times[index] >= keep_after_us]
        self.positions += [first + index for index in kept]
        self.times_us += [times[index] for index in kept]
        taken = [bodies[index] for index in kept]
        self.bodies += taken
        self.bytes += sum(map(len, taken))

    def forget_after(self, position: int) -> None:
        """Let go of the events at greater positions."""
        kept = bisect_right(self.positions, position)
        del self.positions[kept:], self.times_us[kept:], self.bodies[kept:]
        self.bytes = sum(map(len, self.bodies))

    def unsorted(self) -> pa.Table:
        """`eventtime` and `eventjson`, as they came."""
        return pa.table(
            {
                "eventtime": pa.array(self.times_us, pa.int64()).view(pa.timestamp("us")),
                "eventjson": pa.array(self.bodies, pa.large_binary()).view(pa.large_string()),
            }
        )

    def in_order(self) -> Iterator[pa.RecordBatch]:
        """`position`, `eventtime`, `eventjson`, in the order of a file; in pieces that are made as they are read."""
        times = np.array(self.times_us, np.int64)
        positions = np.array(self.positions, np.int64)
        order = np.lexsort((positions, times))
        for start in range(0, len(order), _PIECE_ROWS):
            rows = order[start : start + _PIECE_ROWS]
            # The bytes of records as they are; intake let in UTF-8 alone.
            bodies = pa.array([self.bodies[row] for row in rows.tolist()], pa.large_binary()).view(pa.large_string())
            columns = [pa.array(positions[rows]), pa.array(times[rows]).view(pa.timestamp("us")), bodies]
            yield pa.RecordBatch.from_arrays(columns, schema=_WAITING_SCHEMA)


def connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """An engine that makes rows with so many threads; it keeps their order, and gives texts as files have them."""
    connection = duckdb.connect(":memory:")
    settings = ("TimeZone = 'UTC'", "preserve_insertion_order = true", "arrow_large_buffer_size = true")
    for setting in (*settings, f"threads = {threads}"):
        connection.execute(f"SET {setting}")
    return connection


def columns_in_pieces(
    connection: duckdb.DuckDBPyConnection, rows: EventRows, columns: Columns, *, all_readable: bool = False
) -> Generator[pa.Table]:
    """The columns of a store and `position`, in the order of a file, in pieces.

    `all_readable`: as for `parsed_events`. Raises duckdb.Error where the engine does not take a record.
    """
    read_ahead: deque[pa.RecordBatch] = deque()

    def waiting() -> Iterator[pa.RecordBatch]:
        for piece in rows.in_order():
            read_ahead.append(piece)
            yield piece

    connection.register(_WAITING, pa.RecordBatchReader.from_batches(_WAITING_SCHEMA, waiting()))
    try:
        made = connection.sql(_select_of(columns, all_readable=all_readable))
        for batch in made.to_arrow_reader(_PIECE_ROWS):
            piece = read_ahead.popleft()
            if not batch.column(POSITION).equals(piece.column(POSITION)):
                raise RuntimeError("the engine gave rows in another order, or in other pieces, than it was given them")
            given = [piece.column(name) if name == _JSON else batch.column(name) for name in (*columns, POSITION)]
            yield pa.Table.from_arrays(given, [*columns, POSITION])
    except OSError as fault:  # so Arrow tells of what went wrong in the engine
        raise duckdb.InvalidInputException(str(fault)) from fault
    finally:
        connection.unregister(_WAITING)


def _select_of(columns: Columns, *, all_readable: bool) -> str:
    """The SELECT that makes rows of a store and their positions out of what is registered, but for the JSON itself."""
    parsed = parsed_events(_JSON, columns, all_readable=all_readable)
    read = f"SELECT position, eventtime, {_JSON}, {parsed} FROM {_WAITING}"
    made = f"SELECT {columns_of_events(_JSON, columns, _GIVEN)}, {POSITION} FROM ({read})"
    return f"SELECT * EXCLUDE ({_JSON}) FROM ({made})"


def late_select_of(columns: Columns, source: str) -> str:
    """The SELECT that gives the columns of a store out of `unsorted` rows in `source`: only those that are asked for.

    A record's JSON is read once for its plain members, once for its identity, once for what else is nested: so a query
    that asks for names alone does not pay for parameters.
    """
    if columns.keys() - CLOUDTRAIL.keys():
        read = f"SELECT eventtime, eventjson, {parsed_events('eventjson', columns)} FROM {source}"
        return f"SELECT {columns_of_events('eventjson', columns, _GIVEN)} FROM ({read})"
    groups: dict[str, dict[str, Type]] = {}
    for name, kind in columns.items():
        nested = kind.kind in ("row", "map", "array")
        own = EVENT if not nested else f"{EVENT}_identity" if name == "useridentity" else f"{EVENT}_nested"
        groups.setdefault(own, {})[name] = kind
    read = ", ".join(parsed_events("eventjson", group, struct) for struct, group in groups.items())
    listed = ", ".join(columns_of_events("eventjson", group, _GIVEN, struct) for struct, group in groups.items())
    return f"SELECT {listed} FROM (SELECT eventtime, eventjson, {read} FROM {source})"

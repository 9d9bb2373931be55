"""Events that wait to become rows of a store, and the SQL that makes them so: columns from JSON, by DuckDB, in batches.

Rows are brought in order (event time, position) before their JSON is read, while they are still three columns. The
time of a row is that of the envelope, which is never missing; all other columns come from the record's own JSON.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from opentrail.journal import Batch
from opentrail.lake.columns import EVENT, columns_of_events, parsed_events
from opentrail.lake.sql.schemas import CLOUDTRAIL, Columns
from opentrail.lake.sql.types import Type

POSITION: Final = "position"  # of the event in the journal: what tells that it is in the table once
_WAITING: Final = "waiting"
_GIVEN: Final = {"eventtime": "eventtime"}
_CHUNK_ROWS: Final = 8192  # what the engine gives to one of its threads


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
        times, bodies, first = batch.entries.times_us, batch.entries.bodies, batch.first
        for index in chosen:
            if times[index] >= keep_after_us:
                self.positions.append(first + index)
                self.times_us.append(times[index])
                self.bodies.append(bodies[index])
                self.bytes += len(bodies[index])

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

    def waiting(self) -> pa.Table:
        """`position`, `eventtime`, `eventjson`, in the order of a file."""
        times = np.array(self.times_us, np.int64)
        positions = np.array(self.positions, np.int64)
        order = np.lexsort((positions, times))
        table = pa.table(
            {
                POSITION: pa.array(positions[order]),
                "eventtime": pa.array(times[order]).view(pa.timestamp("us")),
                # The bytes of records as they are; intake let in UTF-8 alone.
                "eventjson": pa.array([self.bodies[row] for row in order.tolist()], pa.large_binary()).view(
                    pa.large_string()
                ),
            }
        )
        return pa.Table.from_batches(table.to_batches(max_chunksize=_CHUNK_ROWS), table.schema)


def connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """An engine that makes rows with so many threads; it keeps their order."""
    connection = duckdb.connect(":memory:")
    for setting in ("TimeZone = 'UTC'", "preserve_insertion_order = true", f"threads = {threads}"):
        connection.execute(f"SET {setting}")
    return connection


def select_of(columns: Columns) -> str:
    """The SELECT that makes rows of a store, and their positions, out of what `waiting` gives."""
    read = f"SELECT position, eventtime, eventjson, {parsed_events('eventjson', columns)} FROM {_WAITING}"
    return f"SELECT {columns_of_events('eventjson', columns, _GIVEN)}, {POSITION} FROM ({read})"


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


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, rows: EventRows) -> Iterator[None]:
    """While inside, `select_of` reads `rows`."""
    connection.register(_WAITING, rows.waiting())
    try:
        yield
    finally:
        connection.unregister(_WAITING)

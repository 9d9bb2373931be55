"""DuckDB as the engine of queries: an own connection, locked before it sees anything that came from a user.

Only SQL that `sql.queries` wrote is run. The lock is the second wall: no file but the tables' own can be opened, no
extension loaded, no setting changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from opentrail import limits
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.macros import MACROS
from opentrail.lake.sql.names import answer_names
from opentrail.lake.sql.output import as_text
from opentrail.lake.sql.queries import Queries
from opentrail.lake.sql.scopes import Compiled
from opentrail.lake.sql.statement import read_statement
from opentrail.lake.sql.types import Type, quoted, text_literal

_SETTINGS: Final = (
    "SET TimeZone = 'UTC'",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
)
_LOCKS: Final = ("SET enable_external_access = false", "SET lock_configuration = true")


class QueryFailed(OpenTrailError):
    """The query could not be run to its end."""

    code = "InternalFailure"


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be queried: its columns with Trino's types, and the SELECT that gives them out of `files`."""

    columns: Mapping[str, Type]
    select: str
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: the names of its columns as AWS shows them, their types, and the rows."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    _connection: duckdb.DuckDBPyConnection
    _sql: str

    def texts(self) -> Iterator[pa.RecordBatch]:
        """The rows, every value as AWS writes it. Raises QueryFailed."""
        rows = self._run()
        self._connection.register("answer_rows", rows)
        listed = ", ".join(f"{as_text(f'c{number}', kind)} AS c{number}" for number, kind in enumerate(self.types))
        try:
            texts = self._connection.sql(f"SELECT {listed} FROM answer_rows")
            yield from texts.to_arrow_reader(limits.QUERY_BATCH_ROWS)
        except duckdb.Error as fault:
            raise _named(fault) from fault

    def values(self) -> pa.Table:
        """The rows with their types, under the names of the answer. Raises QueryFailed."""
        return self._run().rename_columns(_distinct(self.names))

    def _run(self) -> pa.Table:
        try:
            return self._connection.sql(self._sql).to_arrow_table()
        except duckdb.Error as fault:
            raise _named(fault) from fault


class Engine:
    """Runs queries over `tables`; may be interrupted from another thread."""

    def __init__(
        self, tables: Mapping[str, Table], clock: Clock, memory_bytes: int = limits.QUERY_MEMORY_BYTES
    ) -> None:
        self._tables = {name.lower(): table for name, table in tables.items()}
        self._connection = duckdb.connect(":memory:")
        for setting in (*_SETTINGS, f"SET memory_limit = '{memory_bytes}B'"):
            self._connection.execute(setting)
        for name, table in self._tables.items():
            self._connection.execute(f"CREATE VIEW {quoted(name)} AS {table.select}")
        moment = clock.now_us()
        self._connection.execute(f"CREATE TABLE query_start AS SELECT make_timestamp({moment}) AS moment")
        for macro in MACROS:
            self._connection.execute(f"CREATE MACRO {macro}")
        files = sorted({str(path) for table in self._tables.values() for path in table.files})
        self._connection.execute(f"SET allowed_paths = [{', '.join(map(text_literal, files))}]")
        self._connection.execute("SET temp_directory = ''")
        for lock in _LOCKS:
            self._connection.execute(lock)

    def prepare(self, text: str) -> Answer:
        """Compile a query and have the engine bind it. Raises InvalidQueryStatement."""
        columns = {name: table.columns for name, table in self._tables.items()}
        compiled: Compiled = Queries(columns).compile(read_statement(text).tree, None, {})
        try:
            self._connection.execute(f"EXPLAIN {compiled.sql}").fetchall()
        except duckdb.Error as fault:
            raise InvalidQueryStatement(_first_line(fault)) from fault
        return Answer(
            tuple(answer_names([column.shown for column in compiled.columns])),
            tuple(column.value.type for column in compiled.columns),
            self._connection,
            compiled.sql,
        )

    def interrupt(self) -> None:
        """Stop what runs; it raises QueryFailed where it runs."""
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of memory and files."""
        self._connection.close()


def _named(fault: duckdb.Error) -> QueryFailed:
    return QueryFailed(_first_line(fault))


def _first_line(fault: duckdb.Error) -> str:
    return str(fault).split("\n", 1)[0]


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that a file with columns can have: the second of its kind gets a number."""
    found: list[str] = []
    for name in names:
        own, number = name, 1
        while own in found:
            number += 1
            own = f"{name}_{number}"
        found.append(own)
    return found

"""DuckDB as the engine of queries: an own connection, locked before it sees anything that came from a user.

Only SQL that `sql.queries` wrote is run. The lock is the second wall: no file but the tables' own can be opened, no
extension loaded, no setting changed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from opentrail import limits
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.names import answer_names
from opentrail.lake.sql.on_duckdb.dialect import DuckDbDialect
from opentrail.lake.sql.on_duckdb.macros import macros_for
from opentrail.lake.sql.on_duckdb.regular_expressions import make_functions
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
    "SET enable_profiling = 'no_output'",  # what was read is told by the profile; nothing is printed
)
_START_TABLE: Final = "query_start"  # when the query began; one row, of no store
_LOCKS: Final = ("SET enable_external_access = false", "SET lock_configuration = true")
_KEEPS_ROWS: Final = frozenset({"PROJECTION", "STREAMING_LIMIT"})  # operators between a condition and its table
_KIND_OF_FAULT: Final = re.compile(r"^(?:[A-Z][a-z-]+ )+Error: ")
_DIVIDED_BY_ZERO: Final = re.compile(r"Division by zero|Could not cast value -?(?:nan|inf) to DECIMAL")
_RAISED_BY_CAST: Final = re.compile(r"Could not convert string '(no [a-z ]+: .*)' to \w+.*")  # by our casts

_DIALECT: Final = DuckDbDialect()


class QueryFailed(OpenTrailError):
    """The query could not be run to its end."""

    code = "InternalFailure"


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be queried: its columns with Trino's types, and the SELECT that gives them.

    The SELECT reads Parquet `files`, and by name what is in `memory`. `rows`: how many the files hold.
    """

    columns: Mapping[str, Type]
    select: str
    files: tuple[Path, ...] = ()
    memory: Mapping[str, pa.Table] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a query looked at: `matched` rows passed the conditions on tables, of `scanned` that could not be skipped.

    `bytes_read`: of Parquet files, compressed. What is in memory counts as rows alone.
    """

    matched: int = 0
    scanned: int = 0
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: the names of its columns as AWS shows them, their types, and the rows.

    `tables`: the tables that the query names.
    """

    names: tuple[str, ...]
    types: tuple[Type, ...]
    tables: frozenset[str]
    _connection: duckdb.DuckDBPyConnection
    _sql: str
    _texts: str  # the same, every value a text
    _rows: int  # in the files of the tables that it names

    def texts(self) -> Iterator[pa.RecordBatch]:
        """The rows, every value as AWS writes it, as they come. Raises QueryFailed."""
        try:
            texts = self._connection.sql(self._texts)
            yield from texts.to_arrow_reader(limits.QUERY_BATCH_ROWS)
        except duckdb.Error as fault:
            raise _named(fault) from fault

    def values(self) -> pa.Table:
        """The rows with their types, under the names of the answer. Raises QueryFailed."""
        try:
            return self._connection.sql(self._sql).to_arrow_table().rename_columns(_distinct(self.names))
        except duckdb.Error as fault:
            raise _named(fault) from fault

    def measured(self) -> Measured:
        """What was looked at, once `texts` has ended."""
        profile = json.loads(self._connection.get_profiling_information(format="json"))
        scans = _scans(profile.get("operator", ()))
        read = int(profile.get("io", {}).get("total_bytes_read", 0))
        if scans is None:  # answered by what the files tell of themselves
            return Measured(self._rows, self._rows, read)
        left = round(self._rows * scans.groups / scans.of_groups) if scans.of_groups else 0
        return Measured(scans.matched, max(scans.matched, scans.in_memory + left), read)


@dataclass(frozen=True, slots=True)
class Spill:
    """Where a query may put what its memory does not hold, and how much of it."""

    folder: Path
    most_bytes: int


class Engine:
    """Runs queries over `tables`; may be interrupted from another thread. Without `spill` memory is all there is.

    `called`: which of the tables a name means; with it, a query may say that they are in some database
    (`"default"."cloudtrail_logs"`).
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        clock: Clock,
        memory_bytes: int = limits.QUERY_MEMORY_BYTES,
        spill: Spill | None = None,
        *,
        called: Callable[[str], str] | None = None,
    ) -> None:
        self._tables = {name.lower(): table for name, table in tables.items()}
        self._connection = duckdb.connect(":memory:")
        self._called = called
        self._functions: set[str] = set()  # of our own, that the engine has been given
        for setting in (*_SETTINGS, f"SET memory_limit = '{memory_bytes}B'"):
            self._connection.execute(setting)
        for name, table in self._tables.items():
            for own, held in table.memory.items():
                self._connection.register(own, held)
            self._connection.execute(f"CREATE VIEW {quoted(name)} AS {table.select}")
        moment = clock.now_us()
        self._connection.execute(f"CREATE TABLE {_START_TABLE} AS SELECT make_timestamp({moment}) AS moment")
        files = sorted({str(path) for table in self._tables.values() for path in table.files})
        self._connection.execute(f"SET allowed_paths = [{', '.join(map(text_literal, files))}]")
        spill_folder = str(spill.folder) if spill is not None else ""
        self._connection.execute(f"SET temp_directory = {text_literal(spill_folder)}")
        if spill is not None:
            self._connection.execute(f"SET max_temp_directory_size = '{spill.most_bytes}B'")
        for lock in _LOCKS:
            self._connection.execute(lock)

    def prepare(self, text: str) -> Answer:
        """Compile a query and have the engine bind it. Raises InvalidQueryStatement."""
        columns = {name: table.columns for name, table in self._tables.items()}
        queries = Queries(columns, _DIALECT, self._called)
        compiled: Compiled = queries.compile(read_statement(text).tree, None, {})
        types = tuple(column.value.type for column in compiled.columns)
        listed = ", ".join(f"{_DIALECT.shown(f'c{number}', kind)} AS c{number}" for number, kind in enumerate(types))
        texts = f"SELECT {listed} FROM ({compiled.sql}) AS answer"
        try:
            for macro in macros_for(texts):
                self._connection.execute(f"CREATE OR REPLACE MACRO {macro}")
            make_functions(self._connection, texts, self._functions)
            self._connection.sql(texts)  # binds it, and leaves all work to the run
        except duckdb.Error as fault:
            raise InvalidQueryStatement(_first_line(fault)) from fault
        return Answer(
            tuple(answer_names([column.shown for column in compiled.columns])),
            types,
            frozenset(queries.named),
            self._connection,
            compiled.sql,
            texts,
            sum(self._tables[name].rows for name in queries.named),
        )

    def interrupt(self) -> None:
        """Stop what runs; it raises QueryFailed where it runs."""
        self._connection.interrupt()

    def close(self) -> None:
        """Let go of memory and files."""
        self._connection.close()


@dataclass(slots=True)
class _Scans:
    """What a profile tells of the scans of tables: row groups scanned, of how many, rows scanned in memory."""

    matched: int = 0
    in_memory: int = 0
    groups: int = 0
    of_groups: int = 0


def _scans(operators: Sequence[Mapping[str, Any]], passed: int | None = None) -> _Scans | None:
    """All scans below; None where there are none. `passed`: the rows that a condition above left."""
    found: _Scans | None = None
    for one in operators:
        rows, told = int(one.get("intermediate_rows", 0)), one.get("extra_info", {})
        kind = one.get("type", "")
        left = (rows if passed is None else passed) if kind == "FILTER" else passed if kind in _KEEPS_ROWS else None
        below = _scans(one.get("children", ()), left)
        if one.get("type") == "TABLE_SCAN" and not str(told.get("Table", "")).endswith(_START_TABLE):
            in_memory = 0 if told.get("Function") == "READ_PARQUET" else max(int(one.get("rows_scanned", 0)), rows)
            groups = int(one.get("row_groups_scanned", 0)), int(one.get("total_row_groups_to_scan", 0))
            below = _Scans(rows if passed is None else passed, in_memory, *groups)
        if below is not None:
            found = found or _Scans()
            found.matched += below.matched
            found.in_memory += below.in_memory
            found.groups += below.groups
            found.of_groups += below.of_groups
    return found


def _named(fault: duckdb.Error) -> QueryFailed:
    return QueryFailed(_first_line(fault))


def _first_line(fault: duckdb.Error) -> str:
    """What the engine says, without its own advice: settings are nothing that a caller can change."""
    text = _KIND_OF_FAULT.sub("", str(fault).split("\n", 1)[0])
    told = _RAISED_BY_CAST.fullmatch(text)
    if told is not None:
        return told[1]
    return "Division by zero" if _DIVIDED_BY_ZERO.match(text) else text


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

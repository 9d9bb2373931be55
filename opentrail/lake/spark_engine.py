"""Spark as the engine of queries, for stores that are too big for one machine: the same language, the same answers.

Spark has no lock of its own, so nothing but SQL that the compiler wrote may ever reach the session. Executors should
run as a user who can read the tables' files alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opentrail.clock import Clock
from opentrail.lake.engine import QueryFailed
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.names import answer_names
from opentrail.lake.sql.on_spark.dialect import SparkDialect
from opentrail.lake.sql.queries import Queries
from opentrail.lake.sql.statement import read_statement
from opentrail.lake.sql.types import Type, quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What the dialect relies on, and what keeps paths and other languages out of SQL.
SESSION: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.variable.substitute": "false",  # else `${env:X}` in a text would be the environment's
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
}


@dataclass(frozen=True, slots=True)
class SparkTable:
    """A table to be queried: its columns with Trino's types, and the Parquet files that hold them, by name."""

    columns: Mapping[str, Type]
    files: Sequence[Path | str]


@dataclass(frozen=True, slots=True)
class SparkAnswer:
    """What a query gives: names as AWS shows them, types, and the rows as AWS writes them."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    _session: "SparkSession"
    _sql: str

    def rows(self) -> list[tuple[str | None, ...]]:
        """All rows, every value a text. Raises QueryFailed."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 - pyspark is an extra
        from pyspark.errors import PySparkException  # noqa: PLC0415

        try:
            return [tuple(row) for row in self._session.sql(self._sql).collect()]
        except (PySparkException, Py4JError) as fault:
            raise QueryFailed(str(fault).split("\n", 1)[0]) from fault


class SparkEngine:
    """Runs queries over `tables` in a session with the settings of `SESSION`."""

    def __init__(self, session: "SparkSession", tables: Mapping[str, SparkTable], clock: Clock) -> None:
        self._session = session
        self._tables = {name.lower(): table for name, table in tables.items()}
        self._dialect = SparkDialect(clock.now_us())
        for name, value in SESSION.items():
            session.conf.set(name, value)
        for name, table in self._tables.items():
            frame = session.read.parquet(*(str(path) for path in table.files))
            frame.createOrReplaceTempView(quoted(name))

    def prepare(self, text: str) -> SparkAnswer:
        """Compile a query and have Spark analyse it. Raises InvalidQueryStatement."""
        from pyspark.errors import AnalysisException  # noqa: PLC0415 - pyspark is an extra

        columns = {name: table.columns for name, table in self._tables.items()}
        compiled = Queries(columns, self._dialect).compile(read_statement(text).tree, None, {})
        shown = (
            self._dialect.shown(f'"c{number}"', column.value.type) for number, column in enumerate(compiled.columns)
        )
        listed = ", ".join(f'{sql} AS "c{number}"' for number, sql in enumerate(shown))
        sql = f"SELECT {listed} FROM ({compiled.sql}) AS answer"
        try:
            self._session.sql(sql)
        except AnalysisException as fault:
            raise InvalidQueryStatement(str(fault).split("\n", 1)[0]) from fault
        return SparkAnswer(
            tuple(answer_names([column.shown for column in compiled.columns])),
            tuple(column.value.type for column in compiled.columns),
            self._session,
            sql,
        )

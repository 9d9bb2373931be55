"""Queries over an event data store, beside plain DuckDB and chDB on the same Parquet and DuckDB on raw .json.gz.

    python -m benchmarks.lake [--events 10000000] [--raw-events 100000] [--folder DIR]

Every run opens its engine anew; imports and opening are not counted for any of them, but for `query`, which is all that
a query's process does after it was forked: opening the store, engine, compiling, running. Shown is the best of five, in
milliseconds of wall time and of CPU. What raw files take is measured on fewer events and told per million.
"""

import argparse
import gzip
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from benchmarks.lake_store import REGION, STORE, made_store
from benchmarks.made_events import made_batches
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.journal import Journal
from opentrail.lake.engine import Engine, Table
from opentrail.lake.reading import LakeReader, Reach
from opentrail.server.data_folder import DataFolder

RUNS = 5
RECORDS_A_FILE = 10_000
MILLION = 1_000_000


class Question(NamedTuple):
    """One question in each engine's words; T stands for the table. `raw`: where it is asked of raw files too."""

    name: str
    lake: str
    duckdb: str
    chdb: str
    raw: str = ""


WEEK = "'2026-10-10 00:00:00' AND {}'2026-10-17 00:00:00'"
QUESTIONS = (
    Question(
        "changes of a role in a week",
        "SELECT eventSource, eventName, count(*) AS n FROM T WHERE eventTime BETWEEN '2026-10-10 00:00:00' AND"
        " '2026-10-17 00:00:00' AND userIdentity.sessionContext.sessionIssuer.userName = 'role-1' AND readOnly = false"
        " GROUP BY 1, 2 ORDER BY n DESC LIMIT 20",
        "SELECT eventsource, eventname, count(*) AS n FROM T WHERE eventtime BETWEEN TIMESTAMP '2026-10-10' AND"
        " TIMESTAMP '2026-10-17' AND useridentity.sessioncontext.sessionissuer.username = 'role-1' AND"
        " readonly = false GROUP BY 1, 2 ORDER BY n DESC LIMIT 20",
        "SELECT eventsource, eventname, count(*) AS n FROM T WHERE eventtime BETWEEN '2026-10-10' AND '2026-10-17' AND"
        " useridentity.sessioncontext.sessionissuer.username = 'role-1' AND readonly = false GROUP BY 1, 2"
        " ORDER BY n DESC LIMIT 20",
        "SELECT eventSource, eventName, count(*) AS n FROM T WHERE"
        " userIdentity.sessionContext.sessionIssuer.userName = 'role-1' AND NOT readOnly GROUP BY 1, 2"
        " ORDER BY n DESC LIMIT 20",
    ),
    Question(
        "buckets in a week",
        "SELECT element_at(requestParameters, 'bucketName') AS b, count(*) AS n FROM T WHERE eventTime BETWEEN"
        " timestamp '2026-10-10 00:00:00' AND timestamp '2026-10-17 00:00:00' AND eventSource = 's3.amazonaws.com'"
        " GROUP BY 1 ORDER BY n DESC LIMIT 10",
        "SELECT requestparameters['bucketName'] AS b, count(*) AS n FROM T WHERE eventtime BETWEEN"
        " TIMESTAMP '2026-10-10' AND TIMESTAMP '2026-10-17' AND eventsource = 's3.amazonaws.com' GROUP BY 1"
        " ORDER BY n DESC LIMIT 10",
        "SELECT requestparameters['bucketName'] AS b, count(*) AS n FROM T WHERE eventtime BETWEEN '2026-10-10' AND"
        " '2026-10-17' AND eventsource = 's3.amazonaws.com' GROUP BY 1 ORDER BY n DESC LIMIT 10",
    ),
    Question(
        "all by name",
        "SELECT eventName, count(*) AS n FROM T GROUP BY 1 ORDER BY n DESC",
        "SELECT eventname, count(*) AS n FROM T GROUP BY 1 ORDER BY n DESC",
        "SELECT eventname, count(*) AS n FROM T GROUP BY 1 ORDER BY n DESC",
        "SELECT eventName, count(*) AS n FROM T GROUP BY 1 ORDER BY n DESC",
    ),
    Question(
        "users by a pattern, all",
        "SELECT count(*) AS n FROM T WHERE userIdentity.arn LIKE '%user-55%' AND eventName NOT LIKE 'Desc%'",
        "SELECT count(*) AS n FROM T WHERE useridentity.arn LIKE '%user-55%' AND eventname NOT LIKE 'Desc%'",
        "SELECT count(*) AS n FROM T WHERE useridentity.arn LIKE '%user-55%' AND eventname NOT LIKE 'Desc%'",
    ),
    Question(
        "newest 100 before a time",
        "SELECT eventTime, eventName, userIdentity.arn, sourceIPAddress FROM T WHERE eventTime < '2026-11-15'"
        " ORDER BY eventTime DESC LIMIT 100",
        "SELECT eventtime, eventname, useridentity.arn, sourceipaddress FROM T WHERE eventtime < TIMESTAMP"
        " '2026-11-15' ORDER BY eventtime DESC LIMIT 100",
        "SELECT eventtime, eventname, useridentity.arn, sourceipaddress FROM T WHERE eventtime < '2026-11-15'"
        " ORDER BY eventtime DESC LIMIT 100",
    ),
)


def best(act: Callable[[], Any], runs: int = RUNS) -> tuple[float, float]:
    """Milliseconds of wall time and of CPU, the least of each."""
    walls, cpus = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), _cpu()
        act()
        cpus.append((_cpu() - used) * 1000)
        walls.append((time.perf_counter() - began) * 1000)
    return min(walls), min(cpus)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_lake(folder: DataFolder, statement: str) -> int:
    """What a query's process does; how many rows came."""
    clock = SystemClock()
    catalog = open_catalog(folder.catalog)
    with Journal.open(folder.journal, clock, read_only=True) as journal:
        reader = LakeReader(catalog, folder.tables, journal, clock, Reach((REGION,)))
        with reader.reading(STORE) as table:
            engine = Engine({STORE: table}, clock)
            try:
                return sum(batch.num_rows for batch in engine.prepare(statement.replace(" T ", f" {STORE} ")).texts())
            finally:
                engine.close()
                catalog.dispose()


def on_parquet(connection: duckdb.DuckDBPyConnection, files: list[str], statement: str) -> int:
    """The same in plain DuckDB."""
    return len(connection.sql(statement.replace(" T ", f" read_parquet({files}) ")).fetchall())


def compare(folder: DataFolder, table: Table) -> None:
    """Every question of every engine."""
    files = [str(path) for path in table.files]
    try:
        from chdb import session as chdb_session  # noqa: PLC0415 - of the extra [bench]
    except ImportError:
        chdb_session = None
    for question in QUESTIONS:
        print(f"\n{question.name}")
        engine = Engine({STORE: table}, SystemClock())
        answer = engine.prepare(question.lake.replace(" T ", f" {STORE} "))
        shown("opentrail, engine open", best(lambda answer=answer: sum(b.num_rows for b in answer.texts())))
        engine.close()
        connection = duckdb.connect()
        plain = best(lambda c=connection, q=question: on_parquet(c, files, q.duckdb))
        shown("DuckDB", plain)
        connection.close()
        if chdb_session is not None:
            session = chdb_session.Session()
            statement = question.chdb.replace(" T ", f" file('{table.files[0].parent}/*.parquet', Parquet) ")
            shown("chDB", best(lambda s=session, q=statement: s.query(q)))
            session.close()
        shown("query, all in all", best(lambda q=question: in_lake(folder, q.lake)))


def shown(name: str, times: tuple[float, float]) -> None:
    print(f"  {name:<24} {times[0]:8.0f} ms   CPU {times[1]:8.0f} ms", flush=True)


def on_raw_files(events: int) -> None:
    """DuckDB over log files as a trail delivers them."""
    with tempfile.TemporaryDirectory() as folder:
        for number, entries in enumerate(made_batches(events, RECORDS_A_FILE)):
            body = b'{"Records":[' + b",".join(entries.bodies) + b"]}"
            (Path(folder) / f"{number:05}.json.gz").write_bytes(gzip.compress(body, 6))
        source = (
            " (SELECT unnest(Records, max_depth := 2) FROM read_json("
            f"'{folder}/*.json.gz', maximum_object_size = 200000000, format = 'unstructured')) "
        )
        for question in QUESTIONS:
            if question.raw:
                connection = duckdb.connect()
                statement = question.raw.replace(" T ", source)
                wall, cpu = best(lambda c=connection, s=statement: c.sql(s).fetchall(), 1)
                print(f"\n{question.name}, raw .json.gz: {events} events")
                shown("DuckDB, per million", (wall * MILLION / events, cpu * MILLION / events))
                connection.close()


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=int(os.environ.get("OPENTRAIL_BENCH_EVENTS", "10000000")))
    options.add_argument("--raw-events", type=int, default=100_000)
    options.add_argument("--folder", type=Path)
    told = options.parse_args(arguments if arguments is not None else [])
    with tempfile.TemporaryDirectory() as temporary:
        folder = made_store(told.folder or Path(temporary), told.events)
        clock = SystemClock()
        catalog = open_catalog(folder.catalog)
        with Journal.open(folder.journal, clock, read_only=True) as journal:
            reader = LakeReader(catalog, folder.tables, journal, clock, Reach((REGION,)))
            with reader.reading(STORE) as table:
                size = sum(path.stat().st_size for path in table.files)
                print(
                    json.dumps({"events": table.rows, "files": len(table.files), "bytes_an_event": size / table.rows})
                )
                compare(folder, table)
        catalog.dispose()
    on_raw_files(told.raw_events)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

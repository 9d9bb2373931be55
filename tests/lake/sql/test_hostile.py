"""Statements that want more than an answer: refused before the engine sees them, and refused by the engine too."""

from pathlib import Path

import duckdb
import pytest

from opentrail.lake.engine import Engine, QueryFailed
from opentrail.lake.sql.faults import InvalidQueryStatement

HOSTILE = (Path(__file__).parent / "hostile.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("statement", HOSTILE)
def test_refused_before_the_engine_sees_it(engine, statement):
    with pytest.raises(InvalidQueryStatement):
        engine.prepare(statement)


def test_there_are_more_than_a_hundred():
    assert len(HOSTILE) > 100


@pytest.mark.parametrize(
    "name",
    ['x" AS y; DROP VIEW events; --', "x' || (SELECT 1) || '", 'a"b', "\x00", "🦆"],
)
def test_names_and_texts_stay_what_they_are(ask, name):
    quoted = name.replace('"', '""')
    text = name.replace("'", "''")
    names, rows = ask(f"""SELECT '{text}' AS "{quoted}" FROM events LIMIT 1""")
    assert (names, rows) == ([name], [(name,)])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/opentrail-escape.csv'",
        "ATTACH '/tmp/opentrail-escape.db'",
        "SET enable_external_access = true",
        "SET memory_limit = '1TB'",
        "INSTALL httpfs",
        "SELECT * FROM '/etc/hostname'",
    ],
)
def test_the_engine_is_locked_should_anything_get_through(engine, statement):
    with pytest.raises(duckdb.Error):
        engine._connection.execute(statement)


def test_a_query_that_wants_too_much_memory_is_stopped(tables):
    from opentrail.clock import SystemClock

    small = Engine(tables, SystemClock(), memory_bytes=64 << 20)
    try:
        with pytest.raises(QueryFailed, match="Out of Memory"):
            answer = small.prepare(
                "SELECT count(DISTINCT a.x * 1000000 + b.x) FROM (SELECT x FROM UNNEST(sequence(1, 20000)) AS t (x)) a,"
                " (SELECT x FROM UNNEST(sequence(1, 20000)) AS t (x)) b"
            )
            list(answer.texts())
    finally:
        small.close()

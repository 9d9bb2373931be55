"""Expressions of Trino have the value that Trino's documentation gives them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.errors import OpenTrailError
from opentrail.lake.engine import Engine

_MARKS = {"NULL": None, "EMPTY": ""}
_LINES = (Path(__file__).parent / "probes.txt").read_text("utf-8").splitlines()
PROBES = [line.split(" ==> ") for line in _LINES if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def engine():
    clock = SettableClock(datetime(2026, 3, 4, 10, 15, 31, 123_000, tzinfo=UTC))
    made = Engine({}, clock)
    yield made
    made.close()


@pytest.mark.parametrize(("expression", "value"), PROBES, ids=[probe[0] for probe in PROBES])
def test_expression(engine, expression, value):
    if value == "REFUSED":
        with pytest.raises(OpenTrailError):
            list(engine.prepare(f"SELECT {expression}").texts())
        return
    (batch,) = engine.prepare(f"SELECT {expression}").texts()
    assert batch.column(0).to_pylist() == [_MARKS.get(value, value)]

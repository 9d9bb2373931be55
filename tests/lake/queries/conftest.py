"""A lake to be queried."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.lake.queries.processes import QueryProcesses
from tests.lake.queries.rig import QueryRig


@pytest.fixture(scope="session")
def processes() -> Iterator[QueryProcesses]:
    made = QueryProcesses()
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path, processes: QueryProcesses) -> Iterator[QueryRig]:
    made = QueryRig(tmp_path, processes)
    made.open()
    yield made
    made.close()

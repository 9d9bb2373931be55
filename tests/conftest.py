"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from opentrail.clock import SettableClock

ROOT = Path(__file__).parent.parent
# Setting it is the only way to read it.
UMASK = os.umask(0o022)
os.umask(UMASK)

# How long an example takes is the machine's business: a loaded one would fail tests that are right. `make test` tries
# the same examples each time, so that a change is judged by what it changed; `make soak` and `make fuzz` try new ones.
settings.register_profile(
    "opentrail",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="OPENTRAIL_NEW_EXAMPLES" not in os.environ,
)
settings.load_profile("opentrail")


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """A server that a test ran in its own process closed later files to others: no later test is to notice."""
    yield
    os.umask(UMASK)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at 2026-03-04T10:15:31Z until it is moved."""
    return SettableClock()


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of genuine records; tests that need it are skipped where it is not there."""
    folder = Path(os.environ.get("OPENTRAIL_SAMPLE_DATA", ROOT / ".." / "shared" / "data" / "cloudtrail")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set OPENTRAIL_SAMPLE_DATA")
    return folder

"""Fixtures of the tests of accounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from tests.accounts.household import Household


@pytest.fixture
def household(tmp_path: Path, clock: SettableClock) -> Iterator[Household]:
    """Two accounts in a catalog of their own."""
    made = Household(tmp_path / "catalog", clock)
    yield made
    made.close()

"""A journal in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.journal import Journal
from tests.journal.making import open_journal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path, clock: SettableClock) -> Iterator[Journal]:
    with open_journal(folder, clock) as opened:
        yield opened

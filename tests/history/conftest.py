"""A journal, the follower that makes history of it, and a reader, all in one folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.history import History, HistorySettings
from tests.history.rig import Rig


@pytest.fixture
def rig(tmp_path: Path, clock: SettableClock) -> Iterator[Rig]:
    made = Rig(tmp_path, clock)
    yield made
    made.close()


@pytest.fixture
def history(rig: Rig) -> Iterator[History]:
    """A reader that looks for changes only when it is told to."""
    made = History.open(rig.tables, rig.journal, rig.clock, HistorySettings(snapshot_poll_s=3600))
    yield made
    made.close()

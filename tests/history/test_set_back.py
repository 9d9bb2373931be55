"""Tables from an older copy beside a journal that was trimmed since: refused and named, never passed over."""

import shutil
from pathlib import Path

import pytest

from opentrail.clock import SystemClock
from opentrail.followers import Runner
from opentrail.followers.faults import FollowerSetBack
from opentrail.history.check import check
from opentrail.history.follower import NAME, HistoryFollower
from opentrail.journal import Journal
from tests.segments.made_events import made_entries


def _follow(journal: Journal, folder: Path, position: int) -> None:
    follower = HistoryFollower(folder / "tables", SystemClock())
    try:
        Runner(journal, follower, folder / "lock", SystemClock()).run_until(position)
    finally:
        follower.close()


@pytest.mark.parametrize("trimmed", [True, False])
def test_tables_of_an_older_copy_lose_no_event_silently(tmp_path: Path, trimmed: bool) -> None:
    clock = SystemClock()
    entries = made_entries(30)
    with Journal.open(tmp_path / "journal", clock) as journal:
        journal.append(entries.slice(0, 10), "live")
        _follow(journal, tmp_path, 10)
        shutil.copytree(tmp_path / "tables", tmp_path / "copy")
        journal.append(entries.slice(10, 20), "live")
        _follow(journal, tmp_path, 20)
        if trimmed:
            assert journal.trim(clock.now_us() + 1) == 20
        journal.append(entries.slice(20, 30), "live")
        shutil.rmtree(tmp_path / "tables")
        shutil.copytree(tmp_path / "copy", tmp_path / "tables")
        if not trimmed:
            _follow(journal, tmp_path, 30)
            found = check(tmp_path / "tables", tmp_path / "journal")
            assert found.whole and found.rows == 30
            return
        with pytest.raises(FollowerSetBack, match="had come to 20"):
            _follow(journal, tmp_path, 30)
        assert journal.position(NAME) == 20
        found = check(tmp_path / "tables", tmp_path / "journal")
        assert any("positions 11 to 20 are no longer in the journal" in problem for problem in found.problems)

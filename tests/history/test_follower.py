"""The follower: exactly once whatever is interrupted, when it commits, what it keeps and lets go."""

from pathlib import Path

import pytest

from opentrail import limits
from opentrail.followers import FlushingFollower, Runner
from opentrail.history import HistorySettings
from opentrail.history.check import check
from opentrail.segments.data_files import DataFiles
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.table import EventTable
from opentrail.trusted_clock import TrustedClock
from tests.history.rig import LAZY, Rig
from tests.segments.made_events import START_US, made_entries

DAY_S = 86_400.0


def positions(rig: Rig) -> list[int]:
    """Every position in the table, once for each row."""
    table = EventTable.open(rig.tables)
    try:
        column = table._table.scan(selected_fields=("position",)).to_arrow()["position"]
        return sorted(column.to_pylist())
    finally:
        table.close()


def parquet_files(rig: Rig) -> set[Path]:
    return set(rig.tables.rglob("*.parquet"))


def whole(rig: Rig) -> bool:
    findings = check(rig.tables, rig.folder / "journal")
    assert findings.problems == []
    return findings.position == rig.journal.head()


def test_it_is_a_follower(rig: Rig) -> None:
    assert isinstance(rig.follower, FlushingFollower)
    assert [rig.follower.wants(origin) for origin in ("live", "import", "import:s", "channel:c")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_a_batch_that_comes_twice_is_in_the_table_once(rig: Rig) -> None:
    rig.append(made_entries(50, seed=1))
    rig.append(made_entries(50, seed=2))
    found = rig.journal.read(0, 1000)
    rig.follower.handle(found[:1], 50)
    rig.follower.handle(found, 100)
    rig.follower.handle(found, 100)
    rig.follower.flush()
    rig.follower.handle(found, 100)
    rig.follower.flush()
    rig.new_follower().handle(found, 100)
    rig.follower.flush()
    assert positions(rig) == list(range(1, 101))


def test_batches_of_others_move_the_position_alone(rig: Rig) -> None:
    rig.append(made_entries(10, seed=1))
    rig.append(made_entries(30, seed=2), origin="import:store")
    rig.commit()
    assert rig.follower.position() == 40
    assert positions(rig) == list(range(1, 11))
    rig.append(made_entries(5, seed=3), origin="import:store")
    rig.hand_over()
    rig.follower.tick()
    assert rig.follower.position() == 40
    rig.clock.advance(61)
    rig.follower.tick()
    assert rig.follower.position() == 45
    assert whole(rig)


def test_it_commits_after_the_interval_and_not_before(rig: Rig) -> None:
    rig.append(made_entries(10))
    rig.hand_over()
    rig.clock.advance(59)
    rig.follower.tick()
    assert rig.follower.position() == 0
    rig.clock.advance(1)
    rig.follower.tick()
    assert rig.follower.position() == 10


def test_it_commits_at_once_when_much_is_pending(rig: Rig) -> None:
    rig.new_follower(HistorySettings(max_pending_events=25))
    for number in range(3):
        rig.append(made_entries(10, seed=number))
        rig.hand_over()
    assert rig.follower.position() == 30
    rig.new_follower(HistorySettings(max_pending_bytes=1000))
    rig.append(made_entries(10, seed=9))
    rig.hand_over()
    assert rig.follower.position() == 40


def test_imports_are_committed_as_soon_as_no_more_come(rig: Rig) -> None:
    rig.append(made_entries(10), origin="import")
    rig.hand_over()
    rig.follower.tick()
    assert rig.follower.position() == 0
    rig.clock.advance(1)
    rig.follower.tick()
    assert rig.follower.position() == 10


def test_a_crash_between_file_and_commit_loses_and_doubles_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.append(made_entries(40, seed=1))
    rig.commit()
    rig.append(made_entries(40, seed=2))
    with monkeypatch.context() as patch:
        patch.setattr(EventTable, "append", _die)
        with pytest.raises(KilledError):
            rig.commit()
    assert len(parquet_files(rig)) == 2
    assert rig.follower.position() == 40
    follower = rig.new_follower(HistorySettings(sweep_check_s=0, sweep_grace_s=600, compaction_check_s=1e9))
    rig.commit()
    assert positions(rig) == list(range(1, 81))
    follower.tick()
    rig.clock.advance(600)
    follower.tick()
    assert len(parquet_files(rig)) == 2
    assert {file.path for file in SnapshotReader(rig.tables).load().files} == parquet_files(rig)
    assert whole(rig)


@pytest.mark.parametrize(("owner", "step"), [(DataFiles, "describe"), (EventTable, "_committed")])
def test_a_failure_at_any_step_of_a_commit_is_made_good(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, owner: type, step: str
) -> None:
    rig.append(made_entries(40, seed=1))
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, _die)
        with pytest.raises(KilledError):
            rig.commit()
    rig.append(made_entries(40, seed=2))
    rig.commit()
    assert positions(rig) == list(range(1, 81))
    assert whole(rig)


def test_a_failure_while_compacting_is_made_good(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        rig.append(made_entries(40, seed=number))
        rig.commit()
    rig.new_follower(HistorySettings(compaction_check_s=0, compaction_files=2))
    with monkeypatch.context() as patch:
        patch.setattr(EventTable, "replace", _die)
        with pytest.raises(KilledError):
            rig.follower.tick()
    assert positions(rig) == list(range(1, 121))
    rig.follower.tick()
    assert len(SnapshotReader(rig.tables).load().files) == 1
    assert positions(rig) == list(range(1, 121))
    assert whole(rig)


def test_late_events_are_in_the_table_in_their_place(rig: Rig) -> None:
    rig.append(made_entries(40, seed=1, start_us=START_US))
    rig.commit()
    rig.append(made_entries(40, seed=2, start_us=START_US - 3600 * 1_000_000))
    rig.commit()
    files = SnapshotReader(rig.tables).load().files
    assert {file.newest_us < START_US for file in files} == {True, False}
    assert whole(rig)


def test_an_event_stays_ninety_days_after_it_happened_or_arrived(rig: Rig) -> None:
    hundred_days_us = int(100 * DAY_S * 1_000_000)
    old = rig.append(made_entries(20, seed=1, start_us=START_US - hundred_days_us), origin="import")
    rig.commit()
    rig.clock.advance(DAY_S)
    rig.append(made_entries(20, seed=2, start_us=START_US + int(5 * DAY_S * 1_000_000)))
    rig.commit()
    settings = HistorySettings(retention_check_s=0, compaction_check_s=1e9, sweep_check_s=0, sweep_grace_s=0)
    rig.clock.advance(88.9 * DAY_S)
    rig.new_follower(settings).tick()
    assert len(positions(rig)) == 40
    rig.clock.advance(0.2 * DAY_S)
    rig.follower.tick()
    assert positions(rig) == list(range(old + 1, old + 21))
    rig.clock.advance(3 * DAY_S)
    rig.follower.tick()
    assert len(positions(rig)) == 20  # arrived 90 days ago, but happened later
    rig.clock.advance(3 * DAY_S)
    rig.follower.tick()
    assert positions(rig) == []
    rig.follower.tick()
    assert parquet_files(rig) == set()
    assert whole(rig)


def test_a_clock_that_jumps_ahead_deletes_no_event(rig: Rig) -> None:
    settings = HistorySettings(retention_check_s=0, compaction_check_s=1e9, sweep_check_s=0, sweep_grace_s=0)
    rig.new_follower(settings, TrustedClock(rig.clock, rig.folder / "clock.json"))
    rig.append(made_entries(20))
    rig.commit()
    rig.clock.jump(365 * DAY_S)
    rig.append(made_entries(20, seed=2))
    rig.commit()
    for _ in range(5):
        rig.clock.advance(3600)
        rig.follower.tick()
    assert len(positions(rig)) == 40
    rig.clock.jump(-365 * DAY_S)
    rig.clock.advance(DAY_S)
    rig.follower.tick()
    assert len(positions(rig)) == 40 and whole(rig)


def test_one_file_holds_one_day_of_arrival(rig: Rig) -> None:
    rig.append(made_entries(20, seed=1))
    rig.hand_over()
    rig.clock.advance(DAY_S)
    rig.append(made_entries(20, seed=2))
    rig.commit()
    files = SnapshotReader(rig.tables).load().files
    assert len(files) == 2
    assert all(file.first_arrival_us == file.last_arrival_us for file in files)


def test_snapshots_are_expired_and_their_files_swept(rig: Rig) -> None:
    rig.new_follower(HistorySettings(expire_after_commits=5, sweep_check_s=0, sweep_grace_s=0, compaction_check_s=1e9))
    for number in range(12):
        rig.append(made_entries(10, seed=number))
        rig.commit()
        rig.follower.tick()
    table = rig.follower._open()
    assert len(table._table.metadata.snapshots) <= 5
    assert whole(rig)


def test_the_runner_drives_it_to_a_position(rig: Rig) -> None:
    for number in range(5):
        rig.append(made_entries(20, seed=number))
    Runner(rig.journal, rig.follower, rig.folder / "history.lock", rig.clock).run_until(rig.journal.head())
    assert positions(rig) == list(range(1, 101))
    assert rig.journal.position("history") == 100


def test_what_was_not_committed_comes_again(rig: Rig) -> None:
    rig.append(made_entries(30))
    rig.hand_over()
    rig.new_follower(LAZY)
    assert rig.follower.position() == 0
    rig.commit()
    assert positions(rig) == list(range(1, 31))


class KilledError(Exception):
    """The process died here."""


def _die(*_: object, **__: object) -> None:
    raise KilledError


def test_while_events_pour_in_nothing_is_merged(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOURNAL_BATCH_EVENTS", 30)
    rig.new_follower(HistorySettings(max_pending_events=1, compaction_check_s=0, compaction_files=2))
    for number in range(4):
        rig.append(made_entries(30, seed=number))
        rig.hand_over()
        rig.follower.tick()
    assert len(SnapshotReader(rig.tables).load().files) == 4
    rig.follower.tick()
    assert len(SnapshotReader(rig.tables).load().files) == 1

"""The tables of stores are kept in shape: what has served its time goes, small files become one, snapshots stay few."""

import pyarrow.parquet as pq
import pytest

from opentrail.clock import SettableClock
from opentrail.lake.settings import LakeSettings
from opentrail.segments.table import EventTable
from opentrail.trusted_clock import TrustedClock
from tests.lake.rig import LAZY, Rig, replace, wanted
from tests.segments.made_events import made_entries


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    yield made
    made.close()


def test_what_has_served_its_time_is_not_seen_and_then_goes(rig):
    store = rig.create(retention_days=7)
    entries = made_entries(400)
    rig.append(entries)
    rig.commit()
    assert rig.snapshot(store).rows == len(wanted(entries))
    rig.clock.advance(7 * 86_400 + 20)  # the events spread over a minute or so
    left = rig.ids(store)
    assert 0 < len(left) < len(wanted(entries))
    rig.clock.advance(2 * 86_400)
    assert rig.ids(store) == []
    rig.new_follower(replace(LAZY, retention_check_s=1.0))
    rig.follower.tick()
    rig.follower.tick()
    assert rig.snapshot(store).files == ()
    assert rig.snapshot(store).expired_before_us > 0


def commit_without_a_break(rig: Rig, rounds: int) -> int:
    """Events of now, and a commit of them, in every tick; how many of them stores want."""
    young = 0
    for seed in range(rounds):
        entries = made_entries(20, seed=seed + 2)
        entries.times_us[:] = [rig.clock.now_us()] * 20
        rig.append(entries)
        young += len(wanted(entries))
        rig.hand_over()
        rig.follower.tick()
    return young


def test_commits_without_a_break_keep_no_store_from_its_retention(rig):
    store = rig.create(retention_days=7)
    rig.append(made_entries(100))
    rig.commit()
    rig.clock.advance(9 * 86_400)
    rig.new_follower(replace(LAZY, commit_interval_s=0.0, retention_check_s=0.0))
    young = commit_without_a_break(rig, 10)
    assert rig.snapshot(store).rows == young


def test_snapshots_that_are_always_to_expire_keep_no_store_from_retention_and_merging(rig):
    store = rig.create(retention_days=7)
    rig.append(made_entries(100))
    rig.commit()
    rig.clock.advance(9 * 86_400)
    restless = LakeSettings(
        commit_interval_s=0.0,
        retention_check_s=0.0,
        compaction_check_s=0.0,
        expire_after_commits=4,  # fewer than are made until upkeep has its turn
        compaction_files=4,
    )
    rig.new_follower(restless)
    rounds = 36  # four times upkeep
    young = commit_without_a_break(rig, rounds)
    snapshot = rig.snapshot(store)
    assert snapshot.rows == young
    assert len(snapshot.files) < rounds


def test_a_clock_that_jumps_ahead_deletes_nothing_and_lets_events_in(rig):
    kept, deleted = rig.create(1, retention_days=7), rig.create(2, retention_days=7)
    first, second = made_entries(100), made_entries(100, seed=2)
    settings = replace(LAZY, retention_check_s=0.0, removal_check_s=0.0)
    rig.new_follower(settings, TrustedClock(rig.clock, rig.folder / "clock.json"))
    rig.append(first)
    rig.commit()
    rig.change(deleted, status="PENDING_DELETION", deleted_at_us=rig.clock.now_us())
    rig.clock.jump(365 * 86_400)
    rig.append(second)  # they waited in the journal when the clock jumped
    rig.commit()
    rig.follower.tick()
    assert rig.snapshot(kept).rows == len(wanted(first)) + len(wanted(second))
    assert rig.snapshot(deleted).rows == len(wanted(first)), "it can still be restored"


def test_a_file_that_is_half_over_is_written_again_without_what_is(rig):
    store = rig.create(retention_days=7)
    entries = made_entries(300)
    for index in range(0, 300, 2):
        entries.times_us[index] -= 4 * 86_400_000_000
    rig.append(entries)
    rig.commit()
    rows = rig.snapshot(store).rows
    rig.clock.advance(6 * 86_400)
    rig.new_follower(replace(LAZY, retention_check_s=1.0))
    rig.follower.tick()
    left = [event_id for event_id in wanted(entries) if entries.times_us[entries.event_ids.index(event_id)] > 0]
    kept = rig.snapshot(store)
    assert 0 < kept.rows < rows
    assert len(kept.files) == 1
    assert kept.files[0].oldest_us >= min(entries.times_us[1::2])
    assert set(rig.ids(store)) <= set(left)
    assert len(rig.ids(store)) == kept.rows


def test_small_files_become_one_and_the_old_ones_go(rig):
    store = rig.create()
    rig.new_follower(LakeSettings(compaction_files=4, compaction_check_s=0.0, sweep_check_s=0.0, sweep_grace_s=5.0))
    parts = [made_entries(50, seed=seed) for seed in range(4)]
    for part in parts:
        rig.append(part)
        rig.commit()
    assert len(rig.snapshot(store).files) == 4
    rig.follower.tick()
    snapshot = rig.snapshot(store)
    assert len(snapshot.files) == 1
    assert rig.ids(store) == wanted(*parts)
    times = pq.read_table(snapshot.files[0].path).column("eventtime").to_pylist()
    assert times == sorted(times)
    folder = snapshot.files[0].path.parent
    for _ in range(6):
        rig.clock.advance(3)
        rig.follower.tick()
    assert list(folder.iterdir()) == [snapshot.files[0].path]
    assert rig.ids(store) == wanted(*parts)


def test_snapshots_do_not_pile_up_over_restarts(rig):
    store = rig.create()
    for number in range(8):
        rig.new_follower(replace(LAZY, expire_after_commits=3))
        rig.append(made_entries(5, seed=number + 10))
        rig.commit()
        rig.follower.tick()
    table = EventTable.open(rig.tables, rig.follower._open_tables[store.store.id].layout)
    assert len(table._table.metadata.snapshots) <= 4
    table.close()


def test_a_store_with_much_to_merge_keeps_no_other_from_its_upkeep(rig):
    stores = [rig.create(number) for number in (1, 2)]
    rig.new_follower(replace(LAZY, compaction_check_s=0.0, compaction_files=2))
    for seed in range(6):
        rig.append(made_entries(20, seed=seed))
        rig.commit()
        rig.follower.tick()
    assert [len(rig.snapshot(store).files) < 6 for store in stores] == [True, True]

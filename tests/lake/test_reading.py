"""What is asked while the follower commits, merges and sweeps: every event that was durable before, each once."""

import threading

import pytest

from opentrail.clock import SystemClock
from opentrail.lake.faults import StoreNotFound
from opentrail.lake.settings import LakeSettings
from tests.lake.rig import ACCOUNT, Rig
from tests.segments.made_events import made_entries


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SystemClock())
    yield made
    made.close()


def test_a_question_beside_commits_sees_each_durable_event_once(rig):
    store = rig.create()
    rig.new_follower(LakeSettings(compaction_files=2, compaction_check_s=0.0, sweep_check_s=0.0, sweep_grace_s=0.2))
    durable = set()
    stop = threading.Event()
    failed = []

    def follow():
        try:
            while not stop.is_set():
                rig.commit()
                rig.follower.tick()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails of it
            failed.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        for seed in range(25):
            entries = made_entries(40, seed=seed)
            rig.append(entries)
            durable |= {
                event_id
                for event_id, account, category in zip(
                    entries.event_ids, entries.accounts, entries.categories, strict=True
                )
                if (account, category) == (ACCOUNT, "Management")
            }
            seen = rig.ids(store)
            assert len(seen) == len(set(seen))
            assert set(seen) == durable
    finally:
        stop.set()
        thread.join()
    assert failed == []


def test_a_store_that_is_not_there_cannot_be_read(rig):
    store = rig.create()
    rig.stores.remove(store)
    with pytest.raises(StoreNotFound):
        rig.ids(store)


def test_all_rows_of_the_files_are_counted(rig):
    store = rig.create()
    rig.append(made_entries(100))
    rig.commit()
    assert rig.ask(store, "SELECT count(*) FROM s")[0][0] == rig.snapshot(store).rows

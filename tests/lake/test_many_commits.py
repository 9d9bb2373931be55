"""However often a store is committed: a commit stays as cheap as it was, and metadata do not pile up."""

import statistics
import time

import pytest

from opentrail.clock import SettableClock
from opentrail.lake.settings import LakeSettings
from tests.lake.rig import Rig
from tests.segments.made_events import made_entries


@pytest.mark.soak
def test_the_last_of_five_hundred_commits_is_as_cheap_as_the_fiftieth(tmp_path):
    check_commits(tmp_path, 500)


def check_commits(folder, commits):
    rig = Rig(folder, SettableClock())
    rig.new_follower(LakeSettings(compaction_check_s=0.0, sweep_check_s=1.0, sweep_grace_s=5.0))
    store = rig.create()
    seconds = []
    for number in range(commits):
        rig.append(made_entries(8, seed=number))
        began = time.process_time()
        rig.commit()
        seconds.append(time.process_time() - began)
        rig.clock.advance(1)
        rig.follower.tick()
    for _ in range(60):
        rig.clock.advance(3)
        rig.follower.tick()
    first, last = statistics.median(seconds[25:75]), statistics.median(seconds[-50:])
    assert last <= 1.5 * first, f"a commit took {first * 1000:.0f} ms of CPU, and {last * 1000:.0f} ms in the end"
    snapshot = rig.snapshot(store)
    assert len(snapshot.files) < 60
    metadata = list((rig.tables / "lake" / store.store.id / "metadata").iterdir())
    assert len(metadata) < 400, f"{len(metadata)} files of metadata"
    data = list((rig.tables / "lake" / store.store.id / "data").iterdir())
    assert {path.name for path in data} == {file.path.name for file in snapshot.files}
    rig.close()

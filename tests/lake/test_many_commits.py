"""However often a store is committed: a commit stays as cheap as it was, and metadata do not pile up.

python -m tests.lake.test_many_commits 20000 FOLDER     the same by hand, with figures
"""

import statistics
import sys
import time
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.lake.settings import LakeSettings
from opentrail.segments.sweep import unreferenced
from tests.lake.rig import ACCOUNT, Rig
from tests.segments.made_events import made_entries

LOOK_EVERY = 250  # commits


class Course:
    """What many commits of one store cost, and what was there meanwhile. CPU seconds; a look every LOOK_EVERY."""

    def __init__(self, folder):
        self.rig = Rig(folder, SettableClock())
        self.rig.new_follower(LakeSettings(compaction_check_s=0.0, sweep_check_s=1.0, sweep_grace_s=5.0))
        self.store = self.rig.create()
        self.folder = self.rig.tables / "lake" / self.store.store.id
        self.commits, self.upkeep = [], []
        self.metadata_files, self.metadata_bytes, self.parquet_files = [], [], []
        self.expected = []

    def run(self, commits):
        for number in range(commits):
            entries = made_entries(8, seed=number)
            self.expected += chosen(entries)
            self.rig.append(entries)
            began = time.process_time()
            self.rig.commit()
            committed = time.process_time()
            self.rig.clock.advance(1)
            self.rig.follower.tick()
            self.commits.append(committed - began)
            self.upkeep.append(time.process_time() - committed)
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                self.look()
        for _ in range(60):
            self.rig.clock.advance(3)
            self.rig.follower.tick()

    def look(self):
        metadata = list((self.folder / "metadata").iterdir())
        self.metadata_files.append(len(metadata))
        self.metadata_bytes.append(max(path.stat().st_size for path in metadata))
        self.parquet_files.append(len(self.rig.snapshot(self.store).files))
        print(
            f"{len(self.commits):>6}: {statistics.median(self.commits[-LOOK_EVERY:]) * 1000:.0f} ms of CPU each, "
            f"{statistics.mean(self.upkeep[-LOOK_EVERY:]) * 1000:.0f} ms of upkeep; {self.metadata_files[-1]} files of "
            f"metadata, the largest {self.metadata_bytes[-1]:,} bytes; {self.parquet_files[-1]} Parquet files",
            flush=True,
        )


def chosen(entries):
    return [
        entries.event_ids[index]
        for index in range(entries.count)
        if entries.categories[index] == "Management" and entries.accounts[index] == ACCOUNT
    ]


@pytest.mark.soak
def test_the_last_of_twenty_thousand_commits_is_as_cheap_as_the_fiftieth(tmp_path, commits=20_000):
    course = Course(tmp_path)
    course.run(commits)
    first, last = statistics.median(course.commits[25:275]), statistics.median(course.commits[-250:])
    assert last <= 1.5 * first, f"a commit took {first * 1000:.0f} ms of CPU, and {last * 1000:.0f} ms in the end"
    first, last = statistics.mean(course.upkeep[:500]), statistics.mean(course.upkeep[-500:])
    assert last <= 2 * first, f"upkeep took {first * 1000:.0f} ms of CPU a commit, and {last * 1000:.0f} ms in the end"
    assert max(course.metadata_files) < 400
    assert max(course.metadata_bytes) < 256 * 1024
    assert max(course.parquet_files) < 100
    assert len(list((course.folder / "metadata").iterdir())) < 400
    assert unreferenced(course.rig.follower._open_tables[course.store.store.id]) == []
    assert course.rig.ids(course.store) == sorted(course.expected)
    course.rig.close()


if __name__ == "__main__":
    test_the_last_of_twenty_thousand_commits_is_as_cheap_as_the_fiftieth(Path(sys.argv[2]), int(sys.argv[1]))

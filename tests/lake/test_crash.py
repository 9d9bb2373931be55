"""kill -9 during commits, compaction, retention, sweeping: every event is in its table once, and nothing else."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from opentrail.clock import SystemClock
from opentrail.journal import Entries
from opentrail.lake.check import LakeCheck
from opentrail.lake.settings import LakeSettings
from opentrail.segments.sweep import unreferenced
from tests.lake.rig import ACCOUNT, Rig, only
from tests.segments.made_events import made_entries

DAY_US = 86_400_000_000
RETENTION_DAYS = 7


class Load:
    """Appends until it is stopped: events of now, and some that serve their time while the test runs."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._rig = rig
        self._seed = seed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.appended: list[Entries] = []

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self._seed)
        while not self._stop.wait(0.02):
            entries = made_entries(60, seed=chance.getrandbits(40))
            now_us = time.time_ns() // 1000
            for index in range(entries.count):
                soon_over = now_us - RETENTION_DAYS * DAY_US + chance.randrange(20_000_000)
                entries.times_us[index] = soon_over if index % 3 == 0 else now_us - chance.randrange(5 * DAY_US)
            self._rig.journal.append(entries, "live")
            self.appended.append(entries)


def expected(parts: list[Entries], oldest_us: int) -> list[str]:
    return sorted(
        entries.event_ids[index]
        for entries in parts
        for index in range(entries.count)
        if entries.accounts[index] == ACCOUNT
        and entries.categories[index] == "Management"
        and entries.times_us[index] >= oldest_us
    )


class Tables(NamedTuple):
    """Event IDs of the table that followed all along, and those it had to have; the IDs of one that was changed."""

    whole: list[str]
    due: set[str]
    appended: set[str]
    changed: list[str]


def check_rounds(folder: Path, rounds: int) -> Tables:
    """Kill the follower `rounds` times while stores change; what their tables then hold."""
    rig = Rig(folder, SystemClock())  # type: ignore[arg-type]
    whole = rig.create(1, retention_days=RETENTION_DAYS)
    changing = rig.create(2)
    chance = random.Random(20260304)
    appended: list[Entries] = []
    rig.follower.close()
    for turn in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lake.killed_follower", str(folder)], stdout=subprocess.PIPE, text=True
        )
        with Load(rig, turn) as load:
            assert process.stdout is not None
            assert process.stdout.readline() == "going\n"
            time.sleep(chance.uniform(0.0, 1.2))
            selectors = [None, only("Data", **{"resources.type": ["AWS::S3::Object"]})][turn % 2]
            made = rig.create(100 + turn, selectors)
            changing = rig.change(changing, selectors=made.store.selectors)
            rig.stores.remove(made)
            time.sleep(chance.uniform(0.0, 0.6))
            process.kill()
            process.wait()
            process.stdout.close()
        appended += load.appended
        found = LakeCheck(rig.catalog, rig.tables, rig.journal, rig.clock).run()
        assert found.problems == [], f"round {turn}"
    rig.new_follower(LakeSettings(sweep_check_s=0.0, sweep_grace_s=0.0, retention_check_s=0.0, compaction_check_s=0.0))
    rig.commit()
    for _ in range(30):
        rig.follower.tick()
    at_first = set(expected(appended, rig.clock.now_us() - RETENTION_DAYS * DAY_US))
    in_whole = rig.ids(whole)
    at_last = set(expected(appended, rig.clock.now_us() - RETENTION_DAYS * DAY_US))
    seen = rig.ids(changing)
    found = LakeCheck(rig.catalog, rig.tables, rig.journal, rig.clock).run()
    assert found.problems == []
    for table in rig.follower._open_tables.values():
        assert unreferenced(table) == []
    rig.close()
    return Tables(in_whole, at_last, at_first, seen)


def test_each_event_is_in_its_table_once_after_kill_9(tmp_path: Path) -> None:
    found = check_rounds(tmp_path, rounds=10)
    assert len(found.whole) == len(set(found.whole)) > 100
    assert found.due <= set(found.whole) <= found.appended
    assert len(found.changed) == len(set(found.changed)) > 0


@pytest.mark.soak
def test_each_event_is_in_its_table_once_after_100_times_kill_9(tmp_path: Path) -> None:
    found = check_rounds(tmp_path, rounds=100)
    assert len(found.whole) == len(set(found.whole)) > 1000
    assert found.due <= set(found.whole) <= found.appended
    assert len(found.changed) == len(set(found.changed)) > 0

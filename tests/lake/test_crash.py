"""kill -9 during commits, compaction, retention, sweeping: every event is in its table once, and nothing else."""

import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from opentrail.catalog.event_data_stores import StoreVersion
from opentrail.clock import SystemClock
from opentrail.journal import Entries
from opentrail.lake.check import LakeCheck
from opentrail.lake.settings import LakeSettings
from opentrail.segments.sweep import unreferenced
from tests.lake.kill_stages import IDLE, RETENTION, SAID, STAGES
from tests.lake.rig import ACCOUNT, Rig, only
from tests.segments.made_events import made_entries

DAY_US = 86_400_000_000
RETENTION_DAYS = 7
WAIT_SECONDS = 120.0


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


class Killed:
    """The program whose processes are killed, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.lake.killed_follower", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, stage: str = "") -> int:
        """A process that follows, and kills itself at `stage`; its ID."""
        assert self._program.stdin is not None
        self._program.stdin.write(f"{stage}\n")
        self._program.stdin.flush()
        return int(self.says())

    def says(self) -> str:
        """The next line of its output."""
        return self._lines.get(timeout=WAIT_SECONDS)

    def close(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(WAIT_SECONDS)

    def _listen(self) -> None:
        assert self._program.stdout is not None
        with self._program.stdout as output:
            for line in output:
                if line.startswith(SAID):  # the rest is its log
                    self._lines.put(line.removeprefix(SAID).rstrip("\n"))


class Tables(NamedTuple):
    """Event IDs of the table that followed all along, and those it had to have; the IDs of one that was changed.

    `stages`: at which the follower was killed.
    """

    whole: list[str]
    due: set[str]
    appended: set[str]
    changed: list[str]
    stages: list[str]


def outlived(rig: Rig, number: int, appended: list[Entries]) -> StoreVersion:
    """A store with a file whose events have all served their time, and one of which half have, when it is next seen.

    Its events, which are other stores' as well, are added to `appended`.
    """
    rig.new_follower()
    store = rig.create(number, retention_days=RETENTION_DAYS)
    for youngest in (0, 4 * DAY_US):
        entries = made_entries(60, seed=number + youngest)
        now_us = time.time_ns() // 1000
        entries.times_us[:] = [now_us - youngest - index * DAY_US // 50 for index in range(30)] * 2
        entries.times_us[:20] = [now_us - 13 * DAY_US // 2] * 20  # so many that the store selects some
        rig.append(entries)
        appended.append(entries)
        rig.commit()
    rig.follower.close()
    return rig.change(store, retention_days=3)


def check_rounds(folder: Path, rounds: int) -> Tables:
    """Kill the follower `rounds` times while stores change, at each stage, then at any moment; what is there then."""
    rig = Rig(folder, SystemClock())  # type: ignore[arg-type]
    whole = rig.create(1, retention_days=RETENTION_DAYS)
    changing = rig.create(2)
    chance = random.Random(20260304)
    appended: list[Entries] = []
    stages: list[str] = []
    rig.follower.close()
    program = Killed(folder)
    for turn in range(rounds):
        stage = STAGES[turn] if turn < len(STAGES) else ""
        over = outlived(rig, 1000 + turn, appended) if stage in RETENTION else None
        with Load(rig, turn) as load:
            process = program.start(stage)
            selectors = [None, only("Data", **{"resources.type": ["AWS::S3::Object"]})][turn % 2]
            made = rig.create(100 + turn, selectors)
            changing = rig.change(changing, selectors=made.store.selectors)
            rig.stores.remove(made)
            if not stage:
                time.sleep(chance.uniform(0.0, 1.2))
                os.kill(process, signal.SIGKILL)
            elif stage not in IDLE:
                stages.append(program.says())
        if stage in IDLE:
            stages.append(program.says())
        assert program.says() == "ended"
        appended += load.appended
        found = LakeCheck(rig.catalog, rig.tables, rig.journal, rig.clock).run()
        assert found.problems == [], f"round {turn}: {stage}"
        if over is not None:
            rig.stores.remove(over)
    program.close()
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
    return Tables(in_whole, at_last, at_first, seen, stages)


def test_each_event_is_in_its_table_once_after_kill_9_at_every_stage(tmp_path: Path) -> None:
    found = check_rounds(tmp_path, rounds=len(STAGES) + 1)
    assert found.stages == list(STAGES)
    assert len(found.whole) == len(set(found.whole)) > 100
    assert found.due <= set(found.whole) <= found.appended
    assert len(found.changed) == len(set(found.changed)) > 0


@pytest.mark.soak
def test_each_event_is_in_its_table_once_after_100_times_kill_9(tmp_path: Path) -> None:
    found = check_rounds(tmp_path, rounds=100 + len(STAGES))
    assert found.stages == list(STAGES)
    assert len(found.whole) == len(set(found.whole)) > 1000
    assert found.due <= set(found.whole) <= found.appended
    assert len(found.changed) == len(set(found.changed)) > 0

"""A process that does nothing but drive the lake's follower, restlessly, until it is killed: for test_crash.

For each line of standard input (a stage of kill_stages at which it kills itself, or an empty one) a process is forked
off, so that only the first one pays for what is loaded; it says its process ID when its first step is done.
"""

import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.followers import Runner
from opentrail.journal import Journal
from opentrail.lake.follower import LakeFollower
from opentrail.lake.reading import Reach
from opentrail.lake.settings import LakeSettings
from opentrail.lake.timeline import reaches_lake
from tests.lake.kill_stages import SAID, die_at
from tests.lake.rig import REGIONS

LONGEST_SECONDS = 120

RESTLESS = LakeSettings(
    commit_interval_s=0.02,
    retention_check_s=0.0,
    compaction_check_s=0.0,
    compaction_files=2,
    compaction_backlog_files=0,
    expire_after_commits=4,
    sweep_check_s=0.0,
    sweep_grace_s=0.1,
)


def main(folder: Path) -> None:
    """Fork off one process after the other, each when the one before has ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                follow(folder, line.strip())
            except Exception:  # noqa: BLE001 - what went wrong is told; the line of the stage never comes
                traceback.print_exc()
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        print(f"{SAID}ended", flush=True)


def follow(folder: Path, stage: str) -> None:
    """Follow for ever, or until the stage."""
    signal.alarm(LONGEST_SECONDS)  # whoever was to kill it may be gone himself
    clock = SystemClock()
    journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
    follower = LakeFollower(
        open_catalog(folder / "catalog"),
        folder / "tables",
        lambda after, events: journal.read(after, events, origins=reaches_lake),
        clock,
        RESTLESS,
        Reach(REGIONS).matcher,
    )
    print(f"{SAID}{os.getpid()}", flush=True)
    if stage:
        die_at(stage)
    else:
        follower.tick()
    Runner(journal, follower, folder / "lake.lock", clock).run(threading.Event())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

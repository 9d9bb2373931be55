"""A process that does nothing but drive the lake's follower, restlessly, until it is killed: for test_crash."""

import sys
import threading
from pathlib import Path

from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.followers import Runner
from opentrail.journal import Journal
from opentrail.lake.follower import LakeFollower
from opentrail.lake.reading import Reach
from opentrail.lake.settings import LakeSettings
from opentrail.lake.timeline import reaches_lake
from tests.lake.rig import REGIONS

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
    """Follow for ever; says so when the first step is done."""
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
    follower.tick()
    print("going", flush=True)
    Runner(journal, follower, folder / "lake.lock", clock).run(threading.Event())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

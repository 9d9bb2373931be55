"""Puts the lake's follower together in the worker: the catalog, its settings and its lock."""

import os
from typing import Final

from opentrail.catalog.database import open_catalog
from opentrail.clock import Clock
from opentrail.followers import Runner
from opentrail.journal import Journal
from opentrail.lake.follower import LakeFollower
from opentrail.lake.reading import Reach
from opentrail.lake.settings import LakeSettings
from opentrail.lake.store_keys import CheckKey, StoreKeyWatch
from opentrail.lake.timeline import reaches_lake
from opentrail.server.data_folder import DataFolder
from opentrail.server.settings import Lake
from opentrail.server.worker.following import Following

LAKE_LOCK: Final = "lake.lock"
_MOST_THREADS: Final = 4  # that make columns where the settings leave it to the number of processors


def lake_settings(lake: Lake) -> LakeSettings:
    """The lake's own settings value."""
    threads = min(max((os.cpu_count() or 1) // 2, 1), _MOST_THREADS)
    return LakeSettings(commit_interval_s=lake.commit_interval_seconds, threads=lake.ingest_threads or threads)


class LakeWriting:
    """The tables of event data stores as a thread of the worker, from the opening of the catalog to its closing."""

    def __init__(
        self,
        folder: DataFolder,
        journal: Journal,
        clock: Clock,
        lake: Lake,
        regions: tuple[str, ...],
        check_key: CheckKey,
        retention: Clock,
    ) -> None:
        """`check_key` asks KMS about the key of a store; `retention`: the clock that events expire by."""
        self._engine = open_catalog(folder.catalog)
        keys = StoreKeyWatch(self._engine, check_key, clock)
        self._follower = LakeFollower(
            self._engine,
            folder.tables,
            lambda after, events: journal.read(after, events, origins=reaches_lake),
            clock,
            lake_settings(lake),
            Reach(regions).matcher,
            keys.refuses,
            retention,
        )
        runner = Runner(journal, self._follower, folder.locks / LAKE_LOCK, clock)
        self.following = Following(lake=runner.run, store_keys=keys.run)

    def close(self, seconds: float) -> None:
        """Wait for the end, at most so long; what is not committed comes again from the journal."""
        self.following.join(seconds)
        self._follower.close()
        self._engine.dispose()

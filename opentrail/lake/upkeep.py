"""Keeping the table of a store in shape: compaction, retention, expiry of snapshots, sweeping. Steps of its committer.

Small files that are neighbours in time are merged in tiers, up to limits.SEGMENT_BYTES, so that an event is rewritten
a few times at most. A file goes when all its events have served their time; one that is half over, by the times of
its oldest and newest event, is written again without them. Until then queries leave them out.

Where commits come faster than upkeep there are always snapshots to expire: what else is to do has every other turn.
"""

from collections.abc import Callable, Sequence
from typing import Final

from opentrail import telemetry
from opentrail.clock import Clock
from opentrail.followers.steps import Schedule
from opentrail.lake.federation import Pointer
from opentrail.lake.files import merge
from opentrail.lake.settings import LakeSettings
from opentrail.segments.compaction import is_full, tier_of
from opentrail.segments.snapshot import SegmentFile
from opentrail.segments.sweep import Sweeper
from opentrail.segments.table import EventTable

_DAY_US: Final = 86_400_000_000
_log = telemetry.logger("lake")


class TableUpkeep:
    """The upkeep of one table: at most one step at a time, each a commit of its own. `busy`: events pour in."""

    def __init__(self, table: EventTable, clock: Clock, settings: LakeSettings) -> None:
        self._table = table
        self._clock = clock
        self._settings = settings
        self._sweeper = Sweeper(clock, settings.sweep_grace_s)
        self._pointer = Pointer(table)
        self._schedule = Schedule(clock, "compaction", "retention", "sweep")
        self._expired = False  # with the last step

    def step(self, keep_after_us: int, *, federated: bool, busy: bool) -> bool:
        """Do one thing that is due; whether there was one. What happened before `keep_after_us` has served its time."""
        self._pointer.follow(federated=federated)
        expired, self._expired = self._expired, False
        if not expired and self._expire_snapshots():
            return True
        others: tuple[Callable[[int, bool], bool], ...] = (self._retain, self._compact, self._sweep)
        return any(step(keep_after_us, busy) for step in others) or self._expire_snapshots()

    def retain_soon(self) -> None:
        """The retention period was changed: look at it with the next step."""
        self._schedule.soon("retention")

    def _expire_snapshots(self) -> bool:
        if self._table.commits_since_expiry < self._settings.expire_after_commits:
            return False
        self._table.expire_snapshots()
        self._expired = True
        return True

    def _compact(self, keep_after_us: int, busy: bool) -> bool:
        files = self._table.snapshot.files
        if busy and len(files) < self._settings.compaction_backlog_files:
            return False  # merging takes seconds; what waits in the journal comes first
        if not self._schedule.is_time("compaction", self._settings.compaction_check_s):
            return False
        group = plan_compaction(files, self._settings.compaction_files)
        if not group:
            return False
        self._rewrite(group, keep_after_us)
        self._schedule.soon("compaction")
        return True

    def _retain(self, keep_after_us: int, busy: bool) -> bool:
        if not self._schedule.is_time("retention", self._settings.retention_check_s):
            return False
        files = self._table.snapshot.files
        gone = [file for file in files if file.newest_us < keep_after_us]
        if gone:
            self._table.drop(gone, keep_after_us)
            events = sum(file.rows for file in gone)
            _log.info("expired", action="lake.expire", store=self._table.layout.name, files=len(gone), events=events)
            self.retain_soon()
            return True
        half_over = [file for file in files if _is_half_over(file, keep_after_us)]
        if half_over:
            self._rewrite(half_over[:1], keep_after_us)
            self.retain_soon()
        return bool(half_over)

    def _rewrite(self, group: Sequence[SegmentFile], keep_after_us: int) -> None:
        merged = merge(self._table.data_folder, group, keep_after_us)
        self._table.replace(group, [] if merged is None else [merged], expired_before_us=keep_after_us)

    def _sweep(self, keep_after_us: int, busy: bool) -> bool:
        if not self._schedule.is_time("sweep", self._settings.sweep_check_s):
            return False
        return self._sweeper.sweep(self._table, self._pointer.files()) > 0


def plan_compaction(files: Sequence[SegmentFile], tier_files: int) -> list[SegmentFile]:
    """The next files to merge into one, neighbours in time; or none."""
    small = sorted((file for file in files if not is_full(file)), key=lambda file: file.oldest_us)
    return tier_of(small, tier_files)


def _is_half_over(file: SegmentFile, keep_after_us: int) -> bool:
    over, whole = keep_after_us - file.oldest_us, file.newest_us - file.oldest_us
    return over >= _DAY_US and over * 2 >= whole

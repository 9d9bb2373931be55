"""The follower that makes history: events of the journal become segments, and the table is kept in shape.

It is the table's only committer, and all upkeep is a step of its `tick`: compaction, retention, expiry of snapshots,
sweeping. What it holds back in memory is not durable; `position` is what the table says. After any failure it forgets
what it holds and takes the table from disk again, so a half-done step can neither lose nor double an event.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from opentrail import limits, telemetry
from opentrail.clock import Clock
from opentrail.followers.steps import Schedule, forgetting
from opentrail.history.origins import IMPORT, reaches_history
from opentrail.history.settings import DAY_SECONDS, HistorySettings
from opentrail.journal import Batch
from opentrail.segments.columns import Rows, sorted_tables
from opentrail.segments.compaction import compact, plan_compaction
from opentrail.segments.retention import expired
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.sweep import Sweeper
from opentrail.segments.table import EventTable
from opentrail.segments.writer import write_segment

NAME: Final = "history"
_MICROSECONDS: Final = 1_000_000

_log = telemetry.logger("history")


class HistoryFollower:
    """Implements followers.FlushingFollower. For one thread. `retention`: the clock that events expire by."""

    def __init__(
        self, tables: Path, clock: Clock, settings: HistorySettings | None = None, retention: Clock | None = None
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._retention = retention if retention is not None else clock
        self._settings = settings if settings is not None else HistorySettings()
        self._reader = SnapshotReader(tables)
        self._table: EventTable | None = None
        self._sweeper = Sweeper(clock, self._settings.sweep_grace_s)
        self._pending = Rows()
        self._pending_since = 0.0
        self._pending_imports = False
        self._last_event = 0.0
        self._handled = 0
        self._last_commit = clock.monotonic()
        self._busy = False
        self._upkeep = Schedule(clock, "compaction", "retention", "sweep")

    @property
    def name(self) -> str:
        """`history`."""
        return NAME

    def wants(self, origin: str) -> bool:
        """Live events, imports into history."""
        return reaches_history(origin)

    def position(self) -> int:
        """The position that the table on disk reaches. Needs no lock: before ownership it is read from the catalog."""
        return self._table.snapshot.position if self._table is not None else self._reader.load().position

    def handle(self, batches: Sequence[Batch], through: int) -> None:
        """Take batches; those already held or in the table are passed over. Durable with a later commit."""
        with forgetting(self._forget):
            table = self._open()
            held = max(self._handled, table.snapshot.position)
            for batch in batches:
                if batch.last <= held:
                    continue
                if not self._pending.count:
                    self._pending_since = self._clock.monotonic()
                self._pending.add(batch, held)
                self._pending_imports = self._pending_imports or batch.origin == IMPORT
                held = batch.last
                self._last_event = self._clock.monotonic()
            self._handled = max(held, through)
            self._busy = sum(batch.entries.count for batch in batches) >= limits.JOURNAL_BATCH_EVENTS
            if self._is_full():
                self._commit(table)

    def tick(self) -> None:
        """Commit what has waited long enough; otherwise one step of upkeep, where one is due."""
        with forgetting(self._forget):
            table = self._open()
            if self._is_due(table):
                self._commit(table)
                return
            for step in (self._expire_snapshots, self._compact, self._retain, self._sweep):
                if step(table):
                    break
            self._busy = False

    def flush(self) -> None:
        """Commit all that was handled."""
        with forgetting(self._forget):
            table = self._open()
            if self._handled > table.snapshot.position:
                self._commit(table)

    def close(self) -> None:
        """Let go of the table; what is not committed will come again from the journal."""
        self._forget()
        self._reader.close()

    def _open(self) -> EventTable:
        if self._table is None:
            self._table = EventTable.open(self._tables)
        return self._table

    def _forget(self) -> None:
        self._pending = Rows()
        self._pending_since = 0.0
        self._pending_imports = False
        self._last_event = 0.0
        self._handled = 0
        self._last_commit = self._clock.monotonic()
        if self._table is not None:
            self._table.close()
            self._table = None

    def _is_full(self) -> bool:
        settings = self._settings
        return self._pending.count >= settings.max_pending_events or self._pending.bytes >= settings.max_pending_bytes

    def _is_due(self, table: EventTable) -> bool:
        now = self._clock.monotonic()
        if not self._pending.count:
            # Nothing for us, but the journal went on: say so now and then, or it could not be trimmed.
            moved = self._handled > table.snapshot.position
            return moved and now - self._last_commit >= self._settings.commit_interval_s
        if self._pending_imports and now - self._last_event >= self._settings.import_commit_s:
            return True
        return now - self._pending_since >= self._settings.commit_interval_s

    def _commit(self, table: EventTable) -> None:
        """Write what is pending, one segment for each day of arrival, and commit it with the position."""
        rows, position = self._pending, self._handled
        written = [
            write_segment(table.data_folder, sorted_tables(part), part.arrived_us[0]) for part in rows.by_arrival_day()
        ]
        table.append([segment.path for segment in written], position)
        self._pending = Rows()
        self._pending_imports = False
        self._last_commit = self._clock.monotonic()
        telemetry.FOLLOWER_POSITION.labels(NAME).set(position)

    def _expire_snapshots(self, table: EventTable) -> bool:
        if table.commits_since_expiry < self._settings.expire_after_commits:
            return False
        table.expire_snapshots()
        return True

    def _compact(self, table: EventTable) -> bool:
        if self._busy and len(table.snapshot.files) < self._settings.compaction_backlog_files:
            return False  # merging takes seconds; what waits in the journal comes first
        if not self._upkeep.is_time("compaction", self._settings.compaction_check_s):
            return False
        group = plan_compaction(table.snapshot.files, self._clock.now_us(), self._settings.compaction_files)
        if not group:
            return False
        table.replace(group, compact(table.data_folder, group))
        self._upkeep.soon("compaction")
        return True

    def _retain(self, table: EventTable) -> bool:
        if not self._upkeep.is_time("retention", self._settings.retention_check_s):
            return False
        keep_after_us = self._retention.now_us() - self._settings.retention_days * DAY_SECONDS * _MICROSECONDS
        gone = expired(table.snapshot.files, keep_after_us)
        if gone:
            table.drop(gone, keep_after_us)
            _log.info("expired", action="history.expire", files=len(gone), events=sum(file.rows for file in gone))
        return bool(gone)

    def _sweep(self, table: EventTable) -> bool:
        if not self._upkeep.is_time("sweep", self._settings.sweep_check_s):
            return False
        return self._sweeper.sweep(table) > 0

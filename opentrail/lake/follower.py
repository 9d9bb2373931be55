"""The follower that serves all event data stores with one pass over the journal: judges events, commits their tables.

It is the only committer of every store's table, and all upkeep is a step of its `tick`. What it holds in memory is not
durable: a table says how far it reaches, the catalog how far a store is whose events were none. A store that was
changed, or whose table cannot be written, reads again by itself what it needs and then joins the pass.

A commit is fenced: a change of a store takes effect at the journal's head while the catalog is locked for it, and
before a table is committed that lock is taken once to see that nothing has changed. So no event beyond a change is
ever committed by what the store was before.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from opentrail import limits, telemetry
from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.clock import Clock
from opentrail.followers.steps import forgetting
from opentrail.journal import Batch
from opentrail.journal.entries import ReadResult
from opentrail.lake.channel_destinations import ChannelDestinations
from opentrail.lake.event_rows import connect
from opentrail.lake.files import write_new
from opentrail.lake.reading import keep_after_us
from opentrail.lake.settings import LakeSettings
from opentrail.lake.store_in_pass import StoreInPass
from opentrail.lake.tables import NAMESPACE, layout_named, layout_of, stored_columns
from opentrail.lake.timeline import MakeMatcher, StoreTimeline, reaches_lake, timelines
from opentrail.lake.upkeep import TableUpkeep
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.table import EventTable, drop_table
from opentrail.selectors.events import events_of

NAME: Final = "lake"
_TIME_BETWEEN_CHANGES: Final = 9  # as much as reading them took: who changes stores all the time holds up none
_COMMITS_BEFORE_UPKEEP: Final = 8  # ticks that commit, one after the other, before one step of upkeep comes besides
_MICROSECONDS: Final = 1_000_000

ReadJournal = Callable[[int, int], ReadResult]  # after this position, at most so many events that reach the lake

_log = telemetry.logger("lake")


class LakeFollower:
    """Implements followers.FlushingFollower. For one thread."""

    def __init__(
        self,
        engine: Engine,
        tables: Path,
        read_journal: ReadJournal,
        clock: Clock,
        settings: LakeSettings,
        make_matcher: MakeMatcher,
        key_refused: Callable[[EventDataStore], bool] = lambda store: False,
        retention: Clock | None = None,
    ) -> None:
        """`key_refused`: whether a store's KMS key cannot be used now; it is asked all the time, and must not wait.

        `retention`: the clock that events and deleted stores expire by.
        """
        self._retention = retention if retention is not None else clock
        self._catalog = EventDataStores(engine)
        self._tables = tables
        self._read_journal = read_journal
        self._clock = clock
        self._settings = settings
        self._make_matcher = make_matcher
        self._key_refused = key_refused
        self._destinations = ChannelDestinations(Channels(engine))
        self._engine = connect(settings.threads)
        self._stores: dict[str, StoreInPass] | None = None
        self._open_tables: dict[str, EventTable] = {}
        self._upkeep: dict[str, TableUpkeep] = {}
        self._turns: dict[str, int] = {}  # by store: the greater, the later was its last step of upkeep
        self._change = -1
        self._look_at = float("-inf")  # for changes, in monotonic seconds
        self._removals_at = float("-inf")
        self._handled = 0
        self._position = 0
        self._told: dict[str, int] = {}  # what the catalog knows of each store's way
        self._held_bytes = 0
        self._busy = False
        self._crowded = 0  # ticks without a break that had something to commit
        self._written_at = clock.monotonic()

    @property
    def name(self) -> str:
        """`lake`."""
        return NAME

    def wants(self, origin: str) -> bool:
        """All but imports into the history."""
        return reaches_lake(origin)

    def position(self) -> int:
        """What no store needs any more, as the catalog says. Needs no lock."""
        return self._position if self._stores is not None else self._catalog.position()

    def handle(self, batches: Sequence[Batch], through: int) -> None:
        """Let every store that is in step judge the batches."""
        with forgetting(self._forget):
            stores = self._open()
            in_step = [store for store in stores.values() if store.judged >= self._handled and not store.failures]
            for batch in batches:
                self._judge(in_step, batch)
            for store in in_step:
                if not store.waits:
                    store.pass_over(through)
            self._handled = max(self._handled, through)
            self._busy = sum(batch.entries.count for batch in batches) >= limits.JOURNAL_BATCH_EVENTS
            self._commit_full(stores.values())

    def tick(self) -> None:
        """Let stores that are behind catch up, commit what has waited long enough; otherwise one step of upkeep.

        Where there is always something to commit, upkeep has its turn all the same, now and then.
        """
        with forgetting(self._forget):
            stores = self._open()
            self._catch_up(stores.values())
            now = self._clock.monotonic()
            due = [store for store in stores.values() if store.rows.count and self._is_due(store, now)]
            for store in due:
                self._attempt(store, self._commit)
            self._write_down()
            self._crowded = self._crowded + 1 if due else 0
            if self._crowded % _COMMITS_BEFORE_UPKEEP == 0 and not self._remove(list(stores.values())):
                self._keep_one_in_shape(stores)
            self._busy = False

    def flush(self) -> None:
        """Commit everything that was judged."""
        with forgetting(self._forget):
            stores = self._open()
            while any(one.judged < self._handled and not one.failures and not one.waits for one in stores.values()):
                self._catch_up(stores.values())
                self._commit_full(stores.values())
            for store in list(stores.values()):
                if store.rows.count:
                    self._commit(store)
            self._write_down(at_once=True)

    def close(self) -> None:
        """Let go of the tables; what is not committed will come again from the journal."""
        self._forget()
        self._engine.close()

    # Stores, and how far they are

    def _open(self) -> dict[str, StoreInPass]:
        if self._stores is None:
            self._change = self._catalog.newest_change()  # first: what changes meanwhile is seen with the next look
            self._stores = {}
            through = self._catalog.progress()
            for store_id, timeline in self._timelines().items():
                self._stores[store_id] = StoreInPass(timeline, max(through.get(store_id, 0), self._reached(timeline)))
            self._drop_orphans(self._stores)
            self._position = self._handled = self._catalog.position()
        elif self._clock.monotonic() >= self._look_at and self._catalog.newest_change() != self._change:
            began = self._clock.monotonic()
            self._take_changes(self._stores)
            ended = self._clock.monotonic()
            self._look_at = ended + _TIME_BETWEEN_CHANGES * (ended - began)
        return self._stores

    def _drop_orphans(self, stores: Collection[str]) -> None:
        """Tables of stores that were removed when a crash came between."""
        folder = self._tables / NAMESPACE
        found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        for name in found:
            if name not in stores:
                drop_table(self._tables, layout_named(name))

    def _timelines(self) -> dict[str, StoreTimeline]:
        return timelines(self._catalog.all_versions(), self._make_matcher, self._destinations)

    def _reached(self, timeline: StoreTimeline) -> int:
        """The position that the table on disk reaches; 0 while there is none."""
        reader = SnapshotReader(self._tables, layout_of(timeline.store))
        try:
            return reader.load().position
        finally:
            reader.close()

    def _take_changes(self, stores: dict[str, StoreInPass]) -> None:
        """New versions judge what they are to judge, new stores join, removed ones are gone."""
        change = self._catalog.newest_change()
        found = self._timelines()
        for store_id, timeline in found.items():
            known = stores.get(store_id)
            if known is None:
                stores[store_id] = StoreInPass(timeline, 0)
            elif known.timeline.newest.number != timeline.newest.number:
                if store_id in self._upkeep:
                    self._upkeep[store_id].retain_soon()
                self._held_bytes -= known.change(timeline)
        for store_id in stores.keys() - found.keys():
            self._held_bytes -= stores.pop(store_id).rows.bytes
            self._let_go(store_id)
        self._change = change

    def _forget(self) -> None:
        self._stores = None
        for store_id in list(self._open_tables):
            self._let_go(store_id)
        self._change = -1
        self._held_bytes = 0

    def _let_go(self, store_id: str) -> None:
        self._upkeep.pop(store_id, None)
        table = self._open_tables.pop(store_id, None)
        if table is not None:
            table.close()

    def _judge(self, stores: Iterable[StoreInPass], batch: Batch) -> None:
        events, now, now_us = events_of(batch), self._clock.monotonic(), self._retention.now_us()
        for store in stores:
            if store.waits:
                continue  # what comes after what it waits for would pass that over
            self._held_bytes += store.judge(batch, events, keep_after_us(store.timeline.store, now_us), now)
            self._hold_back(store)

    def _catch_up(self, stores: Iterable[StoreInPass]) -> None:
        """One step for each store that is behind the pass."""
        now = self._clock.monotonic()
        for store in stores:
            store.waits = store.waits and self._key_refused(store.timeline.store)
            if store.waits or store.judged >= self._handled or now < store.retry_at or self._is_full(store):
                continue
            found = self._read_journal(store.judged, limits.FOLLOWER_READ_EVENTS)
            for batch in found:
                if batch.first <= self._handled:  # batches beyond come with the pass
                    self._judge([store], batch)
            if store.judged < self._handled and not store.waits:
                store.pass_over(min(found.through, self._handled))

    def _hold_back(self, store: StoreInPass) -> bool:
        """Let the events of a store whose KMS key cannot be used wait in the journal; whether there are some."""
        if not store.rows.count or not self._key_refused(store.timeline.store):
            return False
        self._held_bytes -= store.wait()
        return True

    # Commits

    def _is_full(self, store: StoreInPass) -> bool:
        return store.rows.count >= self._settings.max_pending_events

    def _is_due(self, store: StoreInPass, now: float) -> bool:
        if now < store.retry_at:
            return False
        return self._is_full(store) or now - store.waiting_since >= self._settings.commit_interval_s

    def _commit_full(self, stores: Iterable[StoreInPass]) -> None:
        largest_first = sorted(stores, key=lambda store: -store.rows.bytes)
        for store in largest_first:
            if self._is_full(store) or (store.rows.count and self._held_bytes >= self._settings.max_pending_bytes):
                self._attempt(store, self._commit)

    def _commit(self, store: StoreInPass) -> bool:
        """Write what waits, and commit it with the position; False where the store was changed, or lost its key."""
        if self._hold_back(store):
            return False
        table = self._table(store)
        value = store.timeline.store
        path = write_new(self._engine, table.data_folder, store.rows, stored_columns(value.category))
        if not self._catalog.fence(self._change):
            path.unlink()
            self._take_changes(self._open())
            return False
        table.append([path], store.judged)
        self._held_bytes -= store.rows.bytes
        store.committed()
        return True

    def _table(self, store: StoreInPass) -> EventTable:
        table = self._open_tables.get(store.id)
        if table is None:
            table = EventTable.open(self._tables, layout_of(store.timeline.store), store.through)
            self._open_tables[store.id] = table
        return table

    def _attempt(self, store: StoreInPass, act: Callable[[StoreInPass], bool]) -> bool:
        """Do something with one store; what goes wrong is tried again later and holds up no other store."""
        try:
            return act(store)
        except Exception as error:  # noqa: BLE001 - whatever failed, it is counted and tried again
            store.failures += 1
            delay = min(
                limits.FOLLOWER_BACKOFF_SECONDS * 2.0 ** min(store.failures, 30),
                limits.FOLLOWER_LONGEST_BACKOFF_SECONDS,
            )
            store.retry_at = self._clock.monotonic() + delay
            self._held_bytes -= store.rewind()
            self._let_go(store.id)
            telemetry.FOLLOWER_FAILURES.labels(NAME).inc()
            _log.error(
                "store not written", action="lake.store", store=store.timeline.store.arn, failures=store.failures,
                next_attempt_seconds=delay, exc_info=error,
            )  # fmt: skip
            return True

    def _write_down(self, *, at_once: bool = False) -> None:
        """Now and then say how far all stores are, or the journal could not be trimmed."""
        stores = self._open()
        now = self._clock.monotonic()
        through = {store.id: store.settled for store in stores.values()}
        position = min([self._handled, *through.values()])
        known = position == self._position and through == self._told
        if known or (not at_once and now - self._written_at < limits.LAKE_POSITION_SECONDS):
            return
        if not self._catalog.write_progress(position, through, self._change):
            return  # what was passed over may be what a new version selects
        for store in stores.values():
            store.through = store.settled
            stale = store.timeline.forgettable(store.through)
            if stale:
                self._catalog.forget_versions(stale)
        self._position, self._told = position, through
        self._written_at = now

    # Upkeep

    def _keep_one_in_shape(self, stores: dict[str, StoreInPass]) -> None:
        """One step for one store; whoever had the last one comes last, so that none waits for another's backlog."""
        in_turn = sorted(stores.values(), key=lambda store: self._turns.get(store.id, 0))
        for store in in_turn:
            if not store.timeline.store.pending_deletion and self._attempt(store, self._keep_in_shape):
                self._turns = {one: turn for one, turn in self._turns.items() if one in stores}
                self._turns[store.id] = max(self._turns.values(), default=0) + 1
                break

    def _keep_in_shape(self, store: StoreInPass) -> bool:
        if self._clock.monotonic() < store.retry_at:
            return False
        if store.id not in self._upkeep:
            self._upkeep[store.id] = TableUpkeep(self._table(store), self._clock, self._settings)
        keep_us = keep_after_us(store.timeline.store, self._retention.now_us())
        federated = store.timeline.store.federation_status == "ENABLED"
        return self._upkeep[store.id].step(keep_us, federated=federated, busy=self._busy)

    def _remove(self, stores: Sequence[StoreInPass]) -> bool:
        """Remove the stores whose time to be restored is over; whether there was one."""
        now = self._clock.monotonic()
        if now < self._removals_at:
            return False
        self._removals_at = now + self._settings.removal_check_s
        due_us = self._retention.now_us() - limits.STORE_DELETION_SECONDS * _MICROSECONDS
        gone = [one.timeline for one in stores if (one.timeline.store.deleted_at_us or due_us) < due_us]
        for timeline in gone:
            if self._catalog.remove(timeline.newest):
                self._let_go(timeline.store.id)
                drop_table(self._tables, layout_of(timeline.store))
                _log.info("store removed", action="lake.remove", store=timeline.store.arn)
        return bool(gone)

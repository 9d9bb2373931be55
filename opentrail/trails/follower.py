"""The follower that serves all trails with one pass over the journal: judges events, cuts files, has digests made.

What it holds in memory is not durable; `position` is what no trail needs any more. A trail that was changed, or that
the outbox had no room for, reads again by itself what it needs and then joins the pass. Bytes are never touched: the
recorded ones go into the files.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from sqlalchemy import Engine

from opentrail import limits, telemetry
from opentrail.catalog.database import READING
from opentrail.catalog.delivery_progress import newest_change, read_progress, write_progress
from opentrail.catalog.log_files import waiting_bytes
from opentrail.catalog.trails import Trails, TrailVersion
from opentrail.clock import Clock
from opentrail.followers.steps import forgetting
from opentrail.journal import Batch
from opentrail.journal.entries import ReadResult
from opentrail.selectors.events import events_of
from opentrail.trails.cutting import Cutter, TrailsChanged
from opentrail.trails.grid import slot
from opentrail.trails.judging import TrailInPass
from opentrail.trails.outbox import Outbox
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.timeline import MakeMatcher, Timeline

NAME: Final = "trails"
_TIME_BETWEEN_CHANGES: Final = 9  # as much as reading them took: who changes trails all the time holds up none
_CUT_AT_ONCE: Final = -1  # no slot has this number
LIVE: Final = "live"  # the one origin that trails follow: old foreign logs are never delivered

ReadJournal = Callable[[int, int], ReadResult]  # after this position, at most so many events of live origin
Background = Callable[[Sequence[TrailInPass]], Collection[int]]  # ids of trails that it closed

_log = telemetry.logger("trails")


class DeliveryFollower:
    """Implements followers.FlushingFollower. For one thread.

    `begin` is called by the owner alone, before anything is cut; `background` with every tick; `cut_made` when there
    are new files in the outbox.
    """

    def __init__(
        self,
        engine: Engine,
        read_journal: ReadJournal,
        outbox: Outbox,
        clock: Clock,
        settings: DeliverySettings,
        make_matcher: MakeMatcher,
        begin: Callable[[], None],
        background: Background,
        cut_made: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._catalog = Trails(engine)
        self._read_journal = read_journal
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self._make_matcher = make_matcher
        self._begin = begin
        self._background = background
        self._cut_made = cut_made
        self._cutter = Cutter(engine, outbox, clock, settings.interval_s)
        self._trails: dict[int, TrailInPass] | None = None
        self._change = -1
        self._look_at = float("-inf")  # for changes, in monotonic seconds
        self._handled = 0
        self._position = 0
        self._held_bytes = 0
        self._slot = slot(clock.now_us(), settings.interval_s)
        self._written_at = clock.monotonic()

    @property
    def name(self) -> str:
        """`trails`."""
        return NAME

    def wants(self, origin: str) -> bool:
        """Live events alone."""
        return origin == LIVE

    def position(self) -> int:
        """What no trail needs any more, as the catalog says. Needs no lock."""
        return self._position if self._trails is not None else self._load()[0]

    def handle(self, batches: Sequence[Batch], through: int) -> None:
        """Let every trail that is in step judge the batches."""
        with forgetting(self._forget):
            trails = self._open()
            in_step = [trail for trail in trails.values() if trail.judged >= self._handled and not trail.parked]
            for batch in batches:
                events = events_of(batch)
                self._held_bytes += max((trail.judge(batch, events) for trail in in_step), default=0)
            for trail in in_step:
                trail.pass_over(through)
            self._handled = max(self._handled, through)
            if self._is_full(trails.values()):
                self._cut()

    def tick(self) -> None:
        """Let trails that are behind catch up, cut when it is time, then the background."""
        with forgetting(self._forget):
            trails = self._open()
            self._catch_up(trails.values())
            if self._is_cut_due(trails.values()):
                self._cut()
            elif any(trail.stopping for trail in trails.values()):
                self._cut(lambda trail: trail.stopping)
            self._write_down()
            for closed in self._background(list(self._open().values())):
                del trails[closed]

    def flush(self) -> None:
        """Cut everything that was judged."""
        with forgetting(self._forget):
            while any(trail.judged < self._handled and not trail.parked for trail in self._open().values()):
                self._catch_up(self._open().values())
            self._cut()

    # Trails, and how far they are

    def _load(self) -> tuple[int, dict[int, TrailInPass], int]:
        """The position, the trails as the catalog has them, and their newest change; the change is read first."""
        change = self._catalog.newest_change()
        timelines = _timelines(self._catalog.all_versions(), self._make_matcher)
        with self._engine.connect().execution_options(**READING) as connection:
            position, through = read_progress(connection)
        trails = {
            timeline.trail_id: TrailInPass(timeline, through.get(timeline.trail_id, timeline.begins_after))
            for timeline in timelines
        }
        return min([position, *(trail.through for trail in trails.values())]), trails, change

    def _open(self) -> dict[int, TrailInPass]:
        if self._trails is None:
            self._begin()
            self._position, self._trails, self._change = self._load()
            self._handled = self._position
        elif self._clock.monotonic() >= self._look_at and self._catalog.newest_change() != self._change:
            began = self._clock.monotonic()
            self._take_changes(self._trails)
            ended = self._clock.monotonic()
            self._look_at = ended + _TIME_BETWEEN_CHANGES * (ended - began)
        return self._trails

    def _take_changes(self, trails: dict[int, TrailInPass]) -> None:
        """New versions judge what they are to judge, new trails join, closed ones are gone."""
        change = self._catalog.newest_change()
        kept = set()
        for timeline in _timelines(self._catalog.all_versions(), self._make_matcher):
            kept.add(timeline.trail_id)
            known = trails.get(timeline.trail_id)
            if known is None:
                trails[timeline.trail_id] = TrailInPass(timeline, timeline.begins_after)
            elif known.timeline.newest.number != timeline.newest.number:
                known.change(timeline)
        for trail_id in trails.keys() - kept:
            del trails[trail_id]
        self._change = change

    def _forget(self) -> None:
        self._trails = None
        self._change = -1
        self._held_bytes = 0

    def _catch_up(self, trails: Iterable[TrailInPass]) -> None:
        """One step for each trail that is behind the pass."""
        for trail in trails:
            if trail.judged >= self._handled or trail.parked:
                continue
            trail.pass_over(trail.timeline.next_needed(trail.judged, self._handled))
            if trail.judged >= self._handled:
                continue
            found = self._read_journal(trail.judged, limits.FOLLOWER_READ_EVENTS)
            for batch in found:
                if batch.first <= self._handled:  # batches beyond come with the pass
                    self._held_bytes += trail.judge(batch, events_of(batch))
            if trail.judged < self._handled:
                trail.pass_over(min(found.through, self._handled))

    # Cuts

    def _is_full(self, trails: Iterable[TrailInPass]) -> bool:
        if self._held_bytes >= limits.DELIVERY_HELD_BYTES:
            return True
        return any(trail.buffers.fullest() >= limits.LOG_FILE_CUT_BYTES for trail in trails)

    def _is_cut_due(self, trails: Iterable[TrailInPass]) -> bool:
        now = slot(self._clock.now_us(), self._settings.interval_s)
        due, self._slot = now != self._slot, now
        if not any(trail.buffers for trail in trails):
            return False
        return due or self._is_full(trails)

    def _cut(self, which: Callable[[TrailInPass], bool] = lambda trail: True) -> None:
        trails = self._open()
        self._park(trails.values())
        cut = [trail for trail in trails.values() if which(trail) and not trail.parked]
        reached = [trail.judged if trail in cut else trail.settled for trail in trails.values()]
        position = min([self._handled, *reached])
        try:
            files = self._cutter.cut(cut, position, self._change)
        except TrailsChanged:
            self._take_changes(trails)
            self._slot = _CUT_AT_ONCE  # what the new versions select
            return
        self._position = position
        if not any(trail.buffers for trail in trails.values()):
            self._held_bytes = 0
        self._written_at = self._clock.monotonic()
        if files:
            self._cut_made()

    def _park(self, trails: Iterable[TrailInPass]) -> None:
        """Where the outbox is full, the trails that fill it wait in the journal; with room again, they go on."""
        trails = list(trails)
        with self._engine.connect().execution_options(**READING) as connection:
            waiting = waiting_bytes(connection)
        free = self._outbox.free_bytes() - self._settings.reserve_bytes
        room = self._settings.outbox_bytes - sum(waiting.values())
        share = self._settings.outbox_bytes // max(len(trails), 1)
        for trail in trails:
            mine = waiting.get(trail.trail_id, 0)
            if trail.parked:
                trail.parked = free <= 0 or (mine > share // 2 and room <= 0)
            elif free <= 0 or (room <= 0 and mine > share):
                trail.parked = True
                trail.rewind()
                _log.error(
                    "outbox full", action="trail-parked", trail=trail.timeline.newest.trail.arn, waiting_bytes=mine
                )

    def _write_down(self) -> None:
        """Now and then say how far trails without events to cut are, or the journal could not be trimmed."""
        trails = self._open()
        if any(trail.parked for trail in trails.values()) and not any(trail.buffers for trail in trails.values()):
            self._park(trails.values())
        now = self._clock.monotonic()
        position = min([self._handled, *(trail.settled for trail in trails.values())])
        if position == self._position or now - self._written_at < limits.DELIVERY_POSITION_SECONDS:
            return
        with self._engine.begin() as connection:
            if newest_change(connection) != self._change:
                return  # what was passed over may be what a new version selects
            write_progress(connection, position, {trail.trail_id: trail.settled for trail in trails.values()})
        for trail in trails.values():
            trail.through = trail.settled
        self._position = position
        self._written_at = now


def _timelines(versions: Sequence[TrailVersion], make_matcher: MakeMatcher) -> list[Timeline]:
    by_trail: dict[int, list[TrailVersion]] = {}
    for version in versions:
        by_trail.setdefault(version.trail_id, []).append(version)
    return [Timeline(of_one, make_matcher) for of_one in by_trail.values()]

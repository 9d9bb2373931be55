"""What the owner of delivery does beside the pass: digests that are due, closing deleted trails, forgetting."""

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from opentrail import limits, telemetry
from opentrail.catalog.database import READING
from opentrail.catalog.digests import digests_waiting, needed_digest_outbox, prune_chains, prune_digests
from opentrail.catalog.log_files import needed_outbox, oldest_waiting, prune_files, undigested
from opentrail.catalog.trails import Trails
from opentrail.clock import MICROSECONDS, Clock
from opentrail.followers.steps import forgetting
from opentrail.trails.digests import DigestMaker
from opentrail.trails.judging import TrailInPass
from opentrail.trails.outbox import Outbox

PRUNE_EVERY_SECONDS = 3600.0

_log = telemetry.logger("trails")


class Upkeep:
    """The background of DeliveryFollower. For the follower's thread; `wake`: something new waits in the outbox."""

    def __init__(
        self, engine: Engine, outbox: Outbox, digests: DigestMaker, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._catalog = Trails(engine)
        self._outbox = outbox
        self._digests = digests
        self._clock = clock
        self._wake = wake
        self._prune_at = clock.monotonic()

    def sweep(self) -> None:
        """Remove from the outbox what a crash left there without a row. Before the first cut."""
        with self._engine.connect().execution_options(**READING) as connection:
            needed = needed_outbox(connection) | needed_digest_outbox(connection)
        swept = self._outbox.sweep(needed)
        if swept:
            _log.info("outbox swept", action="outbox-swept", files=swept)

    def __call__(self, trails: Sequence[TrailInPass]) -> list[int]:
        """One round; the ids of the trails that it closed."""
        with forgetting(self._digests.forget):
            if self._digests.make_due(trails):
                self._wake()
        closed = [trail for trail in trails if trail.timeline.deleted and self._is_done(trail)]
        for trail in closed:
            self._catalog.close(trail.trail_id)
            _log.info("trail closed", action="trail-closed", trail=trail.timeline.newest.trail.arn)
        if self._clock.monotonic() >= self._prune_at:
            self._prune_at = self._clock.monotonic() + PRUNE_EVERY_SECONDS
            self._prune([trail for trail in trails if trail not in closed])
        return [trail.trail_id for trail in closed]

    def _is_done(self, trail: TrailInPass) -> bool:
        """Whether nothing of a deleted trail is left to be done."""
        if trail.through < trail.timeline.last_change() or self._digests.open_periods(trail.trail_id):
            return False
        with self._engine.connect().execution_options(**READING) as connection:
            return (
                oldest_waiting(connection, trail.trail_id) is None
                and not undigested(connection, trail.trail_id)
                and not digests_waiting(connection, trail.trail_id)
            )

    def _prune(self, trails: Sequence[TrailInPass]) -> None:
        before = self._clock.now_us() - limits.DELIVERED_KEPT_SECONDS * MICROSECONDS
        with self._engine.begin() as connection:
            prune_files(connection, before)
            prune_chains(connection, before)
            prune_digests(connection, before)
        for trail in trails:
            timeline = trail.timeline
            needless = timeline.forgettable(trail.through)
            if needless and self._digests.open_periods(trail.trail_id) <= {timeline.needed(trail.through).period}:
                self._catalog.forget_versions(trail.trail_id, needless)

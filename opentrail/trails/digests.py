"""Digests: which are due, what they name, and how their chains begin and end.

A validated trail has a chain for each account and Region that it covers, also where nothing happens. Windows follow
each other without a gap from the second in which logging (or validation) began; the digest of a window is made when the
window is over and names what was delivered by then and is in no digest yet. After a pause of ours one long window
stands for all that were missed. When a period ends (stop, deletion, validation off, a Region no longer covered), the
chain is closed by a last digest once its files are delivered, or an interval later; what starts again, starts anew.

A file that came into the bucket more than an interval after its cut, or after its chain was closed, goes into a
backfill digest; these form a chain of their own, of the trail for that account and Region.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from opentrail import limits, telemetry
from opentrail.catalog.database import READING
from opentrail.catalog.digests import BACKFILL_PERIOD, DigestChain, key_taken, open_chain, read_chains
from opentrail.catalog.log_files import CutFile, undigested, waiting_periods
from opentrail.clock import MICROSECONDS, Clock
from opentrail.selectors.coverage import coverage
from opentrail.trails.digest_writing import DigestToMake, DigestWriter
from opentrail.trails.grid import ceil_second, floor_second
from opentrail.trails.judging import TrailInPass
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.timeline import JudgingVersion, Timeline

Place = tuple[int, str, str]  # period, account, Region: what one chain is for

_log = telemetry.logger("trails")


@dataclass(slots=True)
class _Chains:
    """The open chains of one trail, and since when (monotonic seconds) each is to be closed."""

    open: dict[Place, DigestChain]
    backfill_looked_at: float
    ending_since: dict[Place, float] = field(default_factory=dict)


class DigestMaker:
    """Makes the digests that are due. For one thread; what it makes waits in the outbox, durably."""

    def __init__(self, engine: Engine, writer: DigestWriter, clock: Clock, settings: DeliverySettings) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._regions = settings.regions
        self._members = settings.members
        self._interval_us = int(settings.digest_interval_s * MICROSECONDS)
        self._late_us = self._interval_us
        self._chains: dict[int, _Chains] = {}

    def make_due(self, trails: Sequence[TrailInPass]) -> int:
        """Make what is due for `trails`; how many digests."""
        made = 0
        for trail in trails:
            made += self._make_due(trail)
        for gone in self._chains.keys() - {trail.trail_id for trail in trails}:
            del self._chains[gone]
        return made

    def open_periods(self, trail_id: int) -> set[int]:
        """The periods of the trail's chains that are not closed yet."""
        return {period for period, _, _ in self._chains_of(trail_id).open}

    def forget(self) -> None:
        """What is held in memory is read again from the catalog: after a failure."""
        self._chains.clear()

    def _make_due(self, trail: TrailInPass) -> int:
        chains = self._chains_of(trail.trail_id)
        now = self._clock.now_us()
        wanted = self._wanted(trail.timeline)
        self._open_new(trail.trail_id, chains, wanted, now)
        due = {
            place: chain.covered_through + (now - chain.covered_through) // self._interval_us * self._interval_us
            for place, chain in chains.open.items()
            if place in wanted and chain.covered_through + self._interval_us <= now
        }
        ending = self._ending(trail, chains, wanted)
        backfill = self._clock.monotonic() - chains.backfill_looked_at >= self._interval_us / MICROSECONDS
        if not due and not ending and not backfill:
            return 0
        with self._engine.connect().execution_options(**READING) as connection:
            files = undigested(connection, trail.trail_id)
            digests = self._regular(trail.timeline, chains, due, ending, files, now)
            if backfill or due or ending:
                chains.backfill_looked_at = self._clock.monotonic()
                digests += self._backfills(connection, trail.timeline, chains, files, now)
            digests = _at_free_places(connection, digests)
        if digests:
            self._writer.write(digests)
            chains.open = self._read_open(trail.trail_id)
        return len(digests)

    def _wanted(self, timeline: Timeline) -> set[Place]:
        newest = timeline.newest
        if newest.period is None:
            return set()
        covered = coverage(newest.trail, self._regions, self._members)
        return {(newest.period, account, region) for account in covered.accounts for region in covered.regions}

    def _chains_of(self, trail_id: int) -> _Chains:
        known = self._chains.get(trail_id)
        if known is None:
            known = self._chains[trail_id] = _Chains(self._read_open(trail_id), self._clock.monotonic())
        return known

    def _read_open(self, trail_id: int) -> dict[Place, DigestChain]:
        with self._engine.connect().execution_options(**READING) as connection:
            kept = read_chains(connection, trail_id)
        return {(c.period, c.account, c.region): c for c in kept if not c.closed and c.period != BACKFILL_PERIOD}

    def _open_new(self, trail_id: int, chains: _Chains, wanted: set[Place], now: int) -> None:
        new = sorted(wanted - chains.open.keys())
        if not new:
            return
        start = floor_second(now)
        with self._engine.begin() as connection:
            for period, account, region in new:
                chain = DigestChain(
                    trail_id=trail_id, period=period, account=account, region=region, covered_through=start
                )
                chains.open[(period, account, region)] = open_chain(connection, chain)

    def _ending(self, trail: TrailInPass, chains: _Chains, wanted: set[Place]) -> set[Place]:
        """The chains whose last digest can be made now."""
        unwanted = chains.open.keys() - wanted
        if not unwanted or trail.through < trail.timeline.last_change():
            return set()
        with self._engine.connect().execution_options(**READING) as connection:
            waiting = waiting_periods(connection, trail.trail_id)
        now = self._clock.monotonic()
        patience = self._interval_us / MICROSECONDS
        return {
            place
            for place in unwanted
            if place not in waiting or now - chains.ending_since.setdefault(place, now) >= patience
        }

    def _regular(
        self,
        timeline: Timeline,
        chains: _Chains,
        due: dict[Place, int],
        ending: set[Place],
        files: Sequence[CutFile],
        now: int,
    ) -> list[DigestToMake]:
        by_place: dict[Place, list[CutFile]] = defaultdict(list)
        for file in files:
            if file.period is not None and not self._is_late(file):
                by_place[(file.period, file.account, file.region)].append(file)
        digests = []
        for place in sorted(due.keys() | ending):
            chain = chains.open[place]
            last = place in ending
            end = max(ceil_second(now), chain.covered_through + MICROSECONDS) if last else due[place]
            named = [file for file in by_place[place] if last or (file.delivered_at or 0) < end]
            version = _version_of(timeline, place[0])
            digests.append(DigestToMake(chain, version.trail, version.destination, end, named, last=last))
        return digests

    def _backfills(
        self, connection: Connection, timeline: Timeline, chains: _Chains, files: Sequence[CutFile], now: int
    ) -> list[DigestToMake]:
        late: dict[tuple[str, str], list[CutFile]] = defaultdict(list)
        for file in files:
            if self._is_late(file) or (file.period, file.account, file.region) not in chains.open:
                late[(file.account, file.region)].append(file)
        if not late:
            return []
        kept = read_chains(connection, timeline.trail_id)
        known = {(c.account, c.region): c for c in kept if c.period == BACKFILL_PERIOD}
        digests = []
        for (account, region), named in sorted(late.items()):
            chain = known.get((account, region)) or DigestChain(
                trail_id=timeline.trail_id,
                period=BACKFILL_PERIOD,
                account=account,
                region=region,
                covered_through=floor_second(min(file.cut_at for file in named)),
            )
            version = _version_of(timeline, named[-1].period)
            end = max(ceil_second(now), chain.covered_through + MICROSECONDS)
            digests.append(DigestToMake(chain, version.trail, version.destination, end, named, last=False))
        _log.info("late files", action="backfill-digests", trail_id=timeline.trail_id, digests=len(digests))
        return digests

    def _is_late(self, file: CutFile) -> bool:
        return (file.delivered_at or 0) - file.cut_at > self._late_us


def _version_of(timeline: Timeline, period: int | None) -> JudgingVersion:
    """The last version of a period, which says where its digests go; the newest where the period's are gone."""
    of_period = [version for version in timeline.versions if version.period == period]
    return of_period[-1] if of_period else timeline.newest


def _at_free_places(connection: Connection, digests: Sequence[DigestToMake]) -> list[DigestToMake]:
    """The digests, each ending later by seconds where another lies there: of another period, of a namesake."""
    placed: dict[tuple[str, str], DigestToMake] = {}
    for digest in digests:
        for _ in range(limits.DIGEST_PLACES_TRIED):
            place = (digest.destination.bucket, digest.key)
            if place not in placed and not key_taken(connection, *place):
                break
            digest = digest.ending_at(digest.end + MICROSECONDS)
        placed[(digest.destination.bucket, digest.key)] = digest
    return list(placed.values())

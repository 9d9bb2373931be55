"""Looks at the buckets of trails soon after a trail is made or changed, and daily: what they lack is told in the log.

Beside delivery, in a thread of its own, so that no call and no delivery waits for it.
"""

import threading

from sqlalchemy import Engine

from opentrail import limits, telemetry
from opentrail.catalog.bucket_protection import BucketProtection, BucketProtections
from opentrail.catalog.trails import Trails
from opentrail.clock import MICROSECONDS, Clock
from opentrail.errors import OpenTrailError
from opentrail.trails.bucket_protection import ProtectionLook

_log = telemetry.logger("trails")

_Bucket = tuple[str, str]  # account and name


class ProtectionWatch:
    """One for all trails of a data folder."""

    def __init__(self, engine: Engine, look: ProtectionLook, clock: Clock) -> None:
        self._trails = Trails(engine)
        self._known = BucketProtections(engine)
        self._look = look
        self._clock = clock
        self._versions: dict[_Bucket, tuple[int, ...]] = {}  # of the trails that deliver there, when it was looked at
        self._due: dict[_Bucket, float] = {}  # monotonic seconds

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        while not stop.wait(limits.PROTECTION_POLL_SECONDS):
            try:
                self.round()
            except OpenTrailError as failure:
                _log.error("buckets not looked at", action="bucket-protection", error=failure.message)

    def round(self) -> None:
        """Look at the buckets that are due."""
        newest = {version.trail_id: version for version in self._trails.all_versions()}  # in the order of versions
        buckets: dict[_Bucket, list[tuple[int, int, str]]] = {}
        for version in newest.values():
            trail = version.trail
            if not version.deleted:
                told = (version.trail_id, version.version, trail.home_region)
                buckets.setdefault((trail.account, trail.bucket), []).append(told)
        self._known.forget_others(buckets)
        known = {(one.account, one.bucket): one for one in self._known.all()}
        for bucket, trails in buckets.items():
            versions = tuple(number for trail_id, version, _ in sorted(trails) for number in (trail_id, version))
            if bucket in known and bucket not in self._due:  # looked at before this process began
                age = (self._clock.now_us() - known[bucket].looked_at_us) / MICROSECONDS
                self._due[bucket] = self._clock.monotonic() + limits.PROTECTION_LOOK_SECONDS - age
            if self._is_due(bucket, versions):
                self._look_at(bucket, trails[0][2], versions, known.get(bucket))

    def _is_due(self, bucket: _Bucket, versions: tuple[int, ...]) -> bool:
        now = self._clock.monotonic()
        return now >= self._due.get(bucket, now) or self._versions.get(bucket, versions) != versions

    def _look_at(
        self, bucket: _Bucket, region: str, versions: tuple[int, ...], before: BucketProtection | None
    ) -> None:
        self._versions[bucket] = versions
        try:
            found = self._look.look(bucket[0], region, bucket[1], self._clock.now_us())
        except OpenTrailError as away:
            self._due[bucket] = self._clock.monotonic() + limits.PROTECTION_RETRY_SECONDS
            _log.info("bucket not looked at", action="bucket-protection", bucket=bucket[1], error=away.message)
            return
        self._due[bucket] = self._clock.monotonic() + limits.PROTECTION_LOOK_SECONDS
        self._known.write(found)
        if before is None or before.missing != found.missing:
            for warning in found.warnings:
                _log.warning(warning, action="bucket-unprotected", bucket=bucket[1], account=bucket[0])

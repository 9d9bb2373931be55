"""Deliveries into buckets: log files, and digests in the order of their chains."""

from sqlalchemy import Connection, Engine

from opentrail import limits, telemetry
from opentrail.catalog.database import READING
from opentrail.catalog.digests import (
    MadeDigest,
    settle_digest,
    waiting_digest_queues,
    waiting_digests,
)
from opentrail.catalog.log_files import CutFile, State, settle, waiting_files, waiting_queues
from opentrail.catalog.trail_status import What, report_success
from opentrail.clock import MICROSECONDS, Clock
from opentrail.logfile.digest import metadata_of
from opentrail.record.times import format_event_time
from opentrail.trails.bucket_writing import BucketWriter
from opentrail.trails.deliverer import QueueKey
from opentrail.trails.outbox import LostFromOutbox, Outbox
from opentrail.trails.settings import DeliverySettings

_log = telemetry.logger("trails")


class LogFileDelivery:
    """Implements deliverer.Delivery for log files."""

    what: What = "delivery"

    def __init__(
        self,
        engine: Engine,
        writer: BucketWriter,
        outbox: Outbox,
        clock: Clock,
        settings: DeliverySettings,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._outbox = outbox
        self._clock = clock
        self._give_up_us = int(settings.give_up_s * MICROSECONDS)

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with files that are not in their bucket."""
        return waiting_queues(connection, "delivery")

    def deliver(self, key: QueueKey) -> bool:
        """Write files; each is marked delivered once it is in the bucket."""
        with self._engine.connect().execution_options(**READING) as connection:
            files = waiting_files(connection, "delivery", key.trail_id, key.destination, limits.DELIVERY_FILES)
        for file in files:
            if self._clock.now_us() - file.cut_at > self._give_up_us:
                self._settle(file, "abandoned", "its time is over")
                continue
            try:
                self._writer.write(file.destination, file.key, file.outbox, file.cut_at, {})
            except LostFromOutbox as lost:
                self._settle(file, "abandoned", lost.message)
                continue
            self._settle(file, "done")
        return len(files) == limits.DELIVERY_FILES

    def _settle(self, file: CutFile, state: State, reason: str = "") -> None:
        now = self._clock.now_us()
        with self._engine.begin() as connection:
            needed = settle(connection, "delivery", file.id, state, now)
            if state == "done":
                report_success(connection, file.trail_id, "delivery", now)
        if not needed:
            self._outbox.drop(file.outbox)
        if state == "abandoned":
            _log.error(
                "log file given up", action="delivery-abandoned", key=file.key, events=file.events, reason=reason
            )


class DigestDelivery:
    """Implements deliverer.Delivery for digests."""

    what: What = "digest"

    def __init__(
        self,
        engine: Engine,
        writer: BucketWriter,
        outbox: Outbox,
        clock: Clock,
        settings: DeliverySettings,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._outbox = outbox
        self._clock = clock
        self._give_up_us = int(settings.give_up_s * MICROSECONDS)

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with digests that are not in their bucket."""
        return waiting_digest_queues(connection)

    def deliver(self, key: QueueKey) -> bool:
        """Write digests; each is marked delivered once it is in the bucket."""
        with self._engine.connect().execution_options(**READING) as connection:
            digests = waiting_digests(connection, key.trail_id, key.destination, limits.DELIVERY_FILES)
        for digest in digests:
            if self._clock.now_us() - digest.made_at > self._give_up_us:
                self._settle(digest, "abandoned", "its time is over")
                continue
            made = format_event_time(digest.backfilled_at) if digest.backfilled_at is not None else None
            metadata = metadata_of(digest.signature, made)
            try:
                self._writer.write(digest.destination, digest.key, digest.outbox, digest.made_at, metadata)
            except LostFromOutbox as lost:
                self._settle(digest, "abandoned", lost.message)
                continue
            self._settle(digest, "done")
        return len(digests) == limits.DELIVERY_FILES

    def _settle(self, digest: MadeDigest, state: State, reason: str = "") -> None:
        now = self._clock.now_us()
        with self._engine.begin() as connection:
            settle_digest(connection, digest.id, state, now)
            if state == "done":
                report_success(connection, digest.trail_id, "digest", now)
        self._outbox.drop(digest.outbox)
        if state == "abandoned":
            _log.error("digest given up", action="digest-abandoned", key=digest.key, reason=reason)

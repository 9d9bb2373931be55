"""Deliveries into buckets: log files, and digests in the order of their chains."""

from sqlalchemy import Connection, Engine

from opentrail import limits
from opentrail.catalog.database import READING
from opentrail.catalog.digests import MadeDigest, settle_digest, waiting_digest_queues, waiting_digests
from opentrail.catalog.log_files import CutFile, State, settle, waiting_files, waiting_queues
from opentrail.catalog.trail_status import What, report_success
from opentrail.clock import Clock
from opentrail.logfile.digest import metadata_of
from opentrail.record.times import format_event_time
from opentrail.trails.bucket_writing import BucketWriter
from opentrail.trails.deliverer import QueueKey
from opentrail.trails.in_order import InOrder
from opentrail.trails.outbox import Outbox


class _BucketDelivery:
    """What both deliveries into buckets work with."""

    def __init__(self, engine: Engine, writer: BucketWriter, outbox: Outbox, clock: Clock, in_order: InOrder) -> None:
        self._engine = engine
        self._writer = writer
        self._outbox = outbox
        self._clock = clock
        self._in_order = in_order


class LogFileDelivery(_BucketDelivery):
    """Implements deliverer.Delivery for log files: each is marked delivered once it is in the bucket."""

    what: What = "delivery"

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with files that are not in their bucket."""
        return waiting_queues(connection, "delivery")

    def deliver(self, key: QueueKey) -> bool:
        """Write files into the bucket."""
        with self._engine.connect().execution_options(**READING) as connection:
            files = waiting_files(connection, "delivery", key.trail_id, key.destination, limits.DELIVERY_FILES)
        self._in_order.work(self.what, files, self._send, self._settle)
        return len(files) == limits.DELIVERY_FILES

    def _send(self, file: CutFile) -> None:
        self._writer.write(file.destination, file.key, file.outbox, file.cut_at, {})

    def _settle(self, file: CutFile, state: State) -> None:
        now = self._clock.now_us()
        with self._engine.begin() as connection:
            needed = settle(connection, "delivery", file.id, state, now)
            if state == "done":
                report_success(connection, file.trail_id, self.what, now)
        if not needed:
            self._outbox.drop(file.outbox)


class DigestDelivery(_BucketDelivery):
    """Implements deliverer.Delivery for digests: each is marked delivered once it is in the bucket."""

    what: What = "digest"

    def queues(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Trails with digests that are not in their bucket."""
        return waiting_digest_queues(connection)

    def deliver(self, key: QueueKey) -> bool:
        """Write digests into the bucket."""
        with self._engine.connect().execution_options(**READING) as connection:
            digests = waiting_digests(connection, key.trail_id, key.destination, limits.DELIVERY_FILES)
        self._in_order.work(self.what, digests, self._send, self._settle)
        return len(digests) == limits.DELIVERY_FILES

    def _send(self, digest: MadeDigest) -> None:
        made = format_event_time(digest.backfilled_at) if digest.backfilled_at is not None else None
        metadata = metadata_of(digest.signature, made)
        self._writer.write(digest.destination, digest.key, digest.outbox, digest.made_at, metadata)

    def _settle(self, digest: MadeDigest, state: State) -> None:
        now = self._clock.now_us()
        with self._engine.begin() as connection:
            settle_digest(connection, digest.id, state, now)
            if state == "done":
                report_success(connection, digest.trail_id, self.what, now)
        self._outbox.drop(digest.outbox)

"""All of delivery over one data folder, put together: the follower for a runner, and the deliverer's threads."""

from pathlib import Path

from sqlalchemy import Engine

from opentrail.catalog.trails import Trail
from opentrail.clock import Clock
from opentrail.journal import Journal, Sealer
from opentrail.selectors.matcher import Matcher, trail_matcher
from opentrail.trails.bucket_writing import BucketWriter
from opentrail.trails.deliverer import Deliverer
from opentrail.trails.digest_writing import DigestWriter
from opentrail.trails.digests import DigestMaker
from opentrail.trails.file_delivery import DigestDelivery, LogFileDelivery
from opentrail.trails.follower import LIVE, DeliveryFollower
from opentrail.trails.in_order import InOrder
from opentrail.trails.log_groups import LogGroupDelivery
from opentrail.trails.notification import Notification
from opentrail.trails.outbox import Outbox
from opentrail.trails.service_clients import ServiceClients
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.signing_keys import SigningKeys
from opentrail.trails.upkeep import Upkeep

STOP_SECONDS = 5.0


class TrailDelivery:
    """`follower` is to be driven by one owner; with its first step the owner's threads begin to deliver.

    `threads` False: nothing is delivered but by `deliverer.run_due`. `sealer` seals the files that wait.
    `retention`: the clock by which what cannot be delivered is given up.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        outbox_folder: Path,
        keys: SigningKeys,
        clients: ServiceClients,
        clock: Clock,
        settings: DeliverySettings,
        *,
        threads: bool = True,
        sealer: Sealer | None = None,
        retention: Clock | None = None,
    ) -> None:
        outbox = Outbox(outbox_folder, sealer)
        writer = BucketWriter(clients, outbox, clock, settings)
        in_order = InOrder(retention if retention is not None else clock, settings.give_up_s)
        self._threads = threads
        self.deliverer = Deliverer(
            engine,
            [
                LogFileDelivery(engine, writer, outbox, clock, in_order),
                DigestDelivery(engine, writer, outbox, clock, in_order),
                Notification(engine, clients, clock, in_order),
                LogGroupDelivery(engine, clients, outbox, clock, in_order),
            ],
            clock,
        )
        digests = DigestMaker(engine, DigestWriter(engine, outbox, keys, clock), clock, settings)
        self._upkeep = Upkeep(engine, outbox, digests, clock, self.deliverer.wake)

        def make_matcher(trail: Trail) -> Matcher:
            return trail_matcher(trail, settings.regions, settings.members)

        self.follower = DeliveryFollower(
            engine,
            lambda after, most: journal.read(after, most, origins=lambda origin: origin == LIVE),
            outbox,
            clock,
            settings,
            make_matcher,
            begin=self._begin,
            background=self._upkeep,
            cut_made=self.deliverer.wake,
        )

    def _begin(self) -> None:
        self._upkeep.sweep()
        if self._threads:
            self.deliverer.start()

    def stop(self) -> None:
        """End the threads; what is not delivered waits in the outbox."""
        self.deliverer.stop(STOP_SECONDS)

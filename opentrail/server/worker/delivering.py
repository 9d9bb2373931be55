"""Puts delivery together in the worker: the catalog, CloudTrail's own key, endpoints, the follower and its lock."""

from sqlalchemy import Engine

from opentrail import limits
from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.folder_keys import FolderKeys
from opentrail.catalog.database import open_catalog
from opentrail.clock import Clock
from opentrail.followers import Runner
from opentrail.journal import Journal
from opentrail.server.data_folder import DataFolder
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.settings import Delivery
from opentrail.server.worker.following import Following
from opentrail.trails.bucket_protection import ProtectionLook
from opentrail.trails.clients import Clients
from opentrail.trails.delivery import TrailDelivery
from opentrail.trails.protection_watch import ProtectionWatch
from opentrail.trails.service_clients import ServiceClients
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.signing_keys import SigningKeys

DELIVERY_LOCK = "trails.lock"
SECRET_VARIABLE = "OPENTRAIL_DELIVERY_SECRET"  # how the worker learns the secret of [delivery]


def delivery_settings(delivery: Delivery, regions: tuple[str, ...], members: tuple[str, ...]) -> DeliverySettings:
    """Delivery's own settings value."""
    return DeliverySettings(
        regions=regions,
        members=members,
        interval_s=delivery.interval_seconds,
        digest_interval_s=delivery.digest_interval_seconds,
        key_rotation_days=delivery.key_rotation_days,
        server_side_encryption=delivery.server_side_encryption,
        outbox_bytes=int(delivery.outbox_gib * limits.GIB),
    )


class Delivering:
    """Delivery as a thread of the worker, from the opening of the catalog to its closing."""

    def __init__(
        self,
        folder: DataFolder,
        keys: FolderKeys,
        journal: Journal,
        clock: Clock,
        delivery: Delivery,
        regions: tuple[str, ...],
        members: tuple[str, ...],
        own_endpoint: str,
        secret: str,
        retention: Clock,
    ) -> None:
        """`own_endpoint`: the URL of the AWS port from this machine; `retention`: the clock that things expire by."""
        self._engine = open_catalog(folder.catalog)
        self.calls = calls = OwnCalls(delivery, AccessKeys(self._engine, keys.root), keys.root, own_endpoint, secret)
        clients = Clients(
            calls.access,
            as_service=calls.as_service,
            attempts=1,  # the deliverer tries again
            read_timeout_seconds=limits.DELIVERY_TIMEOUT_SECONDS,
        )
        self._delivery = TrailDelivery(
            self._engine,
            journal,
            folder.outbox,
            SigningKeys(self._engine, keys.root, clock, delivery.key_rotation_days),
            ServiceClients(clients, clock, calls.folders),
            clock,
            delivery_settings(delivery, regions, members),
            sealer=keys.sealer,
            retention=retention,
        )
        runner = Runner(journal, self._delivery.follower, folder.locks / DELIVERY_LOCK, clock)
        watch = ProtectionWatch(self._engine, ProtectionLook(clients, calls.folders), clock)
        self.following = Following(trails=runner.run, bucket_protection=watch.run)

    @property
    def engine(self) -> Engine:
        """The catalog, open until `close`."""
        return self._engine

    def close(self, seconds: float) -> None:
        """Wait for the end, at most so long; what is not delivered waits in the outbox."""
        self.following.join(seconds)
        self._delivery.stop()
        self._engine.dispose()

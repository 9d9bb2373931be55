"""Puts together what answers the operations on event data stores: catalog, registry, changes."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from opentrail import limits
from opentrail.accounts.organizations import Organizations
from opentrail.accounts.owned_resources import OwnedResource, OwnedResources
from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.lake_imports import LakeImports
from opentrail.clock import Clock
from opentrail.lake.faults import StoreInactive
from opentrail.lake.store_changes import StoreChanges
from opentrail.lake.store_keys import CheckKey
from opentrail.lake.stores import StoreRegistry
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.trails.clients import Clients
from opentrail.trails.kms_check import KeyUser, KmsCheck

KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")  # what CloudTrail needs of the key of a store


@dataclass(frozen=True, slots=True)
class StoreParts:
    """What rooms need of event data stores."""

    registry: StoreRegistry
    changes: StoreChanges


def store_parts(
    engine: Engine,
    organizations: Organizations,
    clients: Clients,
    head: Callable[[], int],
    clock: Clock,
) -> StoreParts:
    """The parts. KMS keys are asked about as those of trails are."""
    stores, channels, imports = EventDataStores(engine), Channels(engine), LakeImports(engine)
    registry = StoreRegistry(stores, organizations.now)

    def has_channel(store: EventDataStore) -> bool:
        return bool(channels.pointing_at(store.arn, store.account, store.region))

    def has_import(store: EventDataStore) -> bool:
        return imports.is_importing(store.id)

    changes = StoreChanges(stores, registry, head, clock, key_check(clients), has_import, has_channel)
    changes.follow_organization(organizations.now())
    return StoreParts(registry, changes)


def key_check(clients: Clients) -> CheckKey:
    """Asks KMS whether CloudTrail can use a key for a store."""
    keys = KmsCheck(clients)

    def check_key(key_id: str, arn: str, account: str, region: str) -> str:
        return keys.check(key_id, KeyUser(arn, account, region, KEY_ACTIONS))

    return check_key


def key_check_of(calls: OwnCalls) -> CheckKey:
    """The same for stores that there are: nothing waits long, what fails is asked again."""
    return key_check(
        Clients(
            calls.access,
            as_service=calls.as_service,
            attempts=1,
            read_timeout_seconds=limits.STORE_KEY_TIMEOUT_SECONDS,
        )
    )


def taggable(engine: Engine, resources: OwnedResources) -> Callable[[str], OwnedResource | None]:
    """Finds what may have tags besides trails. The callable raises StoreInactive for stores that are to be deleted."""
    stores = EventDataStores(engine)

    def find(arn: str) -> OwnedResource | None:
        found = resources.find(arn)
        version = stores.find(arn.rpartition("/")[2]) if found is not None else None
        if version is not None and version.store.arn == arn and version.store.pending_deletion:
            raise StoreInactive(f"Event data store {arn} is pending deletion.")
        return found

    return find

"""Puts together what answers the operations on trails and event data stores: catalog, checks, rooms."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.organizations import Organizations
from opentrail.accounts.sealing import derived_key
from opentrail.api.call import Room
from opentrail.api.rooms.delegated_admins import DelegatedAdminsRoom
from opentrail.api.rooms.event_configuration import EventConfigurationRoom
from opentrail.api.rooms.event_data_stores import EventDataStoresRoom
from opentrail.api.rooms.event_selectors import EventSelectorsRoom
from opentrail.api.rooms.federation import FederationRoom
from opentrail.api.rooms.insights import InsightsRoom
from opentrail.api.rooms.public_keys import PublicKeysRoom
from opentrail.api.rooms.resource_policies import ResourcePoliciesRoom
from opentrail.api.rooms.tags import TagsRoom
from opentrail.api.rooms.trails import TrailsRoom
from opentrail.catalog.organizations import StoredOrganization
from opentrail.catalog.resource_policies import ResourcePolicies
from opentrail.catalog.tags import Tags
from opentrail.catalog.trail_status import read_status
from opentrail.catalog.trails import Trails
from opentrail.clock import Clock
from opentrail.server.organization_watch import OrganizationWatch
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.rooms.owned_resources import owned_resources
from opentrail.server.rooms.stores import store_parts, taggable
from opentrail.server.settings import Settings
from opentrail.trails.changes import TrailChanges
from opentrail.trails.clients import Clients
from opentrail.trails.destinations import Destinations
from opentrail.trails.registry import Registry
from opentrail.trails.signing_keys import SigningKeys
from opentrail.trails.tagging import Tagging, check_tags

TOKEN_PURPOSE = "store-page-tokens"


def trail_rooms(
    settings: Settings,
    engine: Engine,
    access_keys: AccessKeys,
    root_key: bytes,
    head: Callable[[], int],
    clock: Clock,
    own_endpoint: str,
    organizations: Organizations | None = None,
    watch: OrganizationWatch | None = None,
) -> Mapping[str, Room]:
    """The rooms by operation. Destinations are asked as deliveries are made: see server/outgoing/own_calls.py.

    `organizations`: what the process knows already; trails and stores of organizations follow what `watch` sees.
    """
    calls = OwnCalls(settings.delivery, access_keys, root_key, own_endpoint, settings.delivery.secret())
    trails = Trails(engine)
    organizations = organizations or organizations_of(settings, engine, clock)
    registry = Registry(trails, organizations.now)
    clients = Clients(calls.access, as_service=calls.as_service)
    destinations = Destinations(clients, calls.folders)
    changes = TrailChanges(trails, registry, destinations, head, clock, settings.regions.enabled)
    keys = SigningKeys(engine, root_key, clock, settings.delivery.key_rotation_days)
    changes.follow_organization(organizations.now())
    if watch is not None:
        watch.follow_with(changes.follow_organization)
    stores = store_parts(engine, organizations, clients, head, clock)
    if watch is not None:
        watch.follow_with(stores.changes.follow_organization)
    resources = owned_resources(engine)
    return {
        **TrailsRoom(registry, changes, lambda trail_id: read_status(engine, trail_id)).rooms,
        **EventSelectorsRoom(registry, changes).rooms,
        **EventDataStoresRoom(stores.registry, stores.changes, check_tags, derived_key(root_key, TOKEN_PURPOSE)).rooms,
        **FederationRoom(stores.registry, stores.changes).rooms,
        **InsightsRoom(registry, changes, stores.registry, stores.changes).rooms,
        **EventConfigurationRoom(registry, changes, stores.registry, stores.changes).rooms,
        **TagsRoom(Tagging(trails, Tags(engine), registry.administers, taggable(engine, resources))).rooms,
        **PublicKeysRoom(keys.listed, clock).rooms,
        **DelegatedAdminsRoom(organizations).rooms,
        **ResourcePoliciesRoom(ResourcePolicies(engine, clock.now_us), resources, organizations.now).rooms,
    }


def organizations_of(settings: Settings, engine: Engine, clock: Clock) -> Organizations:
    """The organization as the settings have it; where an upstream is asked, as it was told last."""
    organizations = Organizations(engine, clock)
    if not settings.organization.upstream:
        organizations.take(organization_of(settings))
    return organizations


def organization_of(settings: Settings) -> StoredOrganization | None:
    """The organization that the settings name."""
    told = settings.organization
    return StoredOrganization(told.id, told.management_account, tuple(told.members)) if told.id else None

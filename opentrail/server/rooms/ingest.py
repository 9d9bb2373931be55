"""Puts together what brings events into event data stores: channels and audit events, imports."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from opentrail.accounts.organizations import Organizations
from opentrail.api.call import Room
from opentrail.api.rooms.audit_events import AuditEventsRoom
from opentrail.api.rooms.channels import ChannelsRoom
from opentrail.api.rooms.imports import ImportsRoom
from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.lake_imports import LakeImports
from opentrail.clock import Clock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.lake.audit_events import AuditEvents
from opentrail.lake.channel_changes import ChannelChanges
from opentrail.lake.channel_registry import ChannelRegistry
from opentrail.lake.imports.buckets import ImportBuckets
from opentrail.lake.imports.starting import Imports
from opentrail.lake.stores import StoreRegistry
from opentrail.trails.tagging import check_tags


def ingest_rooms(
    engine: Engine,
    intake: Intake,
    journal: Journal,
    clock: Clock,
    token_key: bytes,
    buckets: ImportBuckets,
    organizations: Organizations,
    require_key: Callable[[EventDataStore], None],
) -> Mapping[str, Room]:
    """The rooms by operation. `token_key` signs page tokens; `require_key` refuses stores whose key is of no use."""
    channels, stores = Channels(engine), EventDataStores(engine)
    registry = ChannelRegistry(channels, stores, clock)
    found = StoreRegistry(stores, organizations.now)
    changes = ChannelChanges(channels, registry, found, journal.head, clock, check_tags)
    imports = Imports(LakeImports(engine), found, buckets, journal.head, clock, require_key)
    return {
        **ImportsRoom(imports, token_key).rooms,
        **ChannelsRoom(registry, changes, token_key).rooms,
        **AuditEventsRoom(AuditEvents(registry, intake, journal, clock)).rooms,
    }

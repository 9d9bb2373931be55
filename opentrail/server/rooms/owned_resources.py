"""Whose event data stores and channels are, read from the catalog; and what policies and tags say of them."""

from sqlalchemy import Engine

from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.owned_resources import CHANNEL, STORE, OwnedResource, OwnedResources
from opentrail.api.authorization import ResourceFacts
from opentrail.arn import parse_arn
from opentrail.catalog.channels import Channels
from opentrail.catalog.event_data_stores import EventDataStores
from opentrail.catalog.queries import QueryCatalog
from opentrail.catalog.remembered import Remembered
from opentrail.catalog.resource_policies import ResourcePolicies
from opentrail.catalog.tags import Tags
from opentrail.clock import Clock


def owned_resources(engine: Engine, remembered: Remembered | None = None) -> OwnedResources:
    """Finds what the catalog has, with `remembered` not more than once. Dashboards join here when there are any."""
    stores, channels, queries = EventDataStores(engine), Channels(engine), QueryCatalog(engine)

    def store(arn: str) -> OwnedResource | None:
        found = stores.find(_id_in(arn))
        if found is None or found.store.arn != arn:
            return None
        return OwnedResource(arn, found.store.account, found.store.organization_id, found.store.retention_days)

    def channel(arn: str) -> OwnedResource | None:
        found = channels.find(_id_in(arn))
        return OwnedResource(arn, found.channel.account) if found is not None and found.channel.arn == arn else None

    def stores_of_query(query: str) -> tuple[str, ...]:
        found = queries.find(query)
        known = [stores.find(store_id) for store_id in found.stores] if found is not None else []
        return tuple(version.store.arn for version in known if version is not None)

    if remembered is not None:
        return OwnedResources({STORE: remembered(store), CHANNEL: remembered(channel)}, stores_of_query)
    return OwnedResources({STORE: store, CHANNEL: channel}, stores_of_query)


def resource_facts(engine: Engine, organization: KnownOrganization, clock: Clock) -> ResourceFacts:
    """What authorization asks about resources, with every call."""
    remembered = Remembered(engine)
    policies, tags = ResourcePolicies(engine, clock.now_us), Tags(engine)

    def tags_of(arn: str) -> dict[str, str]:
        return {tag.key: tag.value or "" for tag in tags.of(arn)}

    found = owned_resources(engine, remembered)
    return ResourceFacts(found, organization, remembered(policies.of), remembered(tags_of))


def _id_in(arn: str) -> str:
    parsed = parse_arn(arn)
    return parsed.resource.partition("/")[2] if parsed is not None else ""

"""Event data stores: creating, changing, deleting, restoring, reading them; starting and stopping their ingestion."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidMaxResults, InvalidNextToken
from opentrail.api.page_token import PageTokens, question
from opentrail.catalog.event_data_stores import EventDataStore, StoreVersion
from opentrail.catalog.tags import Tag
from opentrail.history.lookup import Place
from opentrail.lake.store_changes import StoreChanges
from opentrail.lake.store_making import read_store_members
from opentrail.lake.stores import StoreRegistry
from opentrail.selectors.advanced import write_advanced
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.trails.faults import InvalidTag

_PAGE: int = 1000


class EventDataStoresRoom:
    """`check_tags` refuses bad tags; `token_key` signs page tokens."""

    def __init__(
        self,
        registry: StoreRegistry,
        changes: StoreChanges,
        check_tags: Callable[[Sequence[Tag]], None],
        token_key: bytes,
    ) -> None:
        self._registry = registry
        self._changes = changes
        self._check_tags = check_tags
        self._tokens = PageTokens(token_key)

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        selectors = {"AdvancedEventSelectors": InvalidEventSelectors}
        paging = {"MaxResults": InvalidMaxResults, "NextToken": InvalidNextToken}
        return {
            "CreateEventDataStore": Room(self.create, {"TagsList": InvalidTag, **selectors}),
            "UpdateEventDataStore": Room(self.update, selectors),
            "DeleteEventDataStore": Room(self.may_delete, after_recorded=self.delete),
            "RestoreEventDataStore": Room(self.restore),
            "GetEventDataStore": Room(self.get),
            "ListEventDataStores": Room(self.list, paging),
            "StartEventDataStoreIngestion": Room(self.start),
            "StopEventDataStoreIngestion": Room(self.may_stop, after_recorded=self.stop),
        }

    def create(self, asked: Asked) -> dict[str, Any]:
        """A new store. It is shown as just created; it takes events from now on unless the call says otherwise."""
        parameters = asked.parameters
        tags = [Tag(tag["Key"], tag.get("Value")) for tag in parameters.get("TagsList") or ()]
        self._check_tags(tags)
        ingests = parameters.get("StartIngestion", True)
        store = self._changes.create(read_store_members(parameters), tags, asked.account, asked.region, ingests=ingests)
        listed = [{"Key": tag.key, "Value": tag.value} for tag in tags]
        return {**_described(store), "Status": "CREATED", "TagsList": listed}

    def update(self, asked: Asked) -> dict[str, Any]:
        """The members that are given, changed."""
        version = self._to_change(asked)
        store = self._changes.update(version, read_store_members(asked.parameters), asked.account)
        return {**_described(store), **federation_of(store)}

    def may_delete(self, asked: Asked) -> dict[str, Any]:
        """The first half of what takes effect with its own record: whether the store can be deleted."""
        self._changes.require_deletable(self._to_change(asked))
        return {}

    def delete(self, asked: Asked, position: int) -> None:
        """The store takes the record of its deletion, and none after it."""
        self._changes.delete(self._to_change(asked))

    def restore(self, asked: Asked) -> dict[str, Any]:
        """The store as it was before its deletion."""
        return _described(self._changes.restore(self._to_change(asked)))

    def get(self, asked: Asked) -> dict[str, Any]:
        """One store."""
        store = self._registry.find(asked.parameters["EventDataStore"], asked.owner, asked.region).store
        return {**_described(store), **federation_of(store)}

    def list(self, asked: Asked) -> dict[str, Any]:
        """The stores that the account sees in the Region, oldest first, in pages."""
        bound_to = question(asked.account, asked.region, asked.operation.name, asked.parameters)
        token = asked.parameters.get("NextToken")
        after = self._tokens.read(token, bound_to) if token is not None else None
        found = sorted(
            self._registry.seen_by(asked.account, asked.region), key=lambda one: (one.store.created_at_us, one.store.id)
        )
        begin = after.position if after is not None else 0
        size = asked.parameters.get("MaxResults", _PAGE)
        page = found[begin : begin + size]
        answer: dict[str, Any] = {"EventDataStores": [_listed(version.store) for version in page]}
        if begin + size < len(found):
            answer["NextToken"] = self._tokens.issue(Place(page[-1].store.created_at_us, begin + size), bound_to)
        return answer

    def start(self, asked: Asked) -> dict[str, Any]:
        """The store takes what comes from now on."""
        self._changes.start(self._to_change(asked))
        return {}

    def may_stop(self, asked: Asked) -> dict[str, Any]:
        """The first half of what takes effect with its own record."""
        self._changes.require_stoppable(self._to_change(asked))
        return {}

    def stop(self, asked: Asked, position: int) -> None:
        """The record of the stop is among the last events that the store takes."""
        self._changes.stop(self._to_change(asked))

    def _to_change(self, asked: Asked) -> StoreVersion:
        return self._registry.find_to_change(asked.parameters["EventDataStore"], asked.account, asked.region)


def federation_of(store: EventDataStore) -> dict[str, Any]:
    """Whether other engines may read the store, as answers say it."""
    return {"FederationStatus": store.federation_status, "FederationRoleArn": store.federation_role_arn}


def _listed(store: EventDataStore) -> dict[str, Any]:
    """An item of a list: AWS fills in no more than this."""
    return {"EventDataStoreArn": store.arn, "Name": store.name}


def _described(store: EventDataStore) -> dict[str, Any]:
    return {
        "EventDataStoreArn": store.arn,
        "Name": store.name,
        "Status": store.status,
        "AdvancedEventSelectors": write_advanced(store.selectors),
        "MultiRegionEnabled": store.multi_region,
        "OrganizationEnabled": store.organization_id is not None,
        "RetentionPeriod": store.retention_days,
        "TerminationProtectionEnabled": store.termination_protection,
        "CreatedTimestamp": store.created_at_us,
        "UpdatedTimestamp": store.updated_at_us,
        "KmsKeyId": store.kms_key_arn,
        "BillingMode": store.billing_mode,
    }

"""Making, changing, stopping, deleting and restoring event data stores: each change a version.

All changes are durable when they return, and concern the events beyond the journal's head of that moment. Changes of
one store that cross each other: the later one is refused.
"""

import re
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import msgspec

from opentrail import limits
from opentrail.accounts.faults import NotManagementAccount
from opentrail.accounts.organization import Organization
from opentrail.arn import parse_arn
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores, Head, StoreVersion
from opentrail.catalog.event_selectors import InsightSelector, Selectors
from opentrail.catalog.tags import Tag
from opentrail.clock import Clock
from opentrail.lake.event_context import REQUEST_KEYS
from opentrail.lake.faults import (
    InvalidParameter,
    InvalidStoreCategory,
    InvalidStoreStatus,
    StoreFederated,
    StoreHasChannel,
    StoreHasImport,
    StoreInactive,
    StoreProtected,
    TooManyStores,
)
from opentrail.lake.store_keys import CheckKey
from opentrail.lake.store_making import StoreMembers, changed_store, new_store
from opentrail.lake.stores import StoreRegistry, store_arn
from opentrail.selectors.insight_selection import require_selected

_STOPPABLE: Final = ("CloudTrail", "ConfigurationItem")
_ROLE: Final = re.compile(r"role/[\w+=,.@/-]{1,}")


class StoreChanges:
    """Everything that changes stores. `check_key` raises AWS's fault where CloudTrail may not use a KMS key.

    `has_import` and `has_channel` tell whether an import into a store is under way, and whether a channel fills it.
    """

    def __init__(
        self,
        stores: EventDataStores,
        registry: StoreRegistry,
        head: Head,
        clock: Clock,
        check_key: CheckKey,
        has_import: Callable[[EventDataStore], bool],
        has_channel: Callable[[EventDataStore], bool],
    ) -> None:
        self._stores = stores
        self._registry = registry
        self._head = head
        self._clock = clock
        self._check_key = check_key
        self._has_import = has_import
        self._has_channel = has_channel
        self._creating = threading.Lock()

    def create(
        self, members: StoreMembers, tags: Sequence[Tag], account: str, region: str, *, ingests: bool
    ) -> EventDataStore:
        """A new store. Raises the faults of CreateEventDataStore."""
        organization = self._registry.organization_for(account) if members.organization else None
        owner = organization.management_account if organization is not None else account
        store_id = str(uuid.uuid4())
        arn = store_arn(store_id, owner, region)
        store = new_store(store_id, arn, owner, region, members, ingests=ingests, now_us=self._clock.now_us())
        self._require_room(owner, region)
        if organization is not None:
            store = msgspec.structs.replace(store, organization_id=organization.id, members=organization.members)
        store = self._with_key(store, members)
        with self._creating:
            self._require_room(owner, region)
            return self._stores.create(store, self._head, tags).store

    def update(self, version: StoreVersion, members: StoreMembers, caller: str) -> EventDataStore:
        """The store with the members that are given, as the account `caller` asks. Raises the faults of
        UpdateEventDataStore."""
        _require_active(version.store)
        if members == StoreMembers():
            raise InvalidParameter("Specify at least one member to change.")
        store = changed_store(version.store, members, self._clock.now_us())
        if store.insight_selectors:
            require_selected(store.insight_selectors, Selectors(advanced=store.selectors), "event data store")
        store = self._with_key(self._with_organization(store, members, caller), members)
        return self._stores.replace(version, store, self._head).store

    def start(self, version: StoreVersion) -> None:
        """Take live events from now on. Raises InvalidStoreCategory, InvalidStoreStatus, ChangedMeanwhile."""
        self._require_status(version.store, "STOPPED_INGESTION")
        self._change(version, status="ENABLED")

    def require_stoppable(self, version: StoreVersion) -> None:
        """Raise InvalidStoreCategory, InvalidStoreStatus where `stop` would."""
        self._require_status(version.store, "ENABLED")

    def stop(self, version: StoreVersion) -> None:
        """Take no live events beyond those there are. Raises as `start`."""
        self.require_stoppable(version)
        self._change(version, status="STOPPED_INGESTION")

    def require_deletable(self, version: StoreVersion) -> None:
        """Raise StoreInactive, StoreProtected, StoreFederated, StoreHasImport, StoreHasChannel where `delete` would."""
        store = version.store
        _require_active(store)
        if store.termination_protection:
            raise StoreProtected
        if store.federation_status != "DISABLED":
            raise StoreFederated
        if self._has_import(store):
            raise StoreHasImport
        if self._has_channel(store):
            raise StoreHasChannel

    def delete(self, version: StoreVersion) -> None:
        """End the store; for limits.STORE_DELETION_SECONDS it can be restored. Raises as `require_deletable`."""
        self.require_deletable(version)
        before, now_us = version.store.status, self._clock.now_us()
        self._change(version, status="PENDING_DELETION", status_before_deletion=before, deleted_at_us=now_us)

    def restore(self, version: StoreVersion) -> EventDataStore:
        """The store as it was before its deletion. Raises InvalidStoreStatus, ChangedMeanwhile."""
        store = version.store
        if not store.pending_deletion:
            raise InvalidStoreStatus(f"Event data store {store.arn} is not pending deletion.")
        return self._change(version, status=store.status_before_deletion, deleted_at_us=None)

    def federate(self, version: StoreVersion, role_arn: str) -> EventDataStore:
        """Let other engines find the table. Raises StoreInactive, StoreFederated, InvalidParameter."""
        store = version.store
        _require_active(store)
        if store.federation_status != "DISABLED":
            raise StoreFederated("Lake query federation is enabled for the event data store already.")
        role = parse_arn(role_arn)
        if role is None or role.service != "iam" or not role.account or not _ROLE.fullmatch(role.resource):
            raise InvalidParameter(f"{role_arn} is not the ARN of a role.")
        return self._change(version, federation_status="ENABLED", federation_role_arn=role_arn)

    def end_federation(self, version: StoreVersion) -> EventDataStore:
        """Let other engines read it no more. Raises StoreInactive, ChangedMeanwhile."""
        _require_active(version.store)
        if version.store.federation_status == "DISABLED":
            return version.store
        return self._change(version, federation_status="DISABLED", federation_role_arn=None)

    def configure(
        self,
        version: StoreVersion,
        max_event_size: Literal["Standard", "Large"] | None,
        context_keys: Sequence[str] | None,
    ) -> EventDataStore:
        """The store with another event configuration; what is None stays as it is.

        Raises StoreInactive, InvalidStoreCategory, InvalidParameter, ChangedMeanwhile.
        """
        self.require_configurable(version.store)
        size = version.store.max_event_size if max_event_size is None else max_event_size
        keys = version.store.context_keys if context_keys is None else tuple(dict.fromkeys(context_keys))
        if keys and size != "Large":
            raise InvalidParameter("ContextKeySelectors need a MaxEventSize of Large.")
        unknown = [key for key in keys if key not in REQUEST_KEYS]
        if unknown:
            raise InvalidParameter(f"{unknown[0]} is not a key of the request context that events can be shown with.")
        return self._change(version, max_event_size=size, context_keys=keys)

    def require_configurable(self, store: EventDataStore) -> None:
        """Raise StoreInactive, InvalidStoreCategory where a store has no event configuration."""
        _require_active(store)
        if store.category != "CloudTrail":
            raise InvalidStoreCategory("Only event data stores for CloudTrail events have an event configuration.")

    def set_insights(
        self, version: StoreVersion, selectors: tuple[InsightSelector, ...], destination: StoreVersion | None
    ) -> EventDataStore:
        """Insights in place of those that the store asked for before; none switches them off.

        Raises StoreInactive, InvalidStoreCategory, InvalidParameter, InvalidInsightSelectors, ChangedMeanwhile.
        """
        _require_active(version.store)
        if version.store.category != "CloudTrail":
            raise InvalidStoreCategory("Insights are made of the events of a store for CloudTrail events.")
        require_selected(selectors, Selectors(advanced=version.store.selectors), "event data store")
        if selectors and destination is None:
            raise InvalidParameter("Specify InsightsDestination.")
        if destination is not None and destination.store.category != "Insight":
            raise InvalidParameter("The InsightsDestination is not an event data store for Insights.")
        named = destination.store.arn if destination is not None and selectors else None
        return self._change(version, insight_selectors=selectors, insights_destination=named)

    def follow_organization(self, organization: Organization | None) -> int:
        """Let stores of organizations cover the accounts that are in theirs now; how many had to be changed."""
        changed = 0
        for version in self._stores.newest():
            store = version.store
            if store.organization_id is None:
                continue
            own = organization is not None and organization.id == store.organization_id
            members = organization.members if organization is not None and own else ()
            if set(store.members) != set(members):
                self._change(version, members=members)
                changed += 1
        return changed

    def _change(self, version: StoreVersion, **changes: Any) -> EventDataStore:
        store = msgspec.structs.replace(version.store, **{"updated_at_us": self._clock.now_us(), **changes})
        return self._stores.replace(version, store, self._head).store

    def _require_status(self, store: EventDataStore, wanted: str) -> None:
        if store.category not in _STOPPABLE:
            raise InvalidStoreCategory(f"The ingestion of an event data store for {store.category} is always on.")
        if store.status != wanted:
            raise InvalidStoreStatus(f"Event data store {store.arn} is in status {store.status}, not {wanted}.")

    def _require_room(self, account: str, region: str) -> None:
        if len(self._stores.of_account(account, region)) >= limits.STORES_PER_REGION:
            raise TooManyStores(f"Account {account} has {limits.STORES_PER_REGION} event data stores in {region}.")

    def _with_key(self, store: EventDataStore, members: StoreMembers) -> EventDataStore:
        if members.kms_key_id is None:
            return store
        key = self._check_key(members.kms_key_id, store.arn, store.account, store.region)
        if store.kms_key_arn is not None and store.kms_key_arn != key:
            raise InvalidParameter("The KMS key of an event data store cannot be changed.")
        return msgspec.structs.replace(store, kms_key_arn=key)

    def _with_organization(self, store: EventDataStore, members: StoreMembers, caller: str) -> EventDataStore:
        """Converting between account and organization is for the management account alone."""
        if members.organization is None or members.organization == (store.organization_id is not None):
            return store
        organization = self._registry.organization_for(caller)
        if caller != organization.management_account:
            raise NotManagementAccount
        if not members.organization:
            return msgspec.structs.replace(store, organization_id=None, members=())
        return msgspec.structs.replace(store, organization_id=organization.id, members=organization.members)


def _require_active(store: EventDataStore) -> None:
    if store.pending_deletion:
        raise StoreInactive(f"Event data store {store.arn} is pending deletion.")

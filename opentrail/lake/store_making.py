"""What CreateEventDataStore and UpdateEventDataStore make of the members they are given: the store as it would be."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from opentrail.catalog.event_data_stores import BillingMode, EventDataStore
from opentrail.lake.faults import InvalidParameter
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.selectors.stores import kind_of, read_store_selectors

# Days that events are kept, by billing mode: if nothing is said, and at most.
_DEFAULT_DAYS: Final[Mapping[BillingMode, int]] = {
    "EXTENDABLE_RETENTION_PRICING": 366,
    "FIXED_RETENTION_PRICING": 2557,
}
_MOST_DAYS: Final[Mapping[BillingMode, int]] = {"EXTENDABLE_RETENTION_PRICING": 3653, "FIXED_RETENTION_PRICING": 2557}
_LEAST_DAYS: Final = 7
_INTEGRATION: Final = "ActivityAuditLog"


class StoreMembers(msgspec.Struct, frozen=True):
    """The members of a call that say what a store is to be. None: not given."""

    name: str | None = None
    selectors: Sequence[Mapping[str, Any]] | None = None
    multi_region: bool | None = None
    organization: bool | None = None
    retention_days: int | None = None
    termination_protection: bool | None = None
    kms_key_id: str | None = None
    billing_mode: BillingMode | None = None


_NAMES: Final = {
    "Name": "name",
    "AdvancedEventSelectors": "selectors",
    "MultiRegionEnabled": "multi_region",
    "OrganizationEnabled": "organization",
    "RetentionPeriod": "retention_days",
    "TerminationProtectionEnabled": "termination_protection",
    "KmsKeyId": "kms_key_id",
    "BillingMode": "billing_mode",
}


def read_store_members(parameters: Mapping[str, Any]) -> StoreMembers:
    """The members of CreateEventDataStore or UpdateEventDataStore."""
    return StoreMembers(**{ours: parameters[theirs] for theirs, ours in _NAMES.items() if theirs in parameters})


def new_store(
    store_id: str, arn: str, account: str, region: str, members: StoreMembers, *, ingests: bool, now_us: int
) -> EventDataStore:
    """The store that CreateEventDataStore asks for; key and organization are not looked up yet.

    Raises InvalidEventSelectors, InvalidParameter.
    """
    selectors = read_store_selectors(members.selectors or ())
    billing = members.billing_mode or "EXTENDABLE_RETENTION_PRICING"
    store = EventDataStore(
        id=store_id,
        arn=arn,
        name=members.name or "",
        account=account,
        region=region,
        category=kind_of(selectors),
        selectors=selectors,
        multi_region=True if members.multi_region is None else members.multi_region,
        retention_days=members.retention_days or _DEFAULT_DAYS[billing],
        billing_mode=billing,
        termination_protection=members.termination_protection is not False,
        status="ENABLED" if ingests else "STOPPED_INGESTION",
        created_at_us=now_us,
        updated_at_us=now_us,
    )
    _check(store, members)
    return store


def changed_store(store: EventDataStore, members: StoreMembers, now_us: int) -> EventDataStore:
    """The store as UpdateEventDataStore asks for; key and organization are not looked up yet.

    Raises InvalidEventSelectors, InvalidParameter.
    """
    changes: dict[str, Any] = {
        name: getattr(members, name)
        for name in ("name", "multi_region", "retention_days", "termination_protection", "billing_mode")
        if getattr(members, name) is not None
    }
    if members.selectors is not None:
        changes["selectors"] = selectors = read_store_selectors(members.selectors)
        if kind_of(selectors) != store.category:
            raise InvalidEventSelectors(
                f"The event data store is for events of the kind {store.category}; that cannot be changed."
            )
    if members.billing_mode == "FIXED_RETENTION_PRICING" != store.billing_mode:
        raise InvalidParameter("The billing mode of the event data store cannot be changed back; create a new one.")
    changed = msgspec.structs.replace(store, **changes, updated_at_us=now_us)
    _check(changed, members)
    return changed


def _check(store: EventDataStore, members: StoreMembers) -> None:
    most = _MOST_DAYS[store.billing_mode]
    if not _LEAST_DAYS <= store.retention_days <= most:
        raise InvalidParameter(
            f"RetentionPeriod must be between {_LEAST_DAYS} and {most} days with {store.billing_mode}."
        )
    if store.category == _INTEGRATION:
        if store.multi_region:
            raise InvalidParameter("MultiRegionEnabled must be false for an event data store for integrations.")
        if members.organization:
            raise InvalidParameter("OrganizationEnabled must be false for an event data store for integrations.")

"""Which event data store a caller means, and whether the caller may have it: ARNs and IDs, owners, organizations."""

import re
from typing import Final

from opentrail.accounts.faults import NotManagementAccount
from opentrail.accounts.organization import Organization
from opentrail.accounts.organizations import KnownOrganization, require_administered
from opentrail.arn import Arn, parse_arn
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores, StoreVersion
from opentrail.lake.faults import StoreArnInvalid, StoreInactive, StoreNotFound

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"\d{12}")
_TYPE: Final = "eventdatastore/"


def store_arn(store_id: str, account: str, region: str) -> str:
    """The ARN of a store."""
    return str(Arn("cloudtrail", region, account, f"{_TYPE}{store_id}"))


class StoreRegistry:
    """Finds stores for callers, who may do what they ask for by policy: that is settled before."""

    def __init__(self, stores: EventDataStores, organization: KnownOrganization = lambda: None) -> None:
        self._stores = stores
        self._organization = organization

    def find(self, text: str, account: str, region: str, *, owner: str | None = None) -> StoreVersion:
        """The store that an ARN or ID means to a caller of `account` in `region`, in whatever state.

        `owner`: the account that a bare ID belongs to (`EventDataStoreOwnerAccountId`), if not the caller's. Raises
        StoreArnInvalid, StoreNotFound.
        """
        store_id, of_account = self._read(text, owner if owner is not None else account, region)
        found = self._stores.find(store_id)
        if found is None or found.store.region != region or not self._is_reached(found.store, account):
            raise StoreNotFound(f"Event data store {text} was not found.")
        if of_account is not None and found.store.account != of_account and not self._administers(account):
            raise StoreNotFound(f"Event data store {text} was not found.")
        return found

    def find_active(self, text: str, account: str, region: str, *, owner: str | None = None) -> StoreVersion:
        """As `find`, of a store that is not to be deleted. Raises StoreInactive besides."""
        found = self.find(text, account, region, owner=owner)
        if found.store.pending_deletion:
            raise StoreInactive(f"Event data store {found.store.arn} is pending deletion.")
        return found

    def find_to_change(self, text: str, account: str, region: str) -> StoreVersion:
        """As `find`, of a store that `account` may change: its own, or as an administrator one of the organization.

        Raises StoreArnInvalid, StoreNotFound, NotManagementAccount.
        """
        found = self.find(text, account, region)
        store = found.store
        if store.account != account and not (store.organization_id is not None and self._administers(account)):
            raise NotManagementAccount
        return found

    def seen_by(self, account: str, region: str) -> list[StoreVersion]:
        """The stores that `account` has in `region`; an administrator has those of the organization too."""
        found = self._stores.of_account(account, region)
        organization = self._organization()
        if organization is not None and account in organization.delegated_admins:
            of_manager = self._stores.of_account(organization.management_account, region)
            found += [version for version in of_manager if version.store.organization_id is not None]
        return found

    def organization_for(self, account: str) -> Organization:
        """The organization whose stores `account` may make.

        Raises NoOrganization, NotManagementAccount, NotAllFeatures, CloudTrailNotTrusted.
        """
        return require_administered(self._organization(), account)

    def is_manager(self, account: str) -> bool:
        """Whether `account` is the management account: some things a delegated administrator may not."""
        organization = self._organization()
        return organization is not None and account == organization.management_account

    def _read(self, text: str, owner: str, region: str) -> tuple[str, str | None]:
        """The ID and account that an ARN or ID names. Raises StoreArnInvalid, StoreNotFound."""
        if _ID.fullmatch(text):
            return text.lower(), owner
        arn = parse_arn(text)
        store_id = arn.resource.removeprefix(_TYPE) if arn is not None else ""
        service = (arn.partition, arn.service) if arn is not None else None
        if arn is None or service != ("aws", "cloudtrail") or not arn.resource.startswith(_TYPE):
            raise StoreArnInvalid(f"{text} is not a valid event data store ARN.")
        if not _ID.fullmatch(store_id) or not _ACCOUNT.fullmatch(arn.account):
            raise StoreArnInvalid(f"{text} is not a valid event data store ARN.")
        if arn.region != region:
            raise StoreNotFound(f"Event data store {text} was not found in {region}.")
        return store_id.lower(), arn.account

    def _is_reached(self, store: EventDataStore, account: str) -> bool:
        return store.account == account or (store.organization_id is not None and self._administers(account))

    def _administers(self, account: str) -> bool:
        organization = self._organization()
        return organization is not None and organization.is_administered_by(account)

"""Which event data store a caller means, and whether the caller may have it: ARNs and IDs, owners, organizations."""

import re
from collections.abc import Callable, Collection
from typing import Final

from opentrail.accounts.faults import NoOrganization, NotManagementAccount
from opentrail.accounts.organization import Organization
from opentrail.arn import Arn, parse_arn
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores, StoreVersion
from opentrail.lake.faults import StoreArnInvalid, StoreInactive, StoreNotFound

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"\d{12}")
_TYPE: Final = "eventdatastore/"

Shared = Callable[[EventDataStore, str], bool]  # whether the store's own policy may let this account in


def store_arn(store_id: str, account: str, region: str) -> str:
    """The ARN of a store."""
    return str(Arn("cloudtrail", region, account, f"{_TYPE}{store_id}"))


class StoreRegistry:
    """Finds stores for callers.

    `organization`: None where no account belongs to one. `delegated`: the accounts that administer it besides the
    management account. `shared`: stores of other accounts are there for the accounts for which it says so; whether a
    caller may do what he asks for is decided before, by policy.
    """

    def __init__(
        self,
        stores: EventDataStores,
        organization: Organization | None = None,
        delegated: Callable[[], Collection[str]] = tuple,
        shared: Shared = lambda store, account: False,
    ) -> None:
        self._stores = stores
        self._organization = organization
        self._delegated = delegated
        self._shared = shared

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
        manager = self._organization.management_account if self._organization is not None else account
        if manager != account and self._administers(account):
            of_manager = self._stores.of_account(manager, region)
            found += [version for version in of_manager if version.store.organization_id is not None]
        return found

    def organization_for(self, account: str) -> tuple[str, str]:
        """The id of the organization whose stores `account` may make, and the account that owns these.

        Raises NoOrganization, NotManagementAccount.
        """
        organization = self._organization
        if organization is None or account not in organization.accounts:
            raise NoOrganization
        if not self._administers(account):
            raise NotManagementAccount
        return organization.id, organization.management_account

    def is_manager(self, account: str) -> bool:
        """Whether `account` is the management account: some things a delegated administrator may not."""
        return self._organization is not None and account == self._organization.management_account

    def _read(self, text: str, owner: str, region: str) -> tuple[str, str | None]:
        """The ID and account that an ARN or ID names. Raises StoreArnInvalid, StoreNotFound."""
        if _ID.fullmatch(text):
            return text.lower(), owner
        arn = parse_arn(text)
        store_id = arn.resource.removeprefix(_TYPE) if arn is not None else ""
        if arn is None or arn.service != "cloudtrail" or not arn.resource.startswith(_TYPE):
            raise StoreArnInvalid(f"{text} is not a valid event data store ARN.")
        if not _ID.fullmatch(store_id) or not _ACCOUNT.fullmatch(arn.account):
            raise StoreArnInvalid(f"{text} is not a valid event data store ARN.")
        if arn.region != region:
            raise StoreNotFound(f"Event data store {text} was not found in {region}.")
        return store_id.lower(), arn.account

    def _is_reached(self, store: EventDataStore, account: str) -> bool:
        if store.account == account:
            return True
        if store.organization_id is not None and self._administers(account):
            return True
        return self._shared(store, account)

    def _administers(self, account: str) -> bool:
        organization = self._organization
        if organization is None:
            return False
        if account == organization.management_account:
            return True
        return account in organization.members and account in self._delegated()

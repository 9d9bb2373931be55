"""The organization as it is now, for every process; and what registers its delegated administrators for CloudTrail."""

import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine

from opentrail import limits
from opentrail.accounts.faults import (
    AccountNotInOrganization,
    AccountNotRegistered,
    CloudTrailNotTrusted,
    InvalidAccount,
    ManagerNotDelegable,
    NoOrganization,
    NotAllFeatures,
    NotManagementAccount,
    NotOrganizationManager,
)
from opentrail.accounts.organization import Organization
from opentrail.catalog.organizations import OrganizationRows, StoredOrganization
from opentrail.clock import Clock

KnownOrganization = Callable[[], Organization | None]  # as it is when asked; None: no account belongs to one

_ACCOUNT_DIGITS: Final = 12


class Organizations:
    """The organization in the catalog. Safe from any thread.

    `now` answers from memory; what another process changed is seen after `limits.ORGANIZATION_REFRESH_SECONDS`.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._rows = OrganizationRows(engine)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Organization | None = None
        self._read_at = float("-inf")

    def now(self) -> Organization | None:
        """The organization; None where no account belongs to one."""
        with self._lock:
            if self._clock.monotonic() - self._read_at >= limits.ORGANIZATION_REFRESH_SECONDS:
                self._read()
            return self._known

    def take(self, told: StoredOrganization | None) -> bool:
        """Make the organization what the settings or its upstream say it is; whether that changed anything.

        Durable on return.
        """
        before = self._rows.read()
        if (before[0] if before is not None else None) == told:
            return False
        self._rows.take(told)
        self._forget()
        return True

    def register(self, caller: str, account: str) -> None:
        """Make `account` a delegated administrator, as the account `caller` asks. Durable on return.

        Raises NoOrganization, NotOrganizationManager, NotAllFeatures, CloudTrailNotTrusted, InvalidAccount,
        ManagerNotDelegable, AccountNotInOrganization, and what OrganizationRows.register raises.
        """
        organization = self._managed_by(caller, account)
        if account == organization.management_account:
            raise ManagerNotDelegable
        if account not in organization.members:
            raise AccountNotInOrganization(f"Account {account} is not a member of the organization.")
        self._rows.register(organization.id, account, self._clock.now_us(), limits.DELEGATED_ADMINS)
        self._forget()

    def deregister(self, caller: str, account: str) -> None:
        """Take it back; what the account made stays. Durable on return.

        Raises as `register`, and AccountNotRegistered.
        """
        organization = self._managed_by(caller, account)
        if account not in organization.accounts:
            raise AccountNotInOrganization(f"Account {account} is not a member of the organization.")
        if not self._rows.deregister(organization.id, account):
            raise AccountNotRegistered(f"Account {account} is not a delegated administrator.")
        self._forget()

    def _managed_by(self, caller: str, account: str) -> Organization:
        self._forget()
        organization = self.now()
        if organization is None or caller not in organization.accounts:
            raise NoOrganization
        if caller != organization.management_account:
            raise NotOrganizationManager
        require_ready(organization)
        if not (len(account) == _ACCOUNT_DIGITS and account.isascii() and account.isdecimal()):
            raise InvalidAccount(f"{account} is not the ID of an account.")
        return organization

    def _forget(self) -> None:
        with self._lock:
            self._read_at = float("-inf")

    def _read(self) -> None:
        found = self._rows.read()
        self._read_at = self._clock.monotonic()
        if found is None:
            self._known = None
            return
        told, admins = found
        self._known = Organization(
            id=told.id,
            management_account=told.management_account,
            members=told.members,
            delegated_admins=admins,
            all_features=told.all_features,
            trusts_cloudtrail=told.trusts_cloudtrail,
        )


def require_administered(organization: Organization | None, account: str) -> Organization:
    """The organization for which `account` may make trails and stores.

    Raises NoOrganization, NotManagementAccount, NotAllFeatures, CloudTrailNotTrusted.
    """
    if organization is None or account not in organization.accounts:
        raise NoOrganization
    if not organization.is_administered_by(account):
        raise NotManagementAccount
    require_ready(organization)
    return organization


def require_ready(organization: Organization) -> None:
    """Raise NotAllFeatures, CloudTrailNotTrusted where CloudTrail may do nothing for the organization."""
    if not organization.all_features:
        raise NotAllFeatures
    if not organization.trusts_cloudtrail:
        raise CloudTrailNotTrusted

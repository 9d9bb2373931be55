"""Which policies speak of whom: those attached to configured users, those in the catalog, those of the organization.

Configured users without policies, and roots, may do everything. So may principals that were learned from traffic, as
long as nobody in their account has policies; from then on they may do nothing, since any of them could have been made
by somebody who is held by policies himself. In an account of our own (in the catalog) they may never do anything; its
users and roles may do what their policies there allow (stored_policies.py). A session of a configured user
(GetSessionToken) is that user.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from opentrail import limits
from opentrail.accounts.managed_policies import AWS_POLICIES
from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.policy import Policies, Policy, PolicyUnreadable, read_identity_policy
from opentrail.accounts.principal import AWS_SERVICE, Principal
from opentrail.accounts.stored_policies import StoredPolicies

FULL_ACCESS: Final = Policies(
    (read_identity_policy('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', "AdministratorAccess"),)
)
_NOTHING: Final = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
_ALLOWS_NOTHING: Final = Policies(session=())  # a session policy, since a root that was assumed is a root otherwise


@dataclass(frozen=True, slots=True)
class AttachedUser:
    """A configured user and what is attached to it; no policies: everything is allowed within its boundary."""

    principal: Principal
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anything is attached to it."""
        return bool(self.policies) or self.boundary is not None


class AttachedPolicies:
    """Finds the policies of principals. `service_control`: of all members of the organization, at one level.

    `stored`: of the users and roles in the catalog.
    """

    def __init__(
        self,
        users: Iterable[AttachedUser] = (),
        organization: KnownOrganization = lambda: None,
        service_control: tuple[Policy, ...] = (),
        stored: StoredPolicies | None = None,
    ) -> None:
        self._stored = stored
        listed = [user for user in users if user.principal.type == "IAMUser"]
        self._users: Mapping[tuple[str, str], Policies] = {
            _identity(user.principal): Policies(user.policies or FULL_ACCESS.identity, user.boundary) for user in listed
        }
        self._limited_accounts = frozenset(user.principal.account for user in listed if user.is_limited)
        self._organization = organization
        self._service_control = (service_control,) if service_control else ()

    def of(self, principal: Principal) -> Policies | None:
        """The policies that speak of what `principal` does; None for a service of ours, which needs none."""
        if principal.type == AWS_SERVICE:
            return None
        own = self._own(principal)
        organization = self._organization() if self._service_control else None
        if organization is None or not organization.has_member(principal.account):
            return own
        return Policies(own.identity, own.boundary, own.session, self._service_control)

    def is_stranger(self, principal: Principal) -> bool:
        """Whether it was learned from traffic, in an account where others are held by policies: it may do nothing."""
        return self._told_of(principal) is None and self._is_limited(principal.account)

    def _own(self, principal: Principal) -> Policies:
        told = self._told_of(principal)
        if told is not None:
            return told
        if self._is_limited(principal.account):
            return _ALLOWS_NOTHING
        return replace(FULL_ACCESS, session=_session_policies(principal))

    def _told_of(self, principal: Principal) -> Policies | None:
        """What the settings or the catalog say of it; None where neither does."""
        assumed = principal.session is not None and principal.session.assumed_root
        if principal.type == "Root" and not assumed:
            return FULL_ACCESS
        if principal.type == "IAMUser":
            found = self._users.get(_identity(principal))
            if found is not None:
                return found
        return self._stored.of(principal) if self._stored is not None else None

    def _is_limited(self, account: str) -> bool:
        return account in self._limited_accounts or (self._stored is not None and self._stored.knows(account))


def _session_policies(principal: Principal) -> tuple[Policy, ...] | None:
    """What a session that was learned from traffic is narrowed to; what nobody here can read allows nothing."""
    session = principal.session
    if session is None or not session.is_narrowed:
        return None
    texts = [*(session.policies or ()), *(AWS_POLICIES.get(arn, _NOTHING) for arn in session.policy_arns)]
    return tuple(_read_or_nothing(text) for text in texts)


@functools.lru_cache(limits.COMPILED_POLICIES)
def _read_or_nothing(text: str) -> Policy:
    try:
        return read_identity_policy(text, "session policy")
    except PolicyUnreadable:
        return read_identity_policy(_NOTHING, "session policy")


def _identity(principal: Principal) -> tuple[str, str]:
    """A user of the same name that somebody made elsewhere has another id."""
    return principal.arn, principal.principal_id

"""What IAM of one account has attached to its users, groups and roles; and the policies that so speak of a principal.

Nothing here is asked for: an IamAccount is what an upstream's IAM answered, as a whole.
"""

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from opentrail.accounts.attached_policies import FULL_ACCESS
from opentrail.accounts.policy import Policies, Policy, PolicyUnreadable, read_identity_policy, read_policy
from opentrail.accounts.principal import AWS_SERVICE, Pairs, Principal, SessionIssuer
from opentrail.telemetry import logger

ENTERED_BY: Final = "OrganizationAccountAccessRole"

_log = logger("accounts")
_NOTHING: Final = Policies(session=())  # a session policy, since a root that was assumed is a root otherwise
_DENY_ALL: Final = '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'

Managed = Callable[[str], Policy | None]  # a managed policy by its ARN; None where there is none


@dataclass(frozen=True, slots=True)
class IamPrincipal:
    """A user or a role. `policies` are its own inline ones; `managed`, `boundary`: ARNs of managed ones."""

    name: str
    unique_id: str
    arn: str
    policies: tuple[Policy, ...] = ()
    managed: tuple[str, ...] = ()
    boundary: str = ""
    groups: tuple[str, ...] = ()
    tags: Pairs = ()
    trust: Policy | None = None  # of a role


@dataclass(frozen=True, slots=True)
class IamGroup:
    """A group: what its users have besides."""

    policies: tuple[Policy, ...] = ()
    managed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IamAccount:
    """All of one account, by name."""

    users: Mapping[str, IamPrincipal] = field(default_factory=dict)
    roles: Mapping[str, IamPrincipal] = field(default_factory=dict)
    groups: Mapping[str, IamGroup] = field(default_factory=dict)

    def owner_of(self, principal: Principal) -> IamPrincipal | None:
        """The user or role whose permissions `principal` uses; None for roots and for whom IAM does not know.

        One of the same name that was made anew has another id.
        """
        issuer = principal.session.issuer if principal.session is not None else None
        if issuer is None:
            issuer = SessionIssuer(
                principal.type, principal.principal_id, principal.arn, principal.account, principal.user_name
            )
        known = {"IAMUser": self.users, "Role": self.roles}.get(issuer.type, {})
        found = known.get(issuer.user_name or "")
        if found is None or (issuer.principal_id and found.unique_id and issuer.principal_id != found.unique_id):
            return None
        return found

    def policies_of(self, principal: Principal, managed: Managed) -> Policies | None:
        """The policies that speak of what `principal` does; None for a service of ours, which needs none."""
        if principal.type == AWS_SERVICE:
            return None
        session = principal.session
        narrowed = _session_policies(principal, managed)
        if principal.type == "Root":
            assumed = session is not None and session.assumed_root
            return _NOTHING if assumed and narrowed is None else replace(FULL_ACCESS, session=narrowed)
        if principal.type == "FederatedUser" and narrowed is None:
            return _NOTHING  # without session policies it may do what resources let it do, and no more
        if session is not None and session.issuer is not None and session.issuer.type == "Root":
            return replace(FULL_ACCESS, session=narrowed)
        owner = self.owner_of(principal)
        if owner is None:
            return _NOTHING
        return Policies(
            identity=tuple(self._attached(owner, managed)),
            boundary=_of_arn(owner.boundary, managed) if owner.boundary else None,
            session=narrowed,
        )

    def _attached(self, owner: IamPrincipal, managed: Managed) -> Iterable[Policy]:
        yield from owner.policies
        for arn in owner.managed:
            yield _of_arn(arn, managed)
        for name in owner.groups:
            group = self.groups.get(name, IamGroup())
            yield from group.policies
            for arn in group.managed:
                yield _of_arn(arn, managed)


def managed_from(told: IamAccount, account: str, manager: str) -> IamAccount:
    """A member account with the role by which its organization's manager enters it.

    Organizations makes it with every account, as an administrator; some stand-ins leave out what it may do.
    """
    made = told.roles.get(ENTERED_BY)
    if made is not None and (made.policies or made.managed):
        return told
    arn = f"arn:aws:iam::{account}:role/{ENTERED_BY}"
    trust = {"Effect": "Allow", "Principal": {"AWS": manager}, "Action": "sts:AssumeRole"}
    role = IamPrincipal(
        name=ENTERED_BY,
        unique_id=made.unique_id if made is not None else "",
        arn=arn,
        policies=FULL_ACCESS.identity,
        trust=trust_policy(json.dumps({"Statement": trust})),
    )
    return replace(told, roles={**told.roles, ENTERED_BY: role})


def identity_policy(text: str, name: str) -> Policy:
    """A policy that IAM has; one that cannot be read denies everything, since it might deny anything."""
    return _identity_policy(text, name)


def trust_policy(text: str) -> Policy | None:
    """The trust policy of a role; one that cannot be read lets nobody in."""
    try:
        return read_policy(text, "AssumeRolePolicyDocument")
    except PolicyUnreadable as failure:
        _log.warning("trust policy unreadable", action="policy-unreadable", error=failure.message)
        return None


@functools.lru_cache(maxsize=4096)
def _identity_policy(text: str, name: str) -> Policy:
    try:
        return read_identity_policy(text, name)
    except PolicyUnreadable as failure:
        _log.warning("policy unreadable", action="policy-unreadable", policy=name, error=failure.message)
        return read_identity_policy(_DENY_ALL, name)


def _of_arn(arn: str, managed: Managed) -> Policy:
    """A managed policy; one that is not there denies everything, since nobody knows what it denied."""
    found = managed(arn)
    return found if found is not None else identity_policy(_DENY_ALL, arn)


def _session_policies(principal: Principal, managed: Managed) -> tuple[Policy, ...] | None:
    session = principal.session
    if session is None or not session.is_narrowed:
        return None
    documents = [identity_policy(text, "session") for text in session.policies or ()]
    return (*documents, *(_of_arn(arn, managed) for arn in session.policy_arns))

"""Cognito identity pools: whose sessions `GetCredentialsForIdentity` hands out.

Its call is not signed and its answer names no role. The role follows from what was seen before: the pool of the
identity (GetId), the pool's account (whoever made it) and its roles (SetIdentityPoolRoles).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from opentrail.accounts.identities import Identities, Identity
from opentrail.accounts.principal import Principal, Session, WebIdentity, assumed_role
from opentrail.recorder.learning.told import Known, Steps, Told

COGNITO: Final = "cognito-identity"
PROVIDER: Final = "cognito-identity.amazonaws.com"
SESSION_NAME: Final = "CognitoIdentityCredentials"
_ROLES: Final = ("authenticated", "unauthenticated")


def pool_seen(known: Known, told: Told) -> None:
    """CreateIdentityPool, DescribeIdentityPool, UpdateIdentityPool: whose pool it is."""
    pool_id = told.answered("IdentityPoolId")
    if pool_id and told.account:
        known.access_keys.identities.keep(_pool(known, told.account, pool_id))


def pool_roles_seen(known: Known, told: Told) -> None:
    """SetIdentityPoolRoles, GetIdentityPoolRoles: the roles of those who are authenticated and of those who are not."""
    pool_id = told.text("IdentityPoolId") or told.answered("IdentityPoolId")
    roles = told.parameters.get("Roles") or told.output.get("Roles")
    if pool_id and told.account and isinstance(roles, dict):
        facts = {name: str(roles[name]) for name in _ROLES if roles.get(name)}
        known.access_keys.identities.keep(replace(_pool(known, told.account, pool_id), facts=facts))


def pool_deleted(known: Known, told: Told) -> None:
    """DeleteIdentityPool."""
    known.access_keys.identities.forget(told.account, "identity-pool", told.text("IdentityPoolId"))


def identity_seen(known: Known, told: Told) -> None:
    """GetId, GetOpenIdTokenForDeveloperIdentity: which pool an identity is in."""
    identities = known.access_keys.identities
    pool = identities.find_anywhere("identity-pool", told.text("IdentityPoolId"))
    identity_id = told.answered("IdentityId")
    if pool is not None and identity_id:
        identities.keep(Identity(pool.account, "pool-identity", identity_id, facts={"pool": pool.name}))


def credentials_got(known: Known, told: Told) -> None:
    """GetCredentialsForIdentity."""
    credentials = told.credentials
    if credentials is None:
        return
    identity_id = told.answered("IdentityId") or told.text("IdentityId")
    principal = known.look_ups.caller("cognito-identity", credentials) or _session_of(known, told, identity_id)
    if principal is not None:
        known.session_key(credentials, _with_web_identity(principal, known, told, identity_id))


def owner_of_pool(identities: Identities, parameters: Mapping[str, Any]) -> str:
    """The account of the pool, or of the pool of the identity, that a call names; empty where nobody saw it made."""
    pool_id, identity_id = parameters.get("IdentityPoolId"), parameters.get("IdentityId")
    found = identities.find_anywhere("identity-pool", pool_id) if isinstance(pool_id, str) else None
    if found is None and isinstance(identity_id, str):
        found = identities.find_anywhere("pool-identity", identity_id)
    return found.account if found is not None else ""


def _session_of(known: Known, told: Told, identity_id: str) -> Principal | None:
    pool = _pool_of(known, identity_id)
    kind = "authenticated" if told.parameters.get("Logins") else "unauthenticated"
    role_arn = told.text("CustomRoleArn") or (pool.facts.get(kind, "") if pool is not None else "")
    if role_arn:
        parts = role_arn.split(":", 5)
        role = known.role(parts[4], role_arn.rpartition("/")[2]) if len(parts) == 6 else None
        role_id = role.identity_id if role is not None else ""
        try:
            principal = assumed_role(role_arn, role_id, SESSION_NAME, told.now_us)
        except ValueError:
            return None
        return principal if role_id else replace(principal, principal_id="")
    if pool is None:
        return None
    return Principal(pool.account, "AssumedRole", "", "", session=Session(None, told.now_us))  # of a role nobody named


def _with_web_identity(principal: Principal, known: Known, told: Told, identity_id: str) -> Principal:
    pool = _pool_of(known, identity_id)
    attributes: list[tuple[str, str]] = []
    if not told.parameters.get("Logins"):
        attributes.append((f"{PROVIDER}:amr", _json(["unauthenticated"])))
    if pool is not None:
        attributes.append((f"{PROVIDER}:aud", pool.name))
    attributes.append((f"{PROVIDER}:sub", identity_id))
    session = principal.session or Session(None, told.now_us)
    return replace(principal, session=replace(session, web_identity=WebIdentity(PROVIDER, tuple(attributes))))


def _pool(known: Known, account: str, pool_id: str) -> Identity:
    found = known.access_keys.identities.find(account, "identity-pool", pool_id)
    return found if found is not None else Identity(account, "identity-pool", pool_id)


def _pool_of(known: Known, identity_id: str) -> Identity | None:
    identities = known.access_keys.identities
    identity = identities.find_anywhere("pool-identity", identity_id)
    if identity is None:
        return None
    return identities.find(identity.account, "identity-pool", identity.facts.get("pool", ""))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


STEPS: Final[Steps] = {
    ("cognito-identity", "CreateIdentityPool"): pool_seen,
    ("cognito-identity", "DescribeIdentityPool"): pool_seen,
    ("cognito-identity", "UpdateIdentityPool"): pool_seen,
    ("cognito-identity", "DeleteIdentityPool"): pool_deleted,
    ("cognito-identity", "SetIdentityPoolRoles"): pool_roles_seen,
    ("cognito-identity", "GetIdentityPoolRoles"): pool_roles_seen,
    ("cognito-identity", "GetId"): identity_seen,
    ("cognito-identity", "GetOpenIdTokenForDeveloperIdentity"): identity_seen,
    ("cognito-identity", "GetCredentialsForIdentity"): credentials_got,
}

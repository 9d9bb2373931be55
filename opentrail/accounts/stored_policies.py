"""What the policies in the catalog say of our own users and roles, remembered until the catalog changes.

A user or role without policies may do nothing, as at AWS. A session of a role has the role's policies and boundary, and
its own session policies besides; one by GetSessionToken is its user. A deleted user or role has no policies any more,
nor has one of the same name that was made later: the id tells them apart.
"""

import functools
import threading

from sqlalchemy import Connection, Engine

from opentrail import limits
from opentrail.accounts.managed_policies import AWS_POLICIES
from opentrail.accounts.policy import Policies, Policy, read_identity_policy
from opentrail.accounts.principal import Principal, owner_of
from opentrail.catalog.changes import CatalogChanges
from opentrail.catalog.database import READING
from opentrail.catalog.principals import Kind, account_of, attached_to, find_policy, find_principal
from opentrail.clock import Clock

_NOTHING = read_identity_policy('{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', "missing")

Own = tuple[str, Policies]  # principal id, policies


class StoredPolicies:
    """Safe from any thread. What another process changes holds after `limits.ACCESS_KEY_REFRESH_SECONDS`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._changes = CatalogChanges(engine, clock, limits.ACCESS_KEY_REFRESH_SECONDS)
        self._lock = threading.Lock()
        self._own: dict[tuple[str, str, str], Own | None] = {}
        self._accounts: dict[str, bool] = {}

    def of(self, principal: Principal) -> Policies | None:
        """The policies of a user of ours, or of a session of a role of ours; None of anybody else."""
        kind, name = owner_of(principal)
        if kind not in ("user", "role") or principal.type not in ("IAMUser", "AssumedRole"):
            return None
        found = self._found(principal.account, "user" if kind == "user" else "role", name)
        issuer = principal.session.issuer if principal.session is not None else None
        principal_id = issuer.principal_id if issuer is not None else principal.principal_id
        if found is None or found[0] != principal_id:
            return None
        own = found[1]
        session = principal.session.policies if principal.session is not None else None
        if session is None:
            return own
        return Policies(own.identity, own.boundary, tuple(compiled(text, "session policy") for text in session))

    def knows(self, account: str) -> bool:
        """Whether the account is one of ours."""
        with self._lock:
            self._forget_what_changed()
            if account not in self._accounts:
                if len(self._accounts) >= limits.ACCESS_KEYS_IN_MEMORY:
                    self._accounts.clear()
                with self._engine.connect().execution_options(**READING) as connection:
                    self._accounts[account] = account_of(connection, account) is not None
            return self._accounts[account]

    def close(self) -> None:
        """Let go of the catalog."""
        self._changes.close()

    def _found(self, account: str, kind: Kind, name: str) -> Own | None:
        asked = (account, kind, name)
        with self._lock:
            self._forget_what_changed()
            if asked not in self._own:
                if len(self._own) >= limits.ACCESS_KEYS_IN_MEMORY:
                    self._own.clear()
                with self._engine.connect().execution_options(**READING) as connection:
                    self._own[asked] = _read(connection, account, kind, name)
            return self._own[asked]

    def _forget_what_changed(self) -> None:
        if self._changes.any():
            self._own.clear()
            self._accounts.clear()


def document_of(connection: Connection, arn: str) -> str | None:
    """The document of a policy, ours or AWS's; None where there is none of that name."""
    if arn in AWS_POLICIES:
        return AWS_POLICIES[arn]
    row = find_policy(connection, arn)
    return row.document if row is not None else None


@functools.lru_cache(limits.COMPILED_POLICIES)
def compiled(text: str, name: str) -> Policy:
    """A policy that was found readable when it was kept."""
    return read_identity_policy(text, name)


def _read(connection: Connection, account: str, kind: Kind, name: str) -> Own | None:
    row = find_principal(connection, account, kind, name)
    if row is None:
        return None
    attached = tuple(_policy(connection, arn) for arn in attached_to(connection, account, kind, name))
    boundary = _policy(connection, row.boundary) if row.boundary is not None else None
    return row.principal_id, Policies(attached, boundary)


def _policy(connection: Connection, arn: str) -> Policy:
    """A policy that is gone while it was needed must not widen what is allowed."""
    text = document_of(connection, arn)
    return compiled(text, arn.rpartition("/")[2]) if text is not None else _NOTHING

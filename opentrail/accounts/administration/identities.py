"""Users and roles of our own: made, deleted, trusted, bounded, given policies."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from opentrail.accounts.administration.changes import (
    IAM,
    Change,
    Changes,
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    NoSuchEntity,
    known_account,
    known_principal,
    require_name,
)
from opentrail.accounts.credentials import new_unique_id
from opentrail.accounts.own_keys import OwnKeys
from opentrail.accounts.stored_policies import document_of
from opentrail.accounts.trust import read_trust_policy
from opentrail.catalog.principals import (
    Kind,
    PrincipalRow,
    add_principal,
    all_accounts,
    attach,
    attached_to,
    change_principal,
    detach,
    find_principal,
    principals_of,
    remove_principal,
)

SESSION_SECONDS: Final = 3600
SESSION_BOUNDS: Final = (3600, 43_200)  # AWS's for MaxSessionDuration
_KINDS: Final[Mapping[Kind, str]] = {"user": "User", "role": "Role"}


class IdentityChanges:
    """Operations on users and roles."""

    def __init__(self, changes: Changes, keys: OwnKeys) -> None:
        self._changes = changes
        self._keys = keys

    def all(self, account: str, kind: Kind) -> list[tuple[PrincipalRow, list[str]]]:
        """The users or roles of an account, each with the ARNs of its policies. Raises NoSuchEntity."""
        with self._changes.look() as connection:
            known_account(connection, account)
            found = principals_of(connection, account, kind)
            return [(row, attached_to(connection, account, kind, row.name)) for row in found]

    def create_user(self, account: str, name: str, path: str = "/") -> PrincipalRow:
        """A user, who may do nothing yet (CreateUser). Raises NoSuchEntity, EntityAlreadyExists, InvalidInput."""
        user = PrincipalRow(account, "user", name, path, new_unique_id("AIDA"), created_at=self._changes.clock.now_us())
        parameters = {"userName": name} if path == "/" else {"path": path, "userName": name}
        elements = {
            "path": path,
            "userName": name,
            "userId": user.principal_id,
            "arn": user.arn,
            "createDate": user.created_at,
        }
        return self._made(user, parameters, {"user": elements})

    def create_role(
        self, account: str, name: str, trust_policy: str, path: str = "/", session_seconds: int = SESSION_SECONDS
    ) -> PrincipalRow:
        """A role that whom `trust_policy` names may assume (CreateRole).

        Raises NoSuchEntity, EntityAlreadyExists, InvalidInput, PolicyUnreadable.
        """
        read_trust_policy(trust_policy)
        if not SESSION_BOUNDS[0] <= session_seconds <= SESSION_BOUNDS[1]:
            raise InvalidInput(f"a role's longest session has {SESSION_BOUNDS[0]} to {SESSION_BOUNDS[1]} seconds")
        role = PrincipalRow(
            account,
            "role",
            name,
            path,
            new_unique_id("AROA"),
            trust_policy,
            session_seconds,
            created_at=self._changes.clock.now_us(),
        )
        parameters = {
            "path": path,
            "roleName": name,
            "assumeRolePolicyDocument": trust_policy,
            "maxSessionDuration": session_seconds,
        }
        elements = {
            "path": path,
            "roleName": name,
            "roleId": role.principal_id,
            "arn": role.arn,
            "createDate": role.created_at,
            "assumeRolePolicyDocument": trust_policy,
        }
        return self._made(role, parameters, {"role": elements})

    def set_trust(self, account: str, name: str, trust_policy: str) -> None:
        """Who may assume a role from now on (UpdateAssumeRolePolicy). Raises NoSuchEntity, PolicyUnreadable."""
        read_trust_policy(trust_policy)
        with self._changes.begin() as connection:
            known_principal(connection, account, "role", name)
            change_principal(connection, account, "role", name, trust_policy=trust_policy)
            self._tell(account, "UpdateAssumeRolePolicy", {"roleName": name, "policyDocument": trust_policy})

    def delete(self, account: str, kind: Kind, name: str) -> None:
        """Take a user or role away; its keys, sessions and attachments go first, each with its event.

        Raises NoSuchEntity; DeleteConflict where a role's trust policy names it: whoever is called so later would be
        trusted.
        """
        with self._changes.begin() as connection:
            row = known_principal(connection, account, kind, name)
            _require_untrusted(connection, row)
            for key in self._keys.of(connection, account, (kind, name)):
                self._tell(account, "DeleteAccessKey", {"userName": name, "accessKeyId": key.access_key_id})
            for arn in attached_to(connection, account, kind, name):
                self._tell(account, f"Detach{_KINDS[kind]}Policy", {f"{kind}Name": name, "policyArn": arn})
            if row.boundary is not None:
                self._tell(account, f"Delete{_KINDS[kind]}PermissionsBoundary", {f"{kind}Name": name})
            self._keys.delete_all_of(connection, account, kind, name)
            remove_principal(connection, account, kind, name)
            self._tell(account, f"Delete{_KINDS[kind]}", {f"{kind}Name": name})

    def attach(self, account: str, kind: Kind, name: str, arn: str) -> None:
        """Give a policy, ours or AWS's (AttachUserPolicy, AttachRolePolicy). Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            known_principal(connection, account, kind, name)
            _require_policy(connection, account, arn)
            attach(connection, account, kind, name, arn)
            self._tell(account, f"Attach{_KINDS[kind]}Policy", {f"{kind}Name": name, "policyArn": arn})

    def detach(self, account: str, kind: Kind, name: str, arn: str) -> None:
        """Take a policy off (DetachUserPolicy, DetachRolePolicy). Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            known_principal(connection, account, kind, name)
            if not detach(connection, account, kind, name, arn):
                raise NoSuchEntity(f"{kind} {name} has no policy {arn}")
            self._tell(account, f"Detach{_KINDS[kind]}Policy", {f"{kind}Name": name, "policyArn": arn})

    def set_boundary(self, account: str, kind: Kind, name: str, arn: str | None) -> None:
        """What the policies of a user or role may allow at most; None: no bound. Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            known_principal(connection, account, kind, name)
            if arn is not None:
                _require_policy(connection, account, arn)
            change_principal(connection, account, kind, name, boundary=arn)
            verb, more = ("Put", {"permissionsBoundary": arn}) if arn is not None else ("Delete", {})
            self._tell(account, f"{verb}{_KINDS[kind]}PermissionsBoundary", {f"{kind}Name": name, **more})

    def _made(self, row: PrincipalRow, parameters: Mapping[str, Any], elements: Mapping[str, Any]) -> PrincipalRow:
        require_name(row.name, row.path)
        with self._changes.begin() as connection:
            known_account(connection, row.account)
            if find_principal(connection, row.account, row.kind, row.name) is not None:
                raise EntityAlreadyExists(f"account {row.account} has a {row.kind} {row.name} already")
            add_principal(connection, row)
            self._tell(row.account, f"Create{_KINDS[row.kind]}", parameters, elements)
        return row

    def _tell(
        self, account: str, name: str, parameters: Mapping[str, Any], elements: Mapping[str, Any] | None = None
    ) -> None:
        self._changes.tell(Change(account, IAM, name, parameters, elements))


def _require_untrusted(connection: Connection, row: PrincipalRow) -> None:
    for account in all_accounts(connection):
        for role in principals_of(connection, account.id, "role"):
            named = json.dumps(json.loads(role.trust_policy or "{}"))
            if role.arn != row.arn and (f'"{row.arn}"' in named or f'"{row.principal_id}"' in named):
                raise DeleteConflict(f"{role.arn} trusts {row.arn}: change its trust policy first")


def _require_policy(connection: Connection, account: str, arn: str) -> None:
    """A policy of another account cannot be attached."""
    owner = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if owner not in (account, "aws") or document_of(connection, arn) is None:
        raise NoSuchEntity(f"account {account} has no policy {arn}")

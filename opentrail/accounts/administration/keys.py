"""Access keys of our own users and roots: issued, switched on and off, rotated, deleted."""

from typing import Any, Final

from sqlalchemy import Connection

from opentrail.accounts.access_keys import AccessKey, KeyStatus
from opentrail.accounts.administration.changes import (
    IAM,
    Change,
    Changes,
    LimitExceeded,
    NoSuchEntity,
    known_account,
    known_principal,
)
from opentrail.accounts.own_keys import ROOT, KeyFacts, OwnKeys
from opentrail.accounts.principal import iam_user, root

KEYS_OF_ONE: Final = 2  # as at AWS: the one in use, and the one before or after it


class KeyChanges:
    """Operations on long-term keys. Secrets are in what `create` and `rotate` return, and nowhere else."""

    def __init__(self, changes: Changes, keys: OwnKeys) -> None:
        self._changes = changes
        self._keys = keys

    def all(self, account: str) -> list[KeyFacts]:
        """The keys of an account's root and users. Raises NoSuchEntity."""
        with self._changes.look() as connection:
            known_account(connection, account)
            return self._keys.of(connection, account)

    def create(self, account: str, user: str | None) -> AccessKey:
        """A new key of a user, or of the account's root (CreateAccessKey). Raises NoSuchEntity, LimitExceeded."""
        with self._changes.begin() as connection:
            return self._created(connection, account, user)

    def set_status(self, access_key_id: str, status: KeyStatus) -> None:
        """Switch a key on or off (UpdateAccessKey). Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            self._switched(connection, self._known(connection, access_key_id), status)

    def rotate(self, access_key_id: str) -> AccessKey:
        """A new key in the place of one, which is switched off: the events of both. Raises NoSuchEntity,
        LimitExceeded."""
        with self._changes.begin() as connection:
            old = self._known(connection, access_key_id)
            made = self._created(connection, old.account, old.owner_name or None)
            self._switched(connection, old, "Inactive")
            return made

    def delete(self, access_key_id: str) -> None:
        """Take a key away (DeleteAccessKey). Raises NoSuchEntity."""
        with self._changes.begin() as connection:
            key = self._known(connection, access_key_id)
            self._keys.delete(connection, access_key_id)
            self._tell(key.account, "DeleteAccessKey", {**_named(key), "accessKeyId": access_key_id})

    def _created(self, connection: Connection, account: str, user: str | None) -> AccessKey:
        known_account(connection, account)
        principal = root(account)
        if user is not None:
            row = known_principal(connection, account, "user", user)
            principal = iam_user(account, user, row.principal_id, row.path)
        owner = ROOT if user is None else ("user", user)
        if len(self._keys.of(connection, account, owner)) >= KEYS_OF_ONE:
            raise LimitExceeded(f"{user or 'the root'} has {KEYS_OF_ONE} access keys already: delete one first")
        key = self._keys.issue(connection, principal)
        named = {"userName": user} if user is not None else {}
        made = {
            **named,
            "accessKeyId": key.access_key_id,
            "status": key.status,
            "createDate": self._changes.clock.now_us(),
        }
        self._tell(account, "CreateAccessKey", named, {"accessKey": made})
        return key

    def _switched(self, connection: Connection, key: KeyFacts, status: KeyStatus) -> None:
        self._keys.set_status(connection, key.access_key_id, status)
        parameters = {**_named(key), "accessKeyId": key.access_key_id, "status": status}
        self._tell(key.account, "UpdateAccessKey", parameters)

    def _known(self, connection: Connection, access_key_id: str) -> KeyFacts:
        found = self._keys.find(connection, access_key_id)
        if found is None:
            raise NoSuchEntity(f"there is no access key {access_key_id}")
        return found

    def _tell(
        self, account: str, name: str, parameters: dict[str, Any], elements: dict[str, Any] | None = None
    ) -> None:
        self._changes.tell(Change(account, IAM, name, parameters, elements))


def _named(key: KeyFacts) -> dict[str, Any]:
    return {"userName": key.owner_name} if key.owner_name else {}

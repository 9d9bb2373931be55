"""Access keys and the principals behind them: configured ones, and ones learned from traffic, kept sealed.

In the catalog a key is a row of `access_keys`: its principal as JSON, its secret and session token sealed together,
bound to the key's id and principal, so that no row can be passed off as another. Configured keys are never stored.
Managed keys are those of our own principals (own_keys.py makes and changes them): nothing that is learned touches them.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from opentrail import limits
from opentrail.accounts.identities import Identities
from opentrail.accounts.principal import AWS_SERVICE, Principal, owner_of
from opentrail.accounts.sealing import Seal
from opentrail.catalog.changes import CatalogChanges
from opentrail.catalog.database import READING, CatalogUnreadable
from opentrail.catalog.tables import access_keys
from opentrail.clock import MICROSECONDS, Clock, SystemClock

KeyStatus = Literal["Active", "Inactive"]

_UNASKED = object()
_NEW = insert(access_keys)
_LEARN = _NEW.on_conflict_do_update(
    index_elements=["access_key_id"],
    set_={column.name: _NEW.excluded[column.name] for column in access_keys.c if not column.primary_key},
    where=~access_keys.c.managed,
)
_READ = """SELECT access_key_id, principal, secrets, expires_at, managed, CASE WHEN EXISTS (
    SELECT 1 FROM accounts WHERE accounts.id = access_keys.account AND accounts.status <> 'ACTIVE'
    ) THEN 'Inactive' ELSE access_keys.status END FROM access_keys"""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key: what a caller signs with, and who the caller then is.

    Without a secret it only names somebody whose signatures an upstream verifies; nothing can be proven with it here.
    """

    access_key_id: str
    secret: str = field(repr=False)
    principal: Principal
    session_token: str | None = field(default=None, repr=False)
    expires_at_us: int | None = None  # None: does not expire
    status: KeyStatus = "Active"
    managed: bool = False  # of a principal of our own

    @property
    def proves(self) -> bool:
        """Whether a good signature with this key proves who made it."""
        return self.status == "Active" and bool(self.secret)

    def expired(self, now_us: int) -> bool:
        """Whether a temporary key is past its end."""
        return self.expires_at_us is not None and now_us >= self.expires_at_us


class _Sealed(msgspec.Struct, omit_defaults=True):
    secret: str
    token: str | None = None


class AccessKeys:
    """All keys of a data folder. Safe from any thread.

    `find` answers from memory nearly always. A key that another process learned is seen at once, one that it changed
    after `limits.ACCESS_KEY_REFRESH_SECONDS`. Raises SecretsSealedOtherwise when opened with another root key than
    the keys in the catalog were sealed with.
    """

    def __init__(
        self,
        engine: Engine,
        root_key: bytes,
        configured: Iterable[AccessKey] = (),
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._seal = Seal(root_key)
        self._configured = {key.access_key_id: key for key in configured}
        self._clock = clock if clock is not None else SystemClock()
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, AccessKey | None] = OrderedDict()
        self._dropped_at = float("-inf")
        self._changes = CatalogChanges(engine, self._clock, limits.ACCESS_KEY_REFRESH_SECONDS)
        self._reading = engine.raw_connection()  # no transaction ever begins on it
        self.identities = Identities(engine, self._clock)
        self._read("LIMIT 1")  # proves that the root key is the one that sealed them

    def find(self, access_key_id: str) -> AccessKey | None:
        """The key, also an inactive or expired one; None where it is unknown or deleted."""
        configured = self._configured.get(access_key_id)
        if configured is not None:
            return configured
        with self._lock:
            self._forget_what_others_changed()
            if self._remembered.get(access_key_id, _UNASKED) is None:
                self._forget_what_others_changed(at_once=True)  # another process may have learned it a moment ago
            if access_key_id in self._remembered:
                self._remembered.move_to_end(access_key_id)
                return self._remembered[access_key_id]
            key = self._read("WHERE access_key_id = ?", access_key_id)
            self._remember(access_key_id, key)
            return key

    def learn(self, key: AccessKey) -> None:
        """Keep `key`; sealed and on disk when this returns. A configured key of the same id is never replaced.

        Nor is that of a service of ours by anybody else's.
        """
        if key.access_key_id in self._configured:
            return
        known = self.find(key.access_key_id)
        if known is not None and (known.managed or known.principal.type == AWS_SERVICE != key.principal.type):
            return
        row = sealed_row(self._seal, key, self._clock.now_us())
        with self._engine.begin() as connection:
            connection.execute(_LEARN, row)
            self._drop_long_expired(connection)
        with self._lock:
            self._remember(key.access_key_id, key)

    def set_status(self, access_key_id: str, status: KeyStatus) -> bool:
        """Switch a learned key on or off, durable on return; False where it is unknown or configured."""
        statement = update(access_keys).where(_learned(access_key_id)).values(status=status)
        return self._change(access_key_id, statement)

    def delete(self, access_key_id: str) -> bool:
        """Forget a learned key and its secret, durable on return; False where it is unknown or configured."""
        return self._change(access_key_id, delete(access_keys).where(_learned(access_key_id)))

    def owned_by(self, account: str, owner_kind: str, owner_name: str) -> list[AccessKey]:
        """The learned keys that stop with a user or role: its own and those of its sessions."""
        question = select(access_keys.c.access_key_id).where(_owned(account, owner_kind, owner_name))
        with self._engine.connect().execution_options(**READING) as connection:
            ids = list(connection.execute(question).scalars())
        with self._lock:
            found = [self._read("WHERE access_key_id = ?", access_key_id) for access_key_id in ids]
        return [key for key in found if key is not None]

    def stop_owned_by(self, account: str, owner_kind: str, owner_name: str) -> int:
        """Switch off the keys of a user or role that is no more, its sessions' too; how many. Durable on return."""
        statement = update(access_keys).where(_owned(account, owner_kind, owner_name)).values(status="Inactive")
        with self._engine.begin() as connection:
            stopped = connection.execute(statement).rowcount
        with self._lock:
            self._remembered.clear()
        return stopped

    def close(self) -> None:
        """Let go of the catalog."""
        self._changes.close()
        self._reading.close()

    def _change(self, access_key_id: str, statement: Any) -> bool:
        if access_key_id in self._configured:
            return False
        with self._engine.begin() as connection:
            changed = connection.execute(statement).rowcount > 0
        with self._lock:
            self._remembered.pop(access_key_id, None)
        return changed

    def _read(self, condition: str, *values: str) -> AccessKey | None:
        """One key by plain SQL: callers make up keys as they like, and each of them costs a question."""
        cursor = self._reading.cursor()
        try:
            row = cursor.execute(f"{_READ} {condition}", values).fetchone()
        except sqlite3.Error as fault:
            raise CatalogUnreadable from fault
        finally:
            cursor.close()
        return self._opened(*row) if row is not None else None

    def _opened(
        self, access_key_id: str, principal: bytes, secrets: bytes, expires_at: int | None, managed: int, status: str
    ) -> AccessKey:
        opened = self._seal.open(secrets, _context(access_key_id, principal))
        sealed = msgspec.json.decode(opened, type=_Sealed)
        return AccessKey(
            access_key_id=access_key_id,
            secret=sealed.secret,
            principal=msgspec.json.decode(principal, type=Principal),
            session_token=sealed.token,
            expires_at_us=expires_at,
            status="Active" if status == "Active" else "Inactive",
            managed=bool(managed),
        )

    def _remember(self, access_key_id: str, key: AccessKey | None) -> None:
        self._remembered[access_key_id] = key
        self._remembered.move_to_end(access_key_id)
        if len(self._remembered) > limits.ACCESS_KEYS_IN_MEMORY:
            self._remembered.popitem(last=False)

    def _forget_what_others_changed(self, *, at_once: bool = False) -> None:
        """Empty the memory when any other connection has written to the catalog since the last look."""
        if self._changes.any(at_once=at_once):
            self._remembered.clear()

    def _drop_long_expired(self, connection: Any) -> None:
        """Now and then."""
        now = self._clock.monotonic()
        if now - self._dropped_at < limits.EXPIRED_KEY_SWEEP_SECONDS:
            return
        self._dropped_at = now
        before = self._clock.now_us() - limits.EXPIRED_KEY_SECONDS * MICROSECONDS
        connection.execute(delete(access_keys).where(access_keys.c.expires_at < before))


def sealed_row(seal: Seal, key: AccessKey, now_us: int) -> dict[str, Any]:
    """The row of a key."""
    principal = msgspec.json.encode(key.principal)
    owner_kind, owner_name = owner_of(key.principal)
    return {
        "access_key_id": key.access_key_id,
        "account": key.principal.account,
        "principal": principal,
        "secrets": seal.close(
            msgspec.json.encode(_Sealed(key.secret, key.session_token)), _context(key.access_key_id, principal)
        ),
        "status": key.status,
        "expires_at": key.expires_at_us,
        "learned_at": now_us,
        "owner_kind": owner_kind,
        "owner_name": owner_name,
        "managed": key.managed,
    }


def _learned(access_key_id: str) -> ColumnElement[bool]:
    return and_(access_keys.c.access_key_id == access_key_id, ~access_keys.c.managed)


def _owned(account: str, kind: str, name: str) -> ColumnElement[bool]:
    columns = access_keys.c
    return and_(columns.account == account, columns.owner_kind == kind, columns.owner_name == name, ~columns.managed)


def _context(access_key_id: str, principal: bytes) -> bytes:
    return access_key_id.encode() + b"\n" + principal

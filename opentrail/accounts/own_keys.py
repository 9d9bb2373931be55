"""Access keys of our own principals: made, listed, switched and deleted within a transaction of who decides it.

They are rows of `access_keys` like learned ones (access_keys.py), sealed alike, and marked as managed. Running servers
find a new one at once and obey a change after `limits.ACCESS_KEY_REFRESH_SECONDS`.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, KeyStatus, sealed_row
from opentrail.accounts.credentials import new_key_id, new_secret, new_session_token
from opentrail.accounts.principal import Principal
from opentrail.accounts.sealing import Seal
from opentrail.catalog.tables import access_keys
from opentrail.clock import MICROSECONDS, Clock

ROOT = ("", "")  # who owns the keys of an account's root


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be shown of a long-term key."""

    access_key_id: str
    account: str
    owner_kind: str  # "user"; empty: the account's root
    owner_name: str
    status: str
    created_at_us: int


class OwnKeys:
    """Seals with keys derived from `root_key`."""

    def __init__(self, root_key: bytes, clock: Clock) -> None:
        self._seal = Seal(root_key)
        self._clock = clock

    def issue(self, connection: Connection, principal: Principal) -> AccessKey:
        """A new long-term key of a user or root."""
        key = AccessKey(new_key_id("AKIA"), new_secret(), principal, managed=True)
        return self._kept(connection, key)

    def issue_session(self, connection: Connection, principal: Principal, seconds: int) -> AccessKey:
        """Temporary credentials that end after `seconds`. Those that ended long ago are forgotten on the way."""
        now = self._clock.now_us()
        long_ago = now - limits.EXPIRED_KEY_SECONDS * MICROSECONDS
        connection.execute(delete(access_keys).where(access_keys.c.expires_at < long_ago))
        end = now + seconds * MICROSECONDS
        return self._kept(
            connection,
            AccessKey(new_key_id("ASIA"), new_secret(), principal, new_session_token(), end, managed=True),
        )

    def find(self, connection: Connection, access_key_id: str) -> KeyFacts | None:
        """One long-term key."""
        found = _listed(connection, access_keys.c.access_key_id == access_key_id)
        return found[0] if found else None

    def of(self, connection: Connection, account: str, owner: tuple[str, str] | None = None) -> list[KeyFacts]:
        """The long-term keys of an account, or of one owner in it (its kind and name, or ROOT)."""
        conditions = [access_keys.c.account == account]
        if owner is not None:
            conditions += [access_keys.c.owner_kind == owner[0], access_keys.c.owner_name == owner[1]]
        return _listed(connection, and_(*conditions))

    def set_status(self, connection: Connection, access_key_id: str, status: KeyStatus) -> None:
        """Switch a key on or off."""
        connection.execute(update(access_keys).where(_one(access_key_id)).values(status=status))

    def delete(self, connection: Connection, access_key_id: str) -> None:
        """Forget a key and its secret."""
        connection.execute(delete(access_keys).where(_one(access_key_id)))

    def delete_all_of(self, connection: Connection, account: str, kind: str, name: str) -> None:
        """Forget the keys of a user or role that is no more, and those of its sessions."""
        columns = access_keys.c
        owned = and_(columns.account == account, columns.owner_kind == kind, columns.owner_name == name)
        connection.execute(delete(access_keys).where(owned, columns.managed))

    def _kept(self, connection: Connection, key: AccessKey) -> AccessKey:
        connection.execute(insert(access_keys).values(**sealed_row(self._seal, key, self._clock.now_us())))
        return key


def _one(access_key_id: str) -> ColumnElement[bool]:
    return and_(access_keys.c.access_key_id == access_key_id, access_keys.c.managed)


def _listed(connection: Connection, condition: ColumnElement[bool]) -> list[KeyFacts]:
    columns = access_keys.c
    shown = (columns.access_key_id, columns.account, columns.owner_kind, columns.owner_name)
    question = (
        select(*shown, columns.status, columns.learned_at)
        .where(condition, columns.managed, columns.expires_at.is_(None))
        .order_by(columns.learned_at, columns.access_key_id)
    )
    return [KeyFacts(*row) for row in connection.execute(question)]

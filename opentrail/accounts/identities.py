"""The users, roles and identity pools of accounts, as answers of their services described them.

A row of `identities` is the last that was heard of one of them; `facts` are what else its kind needs to be told apart.
They serve to name the principals of keys that are made later, by any process and after any restart.
"""

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from opentrail import limits
from opentrail.catalog.database import READING
from opentrail.catalog.tables import identities
from opentrail.clock import Clock

Kind = Literal["user", "role", "identity-pool", "pool-identity"]

_NEW = insert(identities)
_KEEP = _NEW.on_conflict_do_update(
    index_elements=["account", "kind", "name"],
    set_={column.name: _NEW.excluded[column.name] for column in identities.c if not column.primary_key},
)
_COLUMNS = "SELECT account, kind, name, identity_id, arn, facts FROM identities"
_FIND = f"{_COLUMNS} WHERE account = ? AND kind = ? AND name = ?"
_FIND_ANYWHERE = f"{_COLUMNS} WHERE kind = ? AND name = ? LIMIT 1"

_PRUNE_EVERY = 256  # rows written between two looks at how many there are


@dataclass(frozen=True, slots=True)
class Identity:
    """One user, role, identity pool, or identity in a pool."""

    account: str
    kind: Kind
    name: str  # of users and roles their name; of pools and their identities the id
    identity_id: str = ""  # AIDA... or AROA...; empty where nobody said it
    arn: str = ""  # with the path; empty for pools
    facts: dict[str, str] = field(default_factory=dict)


class Identities:
    """All identities of a data folder. Safe from any thread."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._written = 0

    def find(self, account: str, kind: Kind, name: str) -> Identity | None:
        """One by its account and name."""
        return self._one(_FIND, account, kind, name)

    def find_anywhere(self, kind: Kind, name: str) -> Identity | None:
        """One whose name is unlike any other's in all accounts, as those of pools are."""
        return self._one(_FIND_ANYWHERE, kind, name)

    def keep(self, *seen: Identity) -> None:
        """Take these for what they are now; durable on return. What is known already is not written again."""
        news = [identity for identity in seen if self.find(identity.account, identity.kind, identity.name) != identity]
        if not news:
            return
        with self._engine.begin() as connection:
            connection.execute(_KEEP, [self._row(identity) for identity in news])
            self._prune(connection, len(news))

    def forget(self, account: str, kind: Kind, name: str) -> None:
        """It is no more; durable on return."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(identities).where(
                    identities.c.account == account, identities.c.kind == kind, identities.c.name == name
                )
            )

    def _one(self, question: str, *values: str) -> Identity | None:
        with self._engine.connect().execution_options(**READING) as connection:
            row = connection.exec_driver_sql(question, values).one_or_none()
        if row is None:
            return None
        account, kind, name, identity_id, arn, facts = row
        return Identity(account, kind, name, identity_id, arn, msgspec.json.decode(facts, type=dict[str, str]))

    def _row(self, identity: Identity) -> dict[str, Any]:
        return {
            "account": identity.account,
            "kind": identity.kind,
            "name": identity.name,
            "identity_id": identity.identity_id,
            "arn": identity.arn,
            "facts": msgspec.json.encode(identity.facts),
            "seen_at": self._clock.now_us(),
        }

    def _prune(self, connection: Connection, written: int) -> None:
        """Of identities in pools, which end users make, only the latest stay."""
        with self._lock:
            self._written += written
            if self._written < _PRUNE_EVERY:
                return
            self._written = 0
        kind = identities.c.kind == "pool-identity"
        oldest_kept = (
            select(identities.c.seen_at)
            .where(kind)
            .order_by(identities.c.seen_at.desc())
            .offset(limits.POOL_IDENTITIES_KEPT)
            .limit(1)
            .scalar_subquery()
        )
        connection.execute(delete(identities).where(kind, identities.c.seen_at <= oldest_kept))

"""Event data stores and their versions: each change of a store is a new version, from a journal position on.

A row of `event_data_stores` is one store from its creation until its table has been removed. A row of its versions is
what the store was for the events at positions greater than `from_position`, until its next version. That position is
the journal's head while the catalog is locked for the change: who takes the lock once knows of every change that may
concern the events there are (`fence`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.event_selectors import AdvancedSelector, InsightSelector
from opentrail.catalog.resource_policies import drop_resource_policy
from opentrail.catalog.tables import event_data_store_versions as versions
from opentrail.catalog.tables import event_data_stores as stores
from opentrail.catalog.tables import lake_position
from opentrail.catalog.tags import Tag, drop_tags, write_tags
from opentrail.catalog.versions import ChangedMeanwhile, Versions, unless_taken
from opentrail.errors import ClientError

Kind = Literal["CloudTrail", "Insight", "ConfigurationItem", "Evidence", "ActivityAuditLog"]
Status = Literal[
    "CREATED", "ENABLED", "STARTING_INGESTION", "STOPPING_INGESTION", "STOPPED_INGESTION", "PENDING_DELETION"
]
BillingMode = Literal["EXTENDABLE_RETENTION_PRICING", "FIXED_RETENTION_PRICING"]
FederationStatus = Literal["ENABLING", "ENABLED", "DISABLING", "DISABLED"]


Head = Callable[[], int]  # the journal's newest position, asked for while the catalog is locked


class EventDataStore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A store as its owner set it up. Times in microseconds since the epoch."""

    id: str  # a UUID; the name of its table, in SQL too
    arn: str
    name: str
    account: str  # in an organization the management account
    region: str
    category: Kind = "CloudTrail"
    selectors: tuple[AdvancedSelector, ...]
    multi_region: bool = True
    organization_id: str | None = None  # set for the stores of an organization
    members: tuple[str, ...] = ()  # of that organization: its accounts beside the management account
    retention_days: int
    billing_mode: BillingMode = "EXTENDABLE_RETENTION_PRICING"
    termination_protection: bool = True
    kms_key_arn: str | None = None
    status: Status = "ENABLED"
    status_before_deletion: Status = "ENABLED"
    created_at_us: int = 0
    updated_at_us: int = 0
    deleted_at_us: int | None = None  # set while PENDING_DELETION
    federation_status: FederationStatus = "DISABLED"
    federation_role_arn: str | None = None
    max_event_size: Literal["Standard", "Large"] = "Standard"
    context_keys: tuple[str, ...] = ()  # of the request's context, that events are shown with
    insight_selectors: tuple[InsightSelector, ...] = ()
    insights_destination: str | None = None  # the ARN of the store that gets the Insights of this one

    @property
    def ingests(self) -> bool:
        """Whether it takes live events."""
        return self.status == "ENABLED"

    @property
    def pending_deletion(self) -> bool:
        """Whether it was deleted and can still be restored; nobody may query it."""
        return self.status == "PENDING_DELETION"


class StoreVersion(msgspec.Struct, frozen=True):
    """What a store was for the events at positions greater than `from_position`, until its next version."""

    number: int  # ascending over all stores, never used again
    from_position: int
    store: EventDataStore


class StoreNameTaken(ClientError):
    """An event data store with that name already exists in this account and Region."""

    code = "EventDataStoreAlreadyExistsException"


class EventDataStores:
    """All stores of a data folder. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, store: EventDataStore, head: Head, tags: Sequence[Tag] = ()) -> StoreVersion:
        """A new store with its tags, durable on return, for the events beyond `head`. Raises StoreNameTaken."""
        with self._engine.begin() as connection:
            from_position = head()
            row = insert(stores).values(
                id=store.id,
                account=store.account,
                region=store.region,
                name=store.name,
                through=from_position,
            )
            with unless_taken(StoreNameTaken):
                connection.execute(row)
            write_tags(connection, store.arn, tags)
            return _add(connection, store, from_position)

    def replace(self, before: StoreVersion, store: EventDataStore, head: Head) -> StoreVersion:
        """The next version of a store, durable on return, for the events beyond `head`.

        Raises ChangedMeanwhile where `before` is not the newest, StoreNameTaken.
        """
        with self._engine.begin() as connection:
            if _VERSIONS.number_of(connection, store.id) != before.number:
                raise ChangedMeanwhile
            with unless_taken(StoreNameTaken):
                connection.execute(update(stores).where(stores.c.id == store.id).values(name=store.name))
            return _add(connection, store, head())

    def remove(self, version: StoreVersion) -> bool:
        """Drop a store with its tags, for good; False where it has changed: it was restored."""
        with self._engine.begin() as connection:
            if _VERSIONS.number_of(connection, version.store.id) != version.number:
                return False
            connection.execute(delete(stores).where(stores.c.id == version.store.id))
            drop_tags(connection, version.store.arn)
            drop_resource_policy(connection, version.store.arn)
            return True

    def find(self, store_id: str) -> StoreVersion | None:
        """The newest version of a store."""
        found = self._read(_VERSIONS.newest().where(stores.c.id == store_id))
        return found[0] if found else None

    def of_account(self, account: str, region: str) -> list[StoreVersion]:
        """The newest versions of an account's stores in a Region, in any state, by name."""
        return self._read(
            _VERSIONS.newest().where(stores.c.account == account, stores.c.region == region).order_by(stores.c.name)
        )

    def newest(self) -> list[StoreVersion]:
        """The newest versions of all stores."""
        return self._read(_VERSIONS.newest())

    def newest_change(self) -> int:
        """A number that is another one after each change of any store."""
        with self._engine.connect().execution_options(**READING) as connection:
            return newest_change(connection)

    def all_versions(self) -> list[StoreVersion]:
        """Every version that is kept, by store, oldest first."""
        return self._read(_VERSIONS.all.order_by(versions.c.store_id, versions.c.number))

    def versions_of(self, store_id: str) -> list[StoreVersion]:
        """The versions of one store that are kept, oldest first."""
        return self._read(_VERSIONS.all.where(versions.c.store_id == store_id).order_by(versions.c.number))

    def forget_versions(self, numbers: Collection[int]) -> None:
        """Drop versions that judge no event any more; never the newest one of a store."""
        newest = select(func.max(versions.c.number)).group_by(versions.c.store_id)
        with self._engine.begin() as connection:
            connection.execute(
                delete(versions).where(versions.c.number == bindparam("gone")).where(~versions.c.number.in_(newest)),
                [{"gone": number} for number in numbers],
            )

    def fence(self, change: int) -> bool:
        """Whether no store has changed since `change`; what changes from now on judges later events than there are."""
        with self._engine.begin() as connection:  # takes the write lock: a change that is being made is waited for
            return newest_change(connection) == change

    def position(self) -> int:
        """No store needs the journal up to here any more."""
        with self._engine.connect().execution_options(**READING) as connection:
            return connection.execute(select(lake_position.c.position)).scalar_one_or_none() or 0

    def progress(self) -> dict[str, int]:
        """By store: everything up to this position that it selects is in its table."""
        with self._engine.connect().execution_options(**READING) as connection:
            return {row.id: row.through for row in connection.execute(select(stores.c.id, stores.c.through))}

    def write_progress(self, position: int, through: Mapping[str, int], change: int) -> bool:
        """Say how far all stores are, durable on return; False where a store was changed after `change`."""
        with self._engine.begin() as connection:
            if newest_change(connection) != change:
                return False
            connection.execute(delete(lake_position))
            connection.execute(insert(lake_position).values(id=1, position=position))
            if through:
                connection.execute(
                    update(stores).where(stores.c.id == bindparam("store")).values(through=bindparam("reached")),
                    [{"store": store, "reached": reached} for store, reached in through.items()],
                )
            return True

    def _read(self, question: Select[Any]) -> list[StoreVersion]:
        return _VERSIONS.read(self._engine, question)


_decode = msgspec.json.Decoder(EventDataStore).decode
_encode = msgspec.json.Encoder().encode
_VERSIONS = Versions(versions, stores, "store_id", "store", lambda *row: StoreVersion(row[0], row[1], _decode(row[2])))


def newest_change(connection: Connection) -> int:
    """As EventDataStores.newest_change, as a part of a larger transaction."""
    return _VERSIONS.newest_change(connection)


def _add(connection: Connection, store: EventDataStore, from_position: int) -> StoreVersion:
    number = _VERSIONS.add(connection, store.id, from_position, _encode(store))
    return StoreVersion(number, from_position, store)

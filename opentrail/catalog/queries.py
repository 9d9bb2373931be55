"""Queries over event data stores: one row each, from StartQuery until its results are removed.

A row is QUEUED or RUNNING while somebody works on it, and changes no more once it is FINISHED, FAILED, CANCELLED or
TIMED_OUT, except for its delivery: PENDING until the results are in their bucket or never will be.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import ColumnElement, Engine, Select, delete, func, insert, or_, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.tables import queries, query_stores

QueryStatus = Literal["QUEUED", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "TIMED_OUT"]
DeliveryStatus = Literal[
    "SUCCESS",
    "FAILED",
    "FAILED_SIGNING_FILE",
    "PENDING",
    "RESOURCE_NOT_FOUND",
    "ACCESS_DENIED",
    "ACCESS_DENIED_SIGNING_FILE",
    "CANCELLED",
    "UNKNOWN",
]
STATUSES: tuple[QueryStatus, ...] = get_args(QueryStatus)
UNDER_WAY: tuple[QueryStatus, ...] = ("QUEUED", "RUNNING")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One query. Times in microseconds since the epoch; `stores`: ids of the event data stores that it names."""

    number: int = 0  # given when it is added; ascending, never used again
    id: str
    account: str
    region: str
    statement: str
    stores: tuple[str, ...]
    status: QueryStatus = "QUEUED"
    error: str | None = None
    created_at: int
    finished_at: int | None = None
    execution_ms: int = 0
    rows: int = 0
    events_matched: int = 0
    events_scanned: int = 0
    bytes_scanned: int = 0
    delivery_uri: str | None = None
    delivery_status: DeliveryStatus | None = None

    @property
    def under_way(self) -> bool:
        """Whether it can still be cancelled."""
        return self.status in UNDER_WAY


_COLUMNS = [name for name in Query.__struct_fields__ if name != "stores"]


class QueryCatalog:
    """All queries of a data folder. Safe from any thread and any number of processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, query: Query, status: QueryStatus, limit: int) -> Query | None:
        """Keep a new query, durable on return; None where its account has `limit` under way in its Region."""
        values = {name: getattr(query, name) for name in _COLUMNS if name != "number"} | {"status": status}
        with self._engine.begin() as connection:
            if connection.execute(_under_way(query.account, query.region)).scalar_one() >= limit:
                return None
            number = connection.execute(insert(queries).values(**values).returning(queries.c.number)).scalar_one()
            if query.stores:
                rows = [{"store_id": store, "query_number": number} for store in query.stores]
                connection.execute(insert(query_stores), rows)
        return msgspec.structs.replace(query, number=number, status=status)

    def count_under_way(self, account: str, region: str) -> int:
        """How many queries of an account are QUEUED or RUNNING in a Region."""
        with self._engine.connect().execution_options(**READING) as connection:
            return connection.execute(_under_way(account, region)).scalar_one()

    def change(self, number: int, before: Sequence[QueryStatus], **values: Any) -> bool:
        """Set `values` of a query whose status is one of `before`, durable on return; False where it is another."""
        statement = update(queries).where(queries.c.number == number, queries.c.status.in_(before)).values(**values)
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount > 0

    def find(self, query_id: str) -> Query | None:
        """The query of that id."""
        found = self._read(queries.c.id == query_id)
        return found[0] if found else None

    def under_way(self) -> list[Query]:
        """The queries that are QUEUED or RUNNING, oldest first."""
        return self._read(queries.c.status.in_(UNDER_WAY))

    def to_deliver(self) -> list[Query]:
        """The finished queries whose results wait to be delivered, oldest first."""
        return self._read(queries.c.delivery_status == "PENDING", queries.c.status == "FINISHED")

    def older_than(self, created_at: int, limit: int) -> list[Query]:
        """The oldest `limit` queries that were made before `created_at` and are not under way."""
        return self._read(queries.c.created_at < created_at, queries.c.status.not_in(UNDER_WAY), limit=limit)

    def remove(self, number: int) -> None:
        """Forget a query."""
        with self._engine.begin() as connection:
            connection.execute(delete(queries).where(queries.c.number == number))

    def of_store(
        self,
        store_id: str,
        account: str,
        *,
        from_us: int,
        to_us: int,
        status: str | None,
        limit: int,
        after: tuple[int, int] | None = None,
    ) -> list[Query]:
        """Queries of an account that name a store, made from `from_us` to `to_us`, newest first.

        `after`: the time and number past which to go on.
        """
        named = select(query_stores.c.query_number).where(query_stores.c.store_id == store_id)
        wanted: list[ColumnElement[bool]] = [
            queries.c.number.in_(named),
            queries.c.account == account,
            queries.c.created_at >= from_us,
            queries.c.created_at <= to_us,
        ]
        if status is not None:
            wanted.append(queries.c.status == status)
        if after is not None:
            time_us, number = after
            same = (queries.c.created_at == time_us) & (queries.c.number < number)
            wanted.append(or_(queries.c.created_at < time_us, same))
        return self._read(*wanted, newest_first=True, limit=limit)

    def _read(self, *wanted: ColumnElement[bool], newest_first: bool = False, limit: int | None = None) -> list[Query]:
        order = [queries.c.created_at, queries.c.number]
        question = select(*(queries.c[name] for name in _COLUMNS)).where(*wanted)
        question = question.order_by(*(column.desc() if newest_first else column for column in order)).limit(limit)
        with self._engine.connect().execution_options(**READING) as connection:
            rows = [dict(row) for row in connection.execute(question).mappings()]
            numbers = [row["number"] for row in rows]
            stores: dict[int, list[str]] = {}
            chosen = select(query_stores).where(query_stores.c.query_number.in_(numbers))
            for store_id, number in connection.execute(chosen):
                stores.setdefault(number, []).append(store_id)
        return [Query(**row, stores=tuple(stores.get(row["number"], ()))) for row in rows]


def _under_way(account: str, region: str) -> Select[int]:
    """How many there are."""
    of_account = (queries.c.account == account, queries.c.region == region)
    return select(func.count()).select_from(queries).where(queries.c.status.in_(UNDER_WAY), *of_account)

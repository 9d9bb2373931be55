"""A lake with a journal, a catalog and stores of several accounts, and what runs queries over it."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentrail.accounts.data_keys import DataKeys
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.event_selectors import AdvancedSelector, FieldSelector
from opentrail.catalog.queries import Query, QueryCatalog
from opentrail.clock import SettableClock, SystemClock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.lake.queries.delivery import DeliveryPlace, PutFailed, ResultDelivery
from opentrail.lake.queries.processes import QueryProcesses
from opentrail.lake.queries.results import Results
from opentrail.lake.queries.service import Asked, Lake, QueryService, QuerySettings
from opentrail.lake.stores import StoreRegistry, store_arn
from tests.lake.conftest import event

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "eu-west-1"
STORE = "0b0b0b0b-0000-4000-8000-000000000001"
STORE_OF_OTHER = "0b0b0b0b-0000-4000-8000-000000000002"
ACTIVITY_STORE = "0b0b0b0b-0000-4000-8000-000000000003"
# Runs for minutes, in little memory.
ENDLESS = (
    f"SELECT count(*), (SELECT count(*) FROM UNNEST(sequence(1, 1000000)) x (n), UNNEST(sequence(1, 1000000)) y (m)"
    f" WHERE n * m % 7 = 3) FROM {STORE}"
)


@dataclass
class HeldBuckets:
    """Buckets in memory. `refuses`: the codes with which the next objects are refused, None for no answer."""

    objects: dict[str, bytes] = field(default_factory=dict)
    refuses: list[str | None] = field(default_factory=list)

    def check(self, place: DeliveryPlace) -> None:
        pass

    def put(self, place: DeliveryPlace, key: str, body: bytes, content_type: str) -> None:
        if self.refuses:
            raise PutFailed("refused", self.refuses.pop(0))
        self.objects[f"{place.bucket}/{key}"] = body


class QueryRig:
    """One data folder; `open` starts what runs queries, again after `close` or as after a crash."""

    def __init__(
        self, folder: Path, processes: QueryProcesses | None, data_keys: Mapping[int, bytes] | None = None
    ) -> None:
        self.folder = folder
        self.processes = processes
        self.clock = SettableClock()
        self.clock.jump((SystemClock().now_us() - self.clock.now_us()) / 1e6)
        self.engine = open_catalog(folder / "catalog")
        self.data_keys = data_keys or {}
        sealer = DataKeys(data_keys) if data_keys else None
        self.journal = Journal.open(folder / "journal", self.clock, sealer=sealer)
        self.intake = Intake(self.journal, self.clock, home_account=ACCOUNT)
        self.stores = EventDataStores(self.engine)
        for store, account in ((STORE, ACCOUNT), (STORE_OF_OTHER, OTHER)):
            self.make_store(store, account)
        self.make_store(ACTIVITY_STORE, ACCOUNT, "ActivityAuditLog")
        self.catalog = QueryCatalog(self.engine)
        self.results = Results(folder / "results")
        self.buckets = HeldBuckets()

    def open(self, **settings: Any) -> "QueryService":
        lake = Lake(self.folder / "tables", self.folder / "journal", self.folder / "catalog", (REGION,), self.data_keys)
        registry = StoreRegistry(self.stores)
        told = QuerySettings(**{"parallel": 2, **settings})
        self.service = QueryService(
            self.catalog, registry, self.results, lake, self.processes, self.clock, told, self.buckets
        )
        return self.service

    def delivery(self, sign: Any) -> ResultDelivery:
        return ResultDelivery(
            self.catalog, self.results, self.buckets, sign, self.clock, lambda query: store_arn(STORE, ACCOUNT, REGION)
        )

    def make_store(self, store_id: str, account: str, category: Any = "CloudTrail", **more: Any) -> None:
        event_category = "Management" if category == "CloudTrail" else category
        self.stores.create(
            EventDataStore(
                id=store_id,
                arn=store_arn(store_id, account, REGION),
                name=f"store-{store_id[-1]}",
                account=account,
                region=REGION,
                category=category,
                selectors=(AdvancedSelector((FieldSelector("eventCategory", equals=(event_category,)),)),),
                retention_days=366,
                **more,
            ),
            lambda: 0,
        )

    def record(self, *names: str, account: str = ACCOUNT) -> None:
        """Live events of these names, durable on return."""
        for number, name in enumerate(names):
            self.intake.live(event(number, name, recipientAccountId=account)).result()

    def start(self, statement: str, **more: Any) -> Query:
        return self.service.start(Asked(ACCOUNT, REGION, statement, **more))

    def found(self, query: Query) -> Query:
        return self.service.find(query.id, ACCOUNT, REGION)

    def wait(self, query: Query, seconds: float = 30.0) -> Query:
        """The query once it has ended."""
        deadline = time.monotonic() + seconds
        while (found := self.found(query)).under_way:
            assert time.monotonic() < deadline, found
            threading.Event().wait(0.01)
        return found

    def answer(self, statement: str, **more: Any) -> list[tuple[str | None, ...]]:
        """The rows of a query that finishes."""
        query = self.wait(self.start(statement, **more))
        assert query.status == "FINISHED", query
        return self.results.page(query.id, 0, 1000).rows

    def close(self) -> None:
        self.service.close()
        self.intake.close()
        self.journal.close()
        self.engine.dispose()

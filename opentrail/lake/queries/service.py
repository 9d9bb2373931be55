"""Queries from start to end: checked, kept in the catalog, run by processes, cancelled, timed out, forgotten.

A query is checked in a process of its own before StartQuery answers. Where fewer than `settings.parallel` run, that
very process goes on; else the query waits as QUEUED, in order, and gets a new process in its turn. What ran when the
server ended has FAILED at the next start; what was queued is run then.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from opentrail import limits
from opentrail.catalog.database import CatalogUnavailable
from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.catalog.queries import UNDER_WAY, Query, QueryCatalog, QueryStatus
from opentrail.clock import MICROSECONDS, Clock
from opentrail.errors import OpenTrailError
from opentrail.lake.queries.delivery import DeliveryPlace, ResultBuckets
from opentrail.lake.queries.faults import QueriesThrottled, QueryInactive, QueryNotFound, TooManyQueries
from opentrail.lake.queries.job import EXHAUSTED, Ended, Job, ProcessGone
from opentrail.lake.queries.processes import QueryProcess, QueryProcesses
from opentrail.lake.queries.results import Results
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.store_ids import store_ids
from opentrail.lake.stores import StoreRegistry
from opentrail.telemetry import QUERIES, QUERIES_UNDER_WAY, QUERY_BYTES_SCANNED, QUERY_SECONDS, logger

log = logger("lake")

INTERRUPTED: Final = "The query was interrupted by the end of the server that ran it. Start it again."
_TRY_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """`parallel`: queries that run at once; `memory_bytes` for one of them; `seconds` that one may run."""

    parallel: int = 2
    memory_bytes: int = limits.QUERY_MEMORY_BYTES
    seconds: float = limits.QUERY_SECONDS


@dataclass(frozen=True, slots=True)
class Lake:
    """Where a query's process finds what it reads, and which Regions stores may cover."""

    tables: Path
    journal: Path
    catalog: Path
    regions: tuple[str, ...]
    data_keys: Mapping[int, bytes] = field(default_factory=dict, repr=False)  # that the journal is sealed with


@dataclass(frozen=True, slots=True)
class Asked:
    """What StartQuery asks for. `owner`: the account of the stores, where it is not the caller's."""

    account: str
    region: str
    statement: str
    owner: str | None = None
    delivery_uri: str | None = None


class QueryService:
    """Runs the queries of a data folder; one instance for one folder. Safe from any thread.

    `buckets` says whether results can be delivered; `on_finished` is called when some wait to be; `require_key` raises
    StoreKeyUnusable for a store whose KMS key cannot be used.
    """

    def __init__(
        self,
        catalog: QueryCatalog,
        stores: StoreRegistry,
        results: Results,
        lake: Lake,
        processes: QueryProcesses,
        clock: Clock,
        settings: QuerySettings,
        buckets: ResultBuckets,
        on_finished: Callable[[], None] = lambda: None,
        require_key: Callable[[EventDataStore], None] = lambda store: None,
    ) -> None:
        self._catalog = catalog
        self._stores = stores
        self.results = results
        self._lake = lake
        self._clock = clock
        self._settings = settings
        self._buckets = buckets
        self._on_finished = on_finished
        self._require_key = require_key
        self._processes = processes
        self._threads = ThreadPoolExecutor(settings.parallel, thread_name_prefix="query")
        self._lock = threading.Lock()
        self._checks = threading.BoundedSemaphore(limits.QUERY_CHECKS)
        self._taken = 0  # queries that threads have or will have
        self._running: dict[int, QueryProcess] = {}
        self._closing = threading.Event()
        self._take_up()
        self._sweeper = threading.Thread(target=self._sweep, name="query-sweeper")
        self._sweeper.start()

    def start(self, asked: Asked) -> Query:
        """A new query, durable on return and under way.

        Raises InvalidQueryStatement, StoreNotFound, StoreInactive, StoreKeyUnusable, TooManyQueries, QueriesThrottled,
        NoQueryProcess, and what ResultBuckets.check raises.
        """
        stores = self._named(asked)
        if self._catalog.count_under_way(asked.account, asked.region) >= limits.QUERIES_PER_ACCOUNT:
            raise TooManyQueries
        if asked.delivery_uri is not None:
            arn = stores[0].arn
            self._buckets.check(DeliveryPlace.of(asked.delivery_uri, asked.account, asked.region, arn))
        query = Query(
            id=str(uuid.uuid4()),
            account=asked.account,
            region=asked.region,
            statement=asked.statement,
            stores=tuple(store.id for store in stores),
            created_at=self._clock.now_us(),
            delivery_uri=asked.delivery_uri,
            delivery_status="PENDING" if asked.delivery_uri is not None else None,
        )
        if not self._checks.acquire(blocking=False):
            raise QueriesThrottled
        try:
            return self._checked(query)
        finally:
            self._checks.release()

    def _checked(self, query: Query) -> Query:
        """Keep a query whose statement can be run."""
        process = self._processes.start(self._job(query))
        try:
            _check(process)
            return self._added(query, process)
        except BaseException:
            process.end()
            self.results.remove(query.id)
            raise

    def find(self, query_id: str, account: str, region: str) -> Query:
        """A query of the caller's account and Region. Raises QueryNotFound."""
        query = self._catalog.find(query_id)
        if query is None or (query.account, query.region) != (account, region):
            raise QueryNotFound
        return query

    def require_keys(self, query: Query) -> None:
        """Raise StoreKeyUnusable where the results may not be read, since the key of a store cannot be used."""
        for store in query.stores:
            self._require_key(self._stores.find_active(store, query.account, query.region).store)

    def cancel(self, query: Query) -> None:
        """Stop a query: CANCELLED on return, its process killed. Raises QueryInactive."""
        delivery = {"delivery_status": "CANCELLED"} if query.delivery_uri is not None else {}
        changed = self._catalog.change(
            query.number, UNDER_WAY, status="CANCELLED", finished_at=self._clock.now_us(), **delivery
        )
        if not changed:
            raise QueryInactive
        with self._lock:
            process = self._running.get(query.number)
        if process is not None:
            process.kill()
        QUERIES.labels("CANCELLED").inc()

    def running(self) -> int:
        """How many queries have a process that is watched."""
        with self._lock:
            return len(self._running)

    def sweep(self) -> None:
        """Remove what is older than seven days."""
        before = self._clock.now_us() - limits.QUERY_KEPT_SECONDS * MICROSECONDS
        while found := self._catalog.older_than(before, 1000):
            for query in found:
                self.results.remove(query.id)
                self._catalog.remove(query.number)

    def close(self) -> None:
        """End what runs; it has FAILED."""
        self._closing.set()
        with self._lock:
            for process in self._running.values():
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        self._sweeper.join()

    def _sweep(self) -> None:
        while not self._closing.wait(limits.QUERY_SWEEP_SECONDS):
            try:
                self.sweep()
            except (CatalogUnavailable, DBAPIError) as failure:
                log.error("old queries are not removed", action="query-sweep", error=str(failure))

    def _take_up(self) -> None:
        """Go on after a start: what ran has failed, what was queued is run, what nobody knows is removed."""
        known = set()
        for query in self._catalog.under_way():
            if query.status == "QUEUED":
                known.add(query.id)
                self._submit(query, None)
            else:
                self._settle(query, "FAILED", error=INTERRUPTED)
        for query_id in self.results.ids():
            if query_id not in known and not self._is_kept(query_id):
                self.results.remove(query_id)

    def _is_kept(self, query_id: str) -> bool:
        query = self._catalog.find(query_id)
        return query is not None and query.status in ("FINISHED", "TIMED_OUT")

    def _named(self, asked: Asked) -> list[EventDataStore]:
        ids = store_ids(asked.statement)
        if not ids:
            raise InvalidQueryStatement("The query names no event data store")
        find = self._stores.find_active
        stores = [find(one, asked.account, asked.region, owner=asked.owner).store for one in ids]
        for store in stores:
            self._require_key(store)
        return stores

    def _job(self, query: Query) -> Job:
        return Job(
            statement=query.statement,
            stores=query.stores,
            regions=self._lake.regions,
            data_keys=dict(self._lake.data_keys),
            tables=str(self._lake.tables),
            journal=str(self._lake.journal),
            catalog=str(self._lake.catalog),
            results=str(self.results.folder_of(query.id)),
            delivers=query.delivery_uri is not None,
            memory_bytes=self._settings.memory_bytes,
            cpu_seconds=round(self._settings.seconds * (os.cpu_count() or 1) + limits.QUERY_SPARE_CPU_SECONDS),
            result_bytes=limits.QUERY_RESULT_BYTES,
            started_us=query.created_at,
        )

    def _added(self, query: Query, process: QueryProcess) -> Query:
        """Keep a checked query; its process goes on if there is room, else it ends and the query waits its turn."""
        with self._lock:
            room = self._taken < self._settings.parallel
            added = self._catalog.add(query, "RUNNING" if room else "QUEUED", limits.QUERIES_PER_ACCOUNT)
            if added is None:
                raise TooManyQueries
            self._taken += 1
        if not room:
            process.end()
        self._threads.submit(self._run, added, process if room else None)
        return added

    def _submit(self, query: Query, process: QueryProcess | None) -> None:
        with self._lock:
            self._taken += 1
        self._threads.submit(self._run, query, process)

    def _run(self, query: Query, process: QueryProcess | None) -> None:
        """In a thread of its own: the query until it has ended."""
        QUERIES_UNDER_WAY.inc()
        try:
            if process is None:
                if not self._change(query, ("QUEUED",), status="RUNNING"):
                    return
                process = self._begun(query)
            if process is not None:
                self._watch(query, process)
        finally:
            QUERIES_UNDER_WAY.dec()
            with self._lock:
                self._taken -= 1
                self._running.pop(query.number, None)

    def _begun(self, query: Query) -> QueryProcess | None:
        """A process for a query that has waited; None where it cannot be run any more."""
        process: QueryProcess | None = None
        try:
            for store in query.stores:
                self._require_key(self._stores.find_active(store, query.account, query.region).store)
            process = self._processes.start(self._job(query))
            _check(process)
        except OpenTrailError as failure:
            if process is not None:
                process.end()
            self._settle(query, "FAILED", error=failure.message)
            return None
        return process

    def _watch(self, query: Query, process: QueryProcess) -> None:
        with process:
            with self._lock:
                self._running[query.number] = process
            current = self._catalog.find(query.id)
            if current is None or not current.under_way:
                self.results.remove(query.id)  # cancelled before anybody could kill its process
                return
            try:
                process.go()
                ended = self._ended(process)
            except ProcessGone:
                error = INTERRUPTED if self._closing.is_set() else EXHAUSTED
                self._settle(query, "FAILED", error=error)
                return
        if ended.outcome == "failed":
            self._settle(query, "FAILED", ended)
            return
        status: QueryStatus = "FINISHED" if ended.outcome == "finished" else "TIMED_OUT"
        self._settle(query, status, ended)

    def _ended(self, process: QueryProcess) -> Ended:
        try:
            return process.ended(self._settings.seconds)
        except TimeoutError:
            process.stop()
        try:
            return process.ended(limits.QUERY_STOP_SECONDS)
        except TimeoutError:
            return Ended("stopped", execution_ms=round(self._settings.seconds * 1000))

    def _settle(self, query: Query, status: QueryStatus, ended: Ended | None = None, error: str | None = None) -> None:
        """Write down how a query ended, unless it was cancelled; what is not shown is not kept."""
        values: dict[str, Any] = {"status": status, "finished_at": self._clock.now_us(), "error": error}
        if ended is not None:
            values |= {
                "error": ended.error,
                "rows": ended.rows,
                "events_matched": ended.events_matched,
                "events_scanned": ended.events_scanned,
                "bytes_scanned": ended.bytes_scanned,
                "execution_ms": ended.execution_ms,
            }
        if query.delivery_uri is not None and status != "FINISHED":
            values["delivery_status"] = "FAILED"
        self.results.tidy(query.id)
        if not self._change(query, ("RUNNING",), **values) or status == "FAILED":
            self.results.remove(query.id)
            if status != "FAILED":
                return
        QUERIES.labels(status).inc()
        QUERY_SECONDS.observe((values["finished_at"] - query.created_at) / MICROSECONDS)
        QUERY_BYTES_SCANNED.inc(values.get("bytes_scanned", 0))
        if query.delivery_uri is not None and status == "FINISHED":
            self._on_finished()

    def _change(self, query: Query, before: tuple[QueryStatus, ...], **values: Any) -> bool:
        """As the catalog's `change`; while that cannot be written, it is tried again."""
        while True:
            try:
                return self._catalog.change(query.number, before, **values)
            except (CatalogUnavailable, DBAPIError) as failure:
                log.error("a query's state is not written", action="query-state", query=query.id, error=str(failure))
                if self._closing.wait(_TRY_AGAIN_SECONDS):
                    return False


def _check(process: QueryProcess) -> None:
    """Raise InvalidQueryStatement where the statement cannot be run. What takes long to say so is let run."""
    try:
        with contextlib.suppress(TimeoutError):
            process.accepted(limits.QUERY_CHECK_SECONDS)
    except ProcessGone as gone:
        raise InvalidQueryStatement("The query is too large to be understood") from gone

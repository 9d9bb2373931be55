"""Results to S3: the files that a query's process has written, then the sign file; until they are there or refused.

Keys are made of the day on which the query ended, so a delivery that is tried again writes to the same places. While
nobody answers it is tried again, a little later each time; after RESULT_DELIVERY_TRIES it has failed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from opentrail import limits
from opentrail.catalog.queries import DeliveryStatus, Query, QueryCatalog
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.lake.queries.results import Results, ResultsGone
from opentrail.logfile.query_results import SIGN_FILE, SignedFile, results_prefix, sign_file, string_to_sign
from opentrail.telemetry import QUERY_DELIVERIES, logger

log = logger("lake")

Sign = Callable[[str, bytes], tuple[str, str]]  # Region, bytes: the signature in hex, the key's fingerprint

_SCHEME: Final = "s3://"
_LOOK_SECONDS: Final = 5.0  # between two looks, when nothing told of results
_LONGEST_WAIT_SECONDS: Final = 300.0
_MISSING: Final = frozenset({"NoSuchBucket", "NoSuchKey", "404"})
_REFUSED: Final = frozenset({"AccessDenied", "403", "AllAccessDisabled"})


@dataclass(frozen=True, slots=True)
class DeliveryPlace:
    """Where results go, and for whom: `source_arn` is the event data store in whose name CloudTrail writes."""

    account: str
    region: str
    bucket: str
    prefix: str
    source_arn: str

    @classmethod
    def of(cls, uri: str, account: str, region: str, source_arn: str) -> "DeliveryPlace":
        """The place that `s3://bucket/prefix` names; a slash at its end says nothing."""
        bucket, _, prefix = uri.removeprefix(_SCHEME).partition("/")
        return cls(account, region, bucket, prefix.removesuffix("/"), source_arn)


class PutFailed(OpenTrailError):
    """A bucket refused an object, or did not answer. `refusal`: the error's code; None where no answer came."""

    def __init__(self, message: str, refusal: str | None) -> None:
        super().__init__(message)
        self.refusal = refusal


class ResultBuckets(Protocol):
    """Buckets as CloudTrail reaches them."""

    def check(self, place: DeliveryPlace, /) -> None:
        """Raise AWS's fault where the bucket or the prefix will not do, or the bucket's policy lets nobody in."""
        ...

    def put(self, place: DeliveryPlace, key: str, body: bytes, content_type: str, /) -> None:
        """Write an object whole. Raises PutFailed."""
        ...


class ResultDelivery:
    """Delivers the results of a data folder's queries, from a thread of its own once it is started."""

    def __init__(
        self,
        catalog: QueryCatalog,
        results: Results,
        buckets: ResultBuckets,
        sign: Sign,
        clock: Clock,
        source_arn: Callable[[Query], str],
    ) -> None:
        self._catalog = catalog
        self._results = results
        self._buckets = buckets
        self._sign = sign
        self._clock = clock
        self._source_arn = source_arn
        self._tries: dict[int, tuple[int, float]] = {}  # by query: tries so far, when the next one is due
        self._told = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver until `close`."""
        self._thread = threading.Thread(target=self._work, name="query-delivery")
        self._thread.start()

    def tell(self) -> None:
        """There may be something to deliver."""
        self._told.set()

    def close(self) -> None:
        """Stop; what is not delivered is PENDING, and is delivered after the next start."""
        self._stopped = True
        self._told.set()
        if self._thread is not None:
            self._thread.join()

    def run_due(self) -> None:
        """Try once what is due."""
        for query in self._catalog.to_deliver():
            tries, due = self._tries.get(query.number, (0, 0.0))
            if self._stopped or self._clock.monotonic() < due:
                continue
            status = self._deliver(query, last=tries + 1 >= limits.RESULT_DELIVERY_TRIES)
            if status == "PENDING":
                wait = min(2.0**tries, _LONGEST_WAIT_SECONDS)
                self._tries[query.number] = (tries + 1, self._clock.monotonic() + wait)
                continue
            self._tries.pop(query.number, None)
            self._catalog.change(query.number, ("FINISHED",), delivery_status=status)
            QUERY_DELIVERIES.labels(status).inc()

    def _work(self) -> None:
        while not self._stopped:
            try:
                self.run_due()
            except Exception as error:
                log.error("results not delivered", action="query-delivery", exc_info=error)
            self._told.wait(_LOOK_SECONDS)
            self._told.clear()

    def _deliver(self, query: Query, *, last: bool) -> DeliveryStatus:
        """Write all files of a query; PENDING where it is to be tried again."""
        assert query.delivery_uri is not None and query.finished_at is not None  # else it is not to be delivered
        place = DeliveryPlace.of(query.delivery_uri, query.account, query.region, self._source_arn(query))
        prefix = results_prefix(place.prefix, query.account, query.id, query.finished_at)
        try:
            files = [SignedFile(file.sha256, file.name) for file in self._results.about(query.id).files]
            for file in files:
                body = self._results.file(query.id, file.fileName)
                self._buckets.put(place, prefix + file.fileName, body, "application/gzip")
        except ResultsGone:
            return "FAILED"
        except PutFailed as failure:
            return _status(query, failure, last, "ACCESS_DENIED", "FAILED")
        try:
            signature, fingerprint = self._sign(query.region, string_to_sign(files))
            signed = sign_file(query.region, files, self._clock.now_us(), signature, fingerprint)
            self._buckets.put(place, prefix + SIGN_FILE, signed, "application/json")
        except PutFailed as failure:
            return _status(query, failure, last, "ACCESS_DENIED_SIGNING_FILE", "FAILED_SIGNING_FILE")
        return "SUCCESS"


def _status(
    query: Query, failure: PutFailed, last: bool, denied: DeliveryStatus, failed: DeliveryStatus
) -> DeliveryStatus:
    log.warning(
        "results not delivered", action="query-delivery", query=query.id, error=failure.message, code=failure.refusal
    )
    if failure.refusal in _MISSING:
        return "RESOURCE_NOT_FOUND"
    if failure.refusal in _REFUSED:
        return denied
    return failed if last else "PENDING"

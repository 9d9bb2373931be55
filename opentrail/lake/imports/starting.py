"""StartImport, StopImport, and reading what became of imports: checks in order, rows in the catalog.

Whoever works on imports (running.py) looks for rows that are ongoing; nothing else passes between the two.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.catalog.lake_imports import ONGOING, Failure, ImportRequest, LakeImport, LakeImports, Statistics
from opentrail.clock import MICROSECONDS, Clock
from opentrail.lake.faults import InvalidParameter, InvalidStoreCategory, InvalidStoreStatus, NotPermitted
from opentrail.lake.import_faults import ImportNotFound
from opentrail.lake.imports.buckets import ImportBuckets
from opentrail.lake.imports.source import Source
from opentrail.lake.stores import StoreRegistry

CATEGORY: Final = "CloudTrail"

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_TAKES: Final = frozenset({"ENABLED", "STOPPED_INGESTION"})  # a store that takes no live events may still be filled
_FIRST_US: Final = 0
_LAST_US: Final = 253_402_300_799 * MICROSECONDS  # the end of the year 9999


class Imports:
    """Imports for callers. `head` tells the journal's newest position.

    `require_key` raises StoreKeyUnusable for a store whose KMS key cannot be used.
    """

    def __init__(
        self,
        imports: LakeImports,
        stores: StoreRegistry,
        buckets: ImportBuckets,
        head: Callable[[], int],
        clock: Clock,
        require_key: Callable[[EventDataStore], None] = lambda store: None,
    ) -> None:
        self._imports = imports
        self._stores = stores
        self._buckets = buckets
        self._head = head
        self._clock = clock
        self._require_key = require_key

    def start(self, parameters: Mapping[str, Any], account: str, region: str) -> LakeImport:
        """A new import, or by `ImportId` another try of one that failed or was stopped. Raises StartImport's faults."""
        import_id = parameters.get("ImportId")
        if import_id is not None:
            if any(parameters.get(name) is not None for name in _OF_NEW_ONES):
                raise InvalidParameter("Specify ImportId alone, or Destinations and ImportSource.")
            return self._start_again(import_id, account, region)
        destinations, source = parameters.get("Destinations"), parameters.get("ImportSource")
        if not destinations or source is None:
            raise InvalidParameter("Specify Destinations and ImportSource, or the ImportId of an import to retry.")
        store = self._store(destinations[0], account, region)
        asked = source["S3"]
        read = Source.read(
            asked["S3LocationUri"], asked["S3BucketRegion"], asked["S3BucketAccessRoleArn"], store.account
        )
        start_us, end_us = _time_range(parameters)
        self._buckets.check(read, store)
        request = ImportRequest(
            store_arn=store.arn,
            uri=asked["S3LocationUri"],
            bucket_region=asked["S3BucketRegion"],
            role_arn=asked["S3BucketAccessRoleArn"],
            created_at_us=self._clock.now_us(),
            start_us=start_us,
            end_us=end_us,
        )
        return self._imports.start(str(uuid.uuid4()), account, region, store.id, request, self._head())

    def stop(self, import_id: str, account: str, region: str) -> LakeImport:
        """The import ends within a batch; one that has ended stays as it is. Raises ImportNotFound."""
        found = self.find(import_id, account, region)
        self._imports.end(found.id, "STOPPED", self._clock.now_us())
        return self.find(import_id, account, region)

    def find(self, import_id: str, account: str, region: str) -> LakeImport:
        """The account's import of that id. Raises InvalidParameter, ImportNotFound."""
        if not _ID.fullmatch(import_id):
            raise InvalidParameter(f"{import_id} is not the ID of an import.")
        found = self._imports.find(import_id)
        if found is None or (found.account, found.region) != (account, region):
            raise ImportNotFound(f"Import {import_id} was not found.")
        return found

    def listed(
        self, destination: str | None, status: str | None, account: str, region: str, before: int, most: int
    ) -> list[LakeImport]:
        """The account's imports, newest first, with a number below `before`. Raises StoreArnInvalid, StoreNotFound."""
        store = None if destination is None else self._stores.find(destination, account, region).store.id
        return self._imports.listed(account, region, store, status, before, most)

    def failures(self, import_id: str, account: str, region: str, after: int, most: int) -> list[Failure]:
        """What failed of an import, in order, with a number beyond `after`. Raises ImportNotFound, InvalidParameter."""
        return self._imports.failures(self.find(import_id, account, region).id, after, most)

    def statistics(self, found: LakeImport) -> Statistics:
        """What has become of an import so far."""
        return self._imports.statistics(found.id)

    def _start_again(self, import_id: str, account: str, region: str) -> LakeImport:
        found = self.find(import_id, account, region)
        if found.status == "COMPLETED":
            raise InvalidParameter(f"Import {import_id} is completed: there is nothing to retry.")
        store = self._store(found.request.store_arn, account, region)
        if found.status not in ONGOING:
            request = found.request
            source = Source.read(request.uri, request.bucket_region, request.role_arn, store.account)
            self._buckets.check(source, store)
        self._imports.start_again(found, self._clock.now_us())
        return self.find(import_id, account, region)

    def _store(self, text: str, account: str, region: str) -> EventDataStore:
        """The store to import into. Raises the faults of a destination."""
        store = self._stores.find_active(text, account, region).store
        if store.organization_id is not None and not self._stores.is_manager(account):
            raise NotPermitted("Only the management account may import into the event data store of an organization.")
        if store.category != CATEGORY:
            raise InvalidStoreCategory(f"Event data store {store.arn} is not for events of CloudTrail.")
        if store.status not in _TAKES:
            raise InvalidStoreStatus(f"Event data store {store.arn} is {store.status}.")
        self._require_key(store)
        return store


_OF_NEW_ONES: Final = ("Destinations", "ImportSource", "StartEventTime", "EndEventTime")


def _time_range(parameters: Mapping[str, Any]) -> tuple[int | None, int | None]:
    start_us, end_us = parameters.get("StartEventTime"), parameters.get("EndEventTime")
    for time_us in (start_us, end_us):
        if time_us is not None and not _FIRST_US <= time_us <= _LAST_US:
            raise InvalidParameter("StartEventTime and EndEventTime must lie between the years 1970 and 9999.")
    if start_us is not None and end_us is not None and start_us > end_us:
        raise InvalidParameter("StartEventTime must not be after EndEventTime.")
    return start_us, end_us

"""What an import asks of its bucket; server/outgoing/import_buckets.py answers, as CloudTrail calls other services."""

from typing import Protocol

from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.lake.imports.source import Source
from opentrail.objects.bucket import Bucket


class ImportBuckets(Protocol):
    """Buckets to import from, with the role of each request."""

    def check(self, source: Source, store: EventDataStore, /) -> None:
        """Whether the role lets CloudTrail import for this store, and the bucket is there and lets the role list it.

        Raises InvalidImportSource, ImportSourceUnknown.
        """
        ...

    def open(self, source: Source, store: EventDataStore, /) -> tuple[Bucket, bool]:
        """The bucket, to be used for less than limits.IMPORT_SESSION_SECONDS, and whether it is far away.

        Raises BucketFault.
        """
        ...

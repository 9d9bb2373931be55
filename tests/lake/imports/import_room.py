"""A data folder with a store, buckets that are folders, log files for them, and runs of imports."""

import gzip
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.lake_imports import Failure, LakeImport, LakeImports, Statistics
from opentrail.clock import SettableClock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.lake.imports.running import ImportRun
from opentrail.lake.imports.source import Source
from opentrail.lake.imports.starting import Imports
from opentrail.lake.stores import StoreRegistry, store_arn
from opentrail.objects.bucket import Bucket
from opentrail.objects.directory_bucket import DirectoryBucket

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/import"
STORE_ID = "0b8c1d2e-0000-4000-8000-000000000001"
LOGS = f"AWSLogs/{ACCOUNT}/CloudTrail/"


class FolderBuckets:
    """Buckets that are folders; `wrap` may put something before one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.checked: list[Source] = []
        self.wrap: Callable[[Bucket], Bucket] = lambda bucket: bucket

    def check(self, source: Source, store: EventDataStore) -> None:
        self.checked.append(source)

    def open(self, source: Source, store: EventDataStore) -> tuple[Bucket, bool]:
        return self.wrap(DirectoryBucket(self.root / source.bucket)), False


def record(number: int, time: str = "2026-03-04T10:15:31Z", **fields: str) -> bytes:
    values = {
        "eventVersion": "1.08",
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": "CreateBucket",
        "awsRegion": REGION,
        "eventID": f"event-{number}",
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **fields,
    }
    return ("{" + ",".join(f'"{name}":"{value}"' for name, value in values.items() if value) + "}").encode()


def log_file(raws: Sequence[bytes]) -> bytes:
    return gzip.compress(b'{"Records":[' + b",".join(raws) + b"]}", 1)


def log_key(day: str = "2026/03/04", minute: str = "1015", unique: str = "a" * 16, region: str = REGION) -> str:
    name = f"{ACCOUNT}_CloudTrail_{region}_{day.replace('/', '')}T{minute}Z_{unique}.json.gz"
    return f"{LOGS}{region}/{day}/{name}"


class ImportRoom:
    """One data folder, and what is asked of its imports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SettableClock()
        self.engine = open_catalog(folder / "catalog")
        self.stores = EventDataStores(self.engine)
        self.catalog = LakeImports(self.engine)
        self.buckets = FolderBuckets(folder / "buckets")
        self.journal = Journal.open(folder / "journal", self.clock)
        self.intake = Intake(self.journal, self.clock)
        self.imports = Imports(self.catalog, StoreRegistry(self.stores), self.buckets, self.journal.head, self.clock)
        self.pauses: list[float] = []
        self.when_paused: Callable[[], bool] = lambda: True
        self.store = self.add_store(STORE_ID)

    def add_store(self, store_id: str = "", **change: object) -> EventDataStore:
        store_id = store_id or str(uuid.uuid4())
        store = EventDataStore(
            **{
                "id": store_id,
                "arn": store_arn(store_id, ACCOUNT, REGION),
                "name": f"store-{store_id[:8]}",
                "account": ACCOUNT,
                "region": REGION,
                "selectors": (),
                "retention_days": 3653,
                **change,
            }
        )
        return self.stores.create(store, lambda: 0).store

    def put(self, key: str, body: bytes, bucket: str = "logs") -> Path:
        path = self.folder / "buckets" / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return path

    def start(self, uri: str = "s3://logs/", **more: object) -> LakeImport:
        source = {"S3LocationUri": uri, "S3BucketRegion": REGION, "S3BucketAccessRoleArn": ROLE}
        parameters = {"Destinations": [self.store.arn], "ImportSource": {"S3": source}, **more}
        return self.imports.start(parameters, ACCOUNT, REGION)

    def run(self, found: LakeImport, catalog: LakeImports | None = None) -> LakeImport:
        """A run in this process, until the import has ended or a pause says that the process is to end."""

        def pause(seconds: float) -> bool:
            self.pauses.append(seconds)
            return self.when_paused()

        run = ImportRun(
            catalog or self.catalog, self.stores, self.buckets, self.journal, self.intake, self.clock, pause
        )
        run.run(found.id)
        return self.find(found)

    def import_all(self, uri: str = "s3://logs/", **more: object) -> LakeImport:
        return self.run(self.start(uri, **more))

    def find(self, found: LakeImport) -> LakeImport:
        return self.imports.find(found.id, ACCOUNT, REGION)

    def failures(self, found: LakeImport) -> list[Failure]:
        return self.imports.failures(found.id, ACCOUNT, REGION, 0, 1000)

    def statistics(self, found: LakeImport) -> Statistics:
        return self.imports.statistics(found)

    def event_ids(self) -> list[str]:
        """Of everything that was appended for the store, in order."""
        wanted = f"import:{self.store.id}"
        found: list[str] = []
        after = 0
        while batches := self.journal.read(after, 10_000, origins=wanted.__eq__):
            found += [event_id for batch in batches for event_id in batch.entries.event_ids]
            after = batches.through
        return found

    def close(self) -> None:
        self.intake.close()
        self.journal.close()
        self.engine.dispose()

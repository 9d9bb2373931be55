"""Delivery without processes: a journal, a catalog, folders as buckets, a clock to set, and buckets that can fail."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from isal import igzip
from sqlalchemy import Engine

from opentrail.catalog.database import open_catalog
from opentrail.catalog.destination import Destination
from opentrail.catalog.trail_status import TrailStatus, read_status
from opentrail.catalog.trails import Trail, Trails, TrailVersion
from opentrail.clock import MICROSECONDS, SettableClock
from opentrail.followers import Runner
from opentrail.journal import Entries, Journal
from opentrail.objects.bucket import Bucket, BucketFault, NoSuchBucket, Properties, StoredObject, TimedOut
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_client import S3Access
from opentrail.record.times import format_event_time
from opentrail.trails import clients
from opentrail.trails.delivery import TrailDelivery
from opentrail.trails.service_clients import DeliveryFailed, ServiceClients
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.signing_keys import SigningKeys

ACCOUNT = "123456789012"
HOME = "us-east-1"
REGIONS = ("eu-west-1", "us-east-1")
MASTER_KEY = bytes(range(32))


class FaultyBucket:
    """A bucket whose next calls can be made to fail, before or after they act."""

    def __init__(self, inner: DirectoryBucket) -> None:
        self.inner = inner
        self.calls: list[tuple[str, str]] = []
        self.properties: dict[str, Properties] = {}
        self.refusing: BucketFault | None = None
        self.losing_answers = 0  # so many puts are carried out and not answered

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def url(self) -> str:
        return self.inner.url

    def put(self, key: str, body: bytes, properties: Properties) -> None:
        self.calls.append(("put", key))
        self._refuse()
        self.inner.put(key, body, properties)
        self.properties[key] = properties
        if self.losing_answers:
            self.losing_answers -= 1
            raise TimedOut

    def head(self, key: str) -> StoredObject | None:
        self.calls.append(("head", key))
        self._refuse()
        return self.inner.head(key)

    def ask_acl(self) -> None:
        self.calls.append(("acl", ""))
        self._refuse()
        if not (Path(self.url.removeprefix("file://"))).is_dir():
            raise NoSuchBucket

    def puts(self) -> list[str]:
        return [key for call, key in self.calls if call == "put"]

    def _refuse(self) -> None:
        if self.refusing is not None:
            raise self.refusing


class Clients(ServiceClients):
    """Buckets are folders; other services are what a test puts in."""

    def __init__(self, folder: Path, clock: SettableClock) -> None:
        super().__init__(clients.Clients(lambda *_: S3Access()), clock)
        self._folder = folder
        self.buckets: dict[str, FaultyBucket] = {}
        self.topic: Any = None
        self.log_service: Any = None

    def bucket(self, destination: Destination) -> Bucket:
        return self.named(destination.bucket)  # type: ignore[return-value]

    def check_bucket(self, destination: Destination) -> None:
        try:
            self.named(destination.bucket).ask_acl()
        except BucketFault as fault:
            raise DeliveryFailed(fault.message, fault.s3_code) from fault

    def named(self, name: str) -> FaultyBucket:
        if name not in self.buckets:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
            self.buckets[name] = FaultyBucket(DirectoryBucket(self._folder / name))
        return self.buckets[name]

    def sns(self, destination: Destination, region: str) -> Any:
        return self.topic

    def logs(self, destination: Destination, region: str) -> Any:
        return self.log_service


class Rig:
    """One data folder, and what a server would do with it, step by step."""

    def __init__(self, folder: Path, clock: SettableClock, **settings: Any) -> None:
        self.folder = folder
        self.clock = clock
        self.settings = msgspec_replace(settings)
        self.engine: Engine = open_catalog(folder / "catalog")
        self.journal = Journal.open(folder / "journal", clock)
        self.trails = Trails(self.engine)
        self.clients = Clients(folder / "buckets", clock)
        self.keys = SigningKeys(self.engine, MASTER_KEY, clock, self.settings.key_rotation_days)
        self.numbers = itertools.count(1)
        self.start()

    def start(self) -> None:
        """The worker begins: nothing in memory."""
        self.delivery = TrailDelivery(
            self.engine,
            self.journal,
            self.folder / "outbox",
            self.keys,
            self.clients,
            self.clock,
            self.settings,
            threads=False,
        )
        self.runner = Runner(self.journal, self.delivery.follower, self.folder / "lock", self.clock)

    def close(self) -> None:
        self.journal.close()
        self.engine.dispose()

    # What callers do

    def trail(self, name: str = "audit", **members: Any) -> TrailVersion:
        """A trail that logs from here on."""
        given = {
            "arn": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{name}",
            "name": name,
            "account": ACCOUNT,
            "home_region": HOME,
            "bucket": f"{name}-bucket",
            "logging": True,
            **members,
        }
        return self.trails.create(Trail(**given), self.journal.head())

    def change(self, version: TrailVersion, **members: Any) -> TrailVersion:
        return self.trails.replace(version, msgspec.structs.replace(version.trail, **members), self.journal.head())

    def delete(self, version: TrailVersion) -> TrailVersion:
        return self.trails.delete(version, version.trail, self.journal.head())

    def happen(self, count: int = 1, **fields: Any) -> list[str]:
        """Live events; their IDs."""
        ids = []
        for _ in range(count):
            event_id = f"event-{next(self.numbers):05}"
            region, category = fields.get("awsRegion", HOME), fields.get("eventCategory", "Management")
            account = fields.get("recipientAccountId", ACCOUNT)
            record = {
                "eventTime": format_event_time(self.clock.now_us()),
                "eventSource": "ec2.amazonaws.com",
                "eventName": "RunInstances",
                "awsRegion": region,
                "eventID": event_id,
                "recipientAccountId": ACCOUNT,
                "eventCategory": category,
                **fields,
            }
            body = json.dumps(record).encode()
            entry = Entries.one(account, region, category, self.clock.now_us(), event_id, body)
            self.journal.append(entry, "live")
            ids.append(event_id)
        return ids

    # What the worker does

    def step(self) -> None:
        """Read, judge, cut what is due, make digests, deliver."""
        follower = self.delivery.follower
        head = self.journal.head()
        after = self._read_through
        while after < head:
            found = self.journal.read(after, 1000, origins=follower.wants)
            follower.handle(found, found.through)
            after = found.through
        self._reached = (follower, after)
        for _ in range(3):
            follower.tick()
        self.delivery.deliverer.run_due()
        follower.tick()
        self.delivery.deliverer.run_due()

    @property
    def _read_through(self) -> int:
        reached = getattr(self, "_reached", None)
        return reached[1] if reached is not None and reached[0] is self.delivery.follower else self._position()

    def _position(self) -> int:
        return self.delivery.follower.position()

    def pass_time(self, seconds: float, step: float = 60.0) -> None:
        """Time goes by while the worker works."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            self.step()

    # What is seen afterwards

    def status(self, version: TrailVersion) -> TrailStatus:
        return read_status(self.engine, version.trail_id)

    def keys_in(self, bucket: str) -> list[str]:
        return [found.key for found in self.clients.named(bucket).inner.list()]

    def files(self, bucket: str) -> dict[str, list[dict[str, Any]]]:
        """Log files of a bucket by key, each with its records."""
        return {
            key: json.loads(self.content(bucket, key))["Records"] for key in self.keys_in(bucket) if "Digest" not in key
        }

    def digests(self, bucket: str, region: str = HOME) -> dict[str, dict[str, Any]]:
        return {
            key: json.loads(self.content(bucket, key))
            for key in self.keys_in(bucket)
            if f"/CloudTrail-Digest/{region}/" in key
        }

    def content(self, bucket: str, key: str) -> bytes:
        opened = self.clients.named(bucket).inner.get(key)
        try:
            stored = b"".join(iter(lambda: opened.read(1 << 20), b""))
        finally:
            opened.close()
        return igzip.decompress(stored)

    def delivered(self, bucket: str) -> list[str]:
        """IDs of all events in the bucket's files, in order of keys, as often as they are there."""
        return [record["eventID"] for records in self.files(bucket).values() for record in records]

    def outbox(self) -> Iterator[Path]:
        return (self.folder / "outbox").iterdir()


def msgspec_replace(settings: dict[str, Any]) -> DeliverySettings:
    """Settings with small numbers unless a test says others."""
    return DeliverySettings(**{"regions": REGIONS, "interval_s": 300.0, "digest_interval_s": 3600.0, **settings})


def seconds(us: int) -> float:
    return us / MICROSECONDS

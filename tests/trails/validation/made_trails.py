"""Trails as they lie in a bucket: signed chains of digests and their log files, made of the writers of logfile/."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from opentrail.clock import MICROSECONDS
from opentrail.logfile import content, digest
from opentrail.logfile.digest import Digest, LogFileEntry, metadata_of
from opentrail.logfile.keys import UNIQUE_CHARACTERS, Chain, LogFileKey
from opentrail.logfile.public_keys import PublicKey, public_key
from opentrail.logfile.signature import sign
from opentrail.objects.bucket import Bucket, Properties
from opentrail.record.times import format_event_time, parse_event_time

ACCOUNT = "123456789012"
REGION = "us-east-1"
TRAIL = "management"
BUCKET = "audit-logs"
START_US = parse_event_time("2026-03-02T09:12:00Z")
HOUR_US = 3600 * MICROSECONDS
MINUTE_US = 60 * MICROSECONDS
LOG_FILE = Properties("application/json", "gzip")


def trail_arn(region: str = REGION, name: str = TRAIL) -> str:
    return f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{name}"


@dataclass(frozen=True)
class KeyPair:
    private: rsa.RSAPrivateKey
    published: PublicKey


@cache
def key_pair(number: int) -> KeyPair:
    """The same pair for the same number, within a run; all valid from a day before the first digest on."""
    private = rsa.generate_private_key(65537, 2048)
    published = public_key(private.public_key(), START_US - 24 * HOUR_US, START_US + 400 * HOUR_US)
    return KeyPair(private, published)


@dataclass
class MadeDigest:
    """A digest as it was put."""

    key: str
    value: Digest
    inflated: bytes
    stored: bytes
    sha256: str
    signature: str
    metadata: dict[str, str]

    @property
    def log_keys(self) -> list[str]:
        return [entry.s3_object for entry in self.value.log_files]


@dataclass
class MadeChain:
    """A chain that grows by a digest at a time."""

    bucket: Bucket
    chain: Chain = field(default_factory=lambda: Chain(ACCOUNT, REGION, TRAIL, REGION))
    pair: KeyPair = field(default_factory=lambda: key_pair(0))
    now_us: int = START_US
    interval_us: int = HOUR_US
    bucket_name: str = BUCKET
    digests: list[MadeDigest] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(4))

    def hours(self, count: int, log_files: int = 2) -> "MadeChain":
        """So many digests, each of so many log files."""
        for _ in range(count):
            self.grow(self.log_files(log_files))
        return self

    def log_files(self, count: int, at_us: int | None = None) -> list[LogFileEntry]:
        """Put log files of the hour that begins now."""
        step = self.interval_us // (count + 1)
        return [self.log_file((at_us or self.now_us) + step * (number + 1)) for number in range(count)]

    def log_file(self, at_us: int, records: int = 3) -> LogFileEntry:
        """Put one log file."""
        grid_us = at_us - at_us % (5 * MINUTE_US) if self.interval_us >= HOUR_US else at_us
        time = format_event_time(at_us)
        raws = [self.record(time) for _ in range(records)]
        made = content.write(raws)
        unique = "".join(self.chance.choices(UNIQUE_CHARACTERS, k=16))
        name = LogFileKey(
            self.chain.account, self.chain.region, grid_us, unique,
            prefix=self.chain.prefix, organization=self.chain.organization,
        )  # fmt: skip
        self.bucket.put(str(name), made.stored, LOG_FILE)
        return LogFileEntry(
            s3_bucket=self.bucket_name,
            s3_object=str(name),
            hash_value=made.sha256,
            newest_event_time=time,
            oldest_event_time=time,
        )

    def record(self, time: str) -> bytes:
        return json.dumps(
            {"eventVersion": "1.11", "eventTime": time, "eventName": "CreateBucket", "awsRegion": self.chain.region,
             "eventID": f"{self.chance.getrandbits(128):032x}"},
            separators=(",", ":"),
        ).encode()  # fmt: skip

    def grow(self, entries: Iterable[LogFileEntry], *, restart: bool = False) -> MadeDigest:
        """Put the digest of the interval that begins now. `restart`: as the first one of a new chain."""
        entries = list(entries)
        end_us = self.now_us + self.interval_us
        last = None if restart or not self.digests else self.digests[-1]
        times = sorted(entry.newest_event_time or "" for entry in entries)
        value = Digest(
            aws_account_id=self.chain.account,
            digest_start_time=format_event_time(self.now_us),
            digest_end_time=format_event_time(end_us),
            digest_s3_bucket=self.bucket_name,
            digest_s3_object=str(self.chain.key_at(end_us)),
            digest_public_key_fingerprint=self.pair.published.fingerprint,
            newest_event_time=times[-1] if times else None,
            oldest_event_time=times[0] if times else None,
            previous_digest_s3_bucket=last.value.digest_s3_bucket if last else None,
            previous_digest_s3_object=last.key if last else None,
            previous_digest_hash_value=last.sha256 if last else None,
            previous_digest_hash_algorithm="SHA-256" if last else None,
            previous_digest_signature=last.signature if last else None,
            log_files=entries,
        )
        made = self.put(value, self.pair)
        self.digests.append(made)
        self.now_us = end_us
        return made

    def put(self, value: Digest, pair: KeyPair) -> MadeDigest:
        """Sign a digest and put it where it says it lies."""
        file = digest.write(value)
        signature = sign(pair.private, value, file.sha256)
        metadata = metadata_of(signature, value.digest_end_time if self.chain.backfill else None)
        made = MadeDigest(value.digest_s3_object, value, file.inflated, file.stored, file.sha256, signature, metadata)
        self.put_bytes(made.key, made.stored, metadata)
        return made

    def put_bytes(self, key: str, stored: bytes, metadata: dict[str, str]) -> None:
        self.bucket.put(key, stored, Properties("application/json", "gzip", metadata))

"""One digest file: fetched, and judged by itself in the order in which the AWS CLI judges it."""

from dataclasses import dataclass, field
from functools import cached_property

from opentrail import limits
from opentrail.logfile.content import Flaw, examine_whole
from opentrail.logfile.digest import (
    ALGORITHM_METADATA,
    BACKFILL_METADATA,
    SIGNATURE_METADATA,
    Digest,
    NotADigest,
)
from opentrail.logfile.digest import read as read_digest_bytes
from opentrail.logfile.keys import Chain
from opentrail.logfile.public_keys import BadPublicKey, PublicKey
from opentrail.logfile.signature import verify
from opentrail.objects.bucket import BucketFault, NoSuchKey, TimedOut, Unreachable
from opentrail.record.faults import BadEventTime
from opentrail.record.times import parse_event_time
from opentrail.trails.validation.archive import Archive
from opentrail.trails.validation.findings import (
    Finding,
    Kind,
    about_file,
    invalid_digest,
    key_unknown,
    key_unreadable,
)

READ_BYTES = 1 * limits.MIB
NO_SIGNATURE = "the object's metadata holds no signature"


@dataclass(frozen=True)
class ReadDigest:
    """A digest file as it was found. `end_us` is the time in its name.

    `digest` None: it could not be read as one. `missing`: there is no such file. `fault`: it could not be fetched.
    """

    bucket: str
    key: str
    chain: Chain
    end_us: int
    digest: Digest | None = None
    sha256: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    missing: bool = False
    trailing_data: bool = False
    fault: BucketFault | None = None

    @cached_property
    def span_us(self) -> tuple[int, int] | None:
        """Start and end of the time it covers, microseconds since the epoch; None where they are no times."""
        if self.digest is None:
            return None
        try:
            return parse_event_time(self.digest.digest_start_time), parse_event_time(self.digest.digest_end_time)
        except BadEventTime:
            return None

    @property
    def previous(self) -> tuple[str, str] | None:
        """Bucket and key of the digest that it names as the one before."""
        if self.digest is None or self.digest.previous_digest_s3_bucket is None:
            return None
        key = self.digest.previous_digest_s3_object
        return None if key is None else (self.digest.previous_digest_s3_bucket, key)

    @property
    def signature(self) -> str | None:
        """Its signature, if both members of the metadata are there."""
        return self.metadata.get(SIGNATURE_METADATA) if ALGORITHM_METADATA in self.metadata else None


def read_digest(archive: Archive, bucket: str, key: str, chain: Chain, end_us: int) -> ReadDigest:
    """Fetch a digest file. Raises Unreachable and TimedOut; what concerns this file alone is told in the result."""
    try:
        opened = archive.open(bucket, key)
    except NoSuchKey:
        return ReadDigest(bucket, key, chain, end_us, missing=True)
    except (Unreachable, TimedOut):
        raise
    except BucketFault as fault:
        return ReadDigest(bucket, key, chain, end_us, fault=fault)
    try:
        stored = bytearray()
        while block := opened.read(READ_BYTES):
            stored += block
            if len(stored) > limits.DIGEST_READ_BYTES:
                return ReadDigest(bucket, key, chain, end_us, metadata=dict(opened.stored.metadata))
    finally:
        opened.close()
    metadata = dict(opened.stored.metadata)
    content, inflated = examine_whole(bytes(stored), limits.DIGEST_READ_BYTES)
    if content.flaw not in (None, Flaw.TRAILING_DATA) or not content.whole:
        return ReadDigest(bucket, key, chain, end_us, metadata=metadata)
    try:
        digest = read_digest_bytes(inflated)
    except NotADigest:
        return ReadDigest(bucket, key, chain, end_us, metadata=metadata)
    return ReadDigest(
        bucket,
        key,
        chain,
        end_us,
        digest=digest,
        sha256=content.sha256,
        metadata=metadata,
        trailing_data=content.flaw is Flaw.TRAILING_DATA,
    )


def judge_alone(
    read: ReadDigest, archive: Archive, keys: dict[str, PublicKey], next_read: ReadDigest | None
) -> tuple[Finding | None, list[Finding]]:
    """What makes the digest invalid, or None; and what else there is to say of it.

    `next_read` is the digest that comes after it, which holds a copy of its signature and its hash.
    """
    chain, url = read.chain, archive.url(read.bucket, read.key)
    if read.missing:
        return invalid_digest(Kind.DIGEST_MISSING, chain, url), []
    if read.fault is not None:
        return about_file(Kind.UNREADABLE, chain, url, "Cannot be read", read.fault.message), []
    digest = read.digest
    if digest is None or read.span_us is None:
        return invalid_digest(Kind.DIGEST_MALFORMED, chain, url), []
    follower = next_read if next_read is not None and _names(next_read, digest) else None
    held = follower.digest.previous_digest_signature if follower is not None and follower.digest is not None else None
    notices = [_trailing(chain, url)] if read.trailing_data else []
    signature = read.signature
    if signature is None:
        if held is None or archive.keeps_metadata:
            return _unsigned(read, archive, keys, held), notices
        signature = held
        text = "Signature taken from the next digest file, this copy has lost it"
        notices.append(about_file(Kind.SIGNATURE_FROM_NEXT, chain, url, text))
    elif chain.backfill and archive.keeps_metadata and BACKFILL_METADATA not in read.metadata:
        missing = f"the object's metadata holds no {BACKFILL_METADATA}"
        return invalid_digest(Kind.DIGEST_MALFORMED, chain, url, missing), notices
    wrong = _verdict(read, archive, keys, signature)
    if wrong is None and follower is not None and _is_another(read, signature, follower, archive, keys):
        wrong = invalid_digest(Kind.DIGEST_REPLACED, chain, url)
    return wrong, notices


def _unsigned(read: ReadDigest, archive: Archive, keys: dict[str, PublicKey], held: str | None) -> Finding:
    """A digest without a signature that could stand for its own; `held` is the copy that the next one has."""
    proof = " (copies lose it), and no later digest file holds it"
    if archive.keeps_metadata:
        kept = held is not None and _verdict(read, archive, keys, held) is None
        proof = "; the next digest file holds one, by which the content is genuine" if kept else ""
    url = archive.url(read.bucket, read.key)
    return invalid_digest(Kind.DIGEST_SIGNATURE, read.chain, url, NO_SIGNATURE + proof)


def _verdict(read: ReadDigest, archive: Archive, keys: dict[str, PublicKey], signature: str) -> Finding | None:
    """Location, key, signature, in this order."""
    digest, chain, url = read.digest, read.chain, archive.url(read.bucket, read.key)
    if digest is None:
        return invalid_digest(Kind.DIGEST_MALFORMED, chain, url)
    if not archive.is_at(read.bucket, read.key, digest.digest_s3_bucket, digest.digest_s3_object):
        named = f"it names itself s3://{digest.digest_s3_bucket}/{digest.digest_s3_object}"
        return invalid_digest(Kind.DIGEST_MOVED, chain, url, named)
    key = keys.get(digest.digest_public_key_fingerprint)
    if key is None:
        return key_unknown(chain, url, digest.digest_public_key_fingerprint)
    try:
        genuine = verify(key.rsa, digest, read.sha256, signature)
    except BadPublicKey:
        return key_unreadable(chain, url, digest.digest_public_key_fingerprint)
    return None if genuine else invalid_digest(Kind.DIGEST_SIGNATURE, chain, url)


def _is_another(
    read: ReadDigest, signature: str, follower: ReadDigest, archive: Archive, keys: dict[str, PublicKey]
) -> bool:
    """Whether a follower that is itself genuine names this digest with another hash or signature."""
    digest = follower.digest
    if digest is None or follower.signature is None:
        return False
    same = digest.previous_digest_signature in (None, signature)
    same = same and digest.previous_digest_hash_value in (None, read.sha256)
    return not same and _verdict(follower, archive, keys, follower.signature) is None


def _names(follower: ReadDigest, digest: Digest) -> bool:
    return follower.previous == (digest.digest_s3_bucket, digest.digest_s3_object)


def _trailing(chain: Chain, url: str) -> Finding:
    text = "Digest file with data after its gzip member, which nobody reads"
    return about_file(Kind.DIGEST_TRAILING_DATA, chain, url, text)

"""Digest files: the signed list of log files delivered in an hour, as a value, to bytes and back.

A digest file is gzip (one member) of one JSON object; the members are those of `Digest`, in its order, named as AWS
names them. Times are texts like `2026-03-02T11:12:00Z`, whole seconds. The first digest of a chain (a *starting
digest*) has null in all five `previous...` members; an hour without log files has an empty `logFiles` and null event
times. What is hashed is the inflated bytes as they lie; member order and white space of foreign digests are free.

The object carries user metadata (`metadata_of`): `signature` (lower-case hex) and `signature-algorithm`, a backfill
digest also `backfill-generation-timestamp`. Content type `application/json`, content encoding `gzip`.
"""

import hashlib

import msgspec
from isal import igzip_lib

from opentrail.errors import OpenTrailError

HASH_ALGORITHM = "SHA-256"
SIGNATURE_ALGORITHM = "SHA256withRSA"
SIGNATURE_METADATA = "signature"
ALGORITHM_METADATA = "signature-algorithm"
BACKFILL_METADATA = "backfill-generation-timestamp"
CONTENT_TYPE = "application/json"
CONTENT_ENCODING = "gzip"
GZIP_LEVEL = 3


class NotADigest(OpenTrailError):
    """The bytes are no digest: not JSON, or a member that must be there is missing."""


class LogFileEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One log file in a digest. `hash_value`: lower-case hex SHA-256 of its inflated bytes."""

    s3_bucket: str
    s3_object: str
    hash_value: str
    hash_algorithm: str | None = HASH_ALGORITHM
    newest_event_time: str | None = None
    oldest_event_time: str | None = None


class Digest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of a digest file. Members without a default here must be there for the AWS CLI to accept it."""

    aws_account_id: str | None = None
    digest_start_time: str
    digest_end_time: str
    digest_s3_bucket: str
    digest_s3_object: str
    digest_public_key_fingerprint: str
    digest_signature_algorithm: str | None = SIGNATURE_ALGORITHM
    newest_event_time: str | None = None
    oldest_event_time: str | None = None
    previous_digest_s3_bucket: str | None = None
    previous_digest_s3_object: str | None = None
    previous_digest_hash_value: str | None = None
    previous_digest_hash_algorithm: str | None = None
    previous_digest_signature: str | None
    log_files: list[LogFileEntry]


class DigestFile(msgspec.Struct, frozen=True):
    """A digest file ready to be stored. `inflated` is what is hashed and signed, `stored` its gzip form."""

    digest: Digest
    inflated: bytes
    stored: bytes
    sha256: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Digest)


def write(digest: Digest) -> DigestFile:
    """The file for `digest`; the same digest always gives the same bytes."""
    inflated = _encoder.encode(digest)
    stored: bytes = igzip_lib.compress(inflated, level=GZIP_LEVEL, flag=igzip_lib.COMP_GZIP)
    return DigestFile(digest, inflated, stored, hashlib.sha256(inflated).hexdigest())


def read(inflated: bytes) -> Digest:
    """The digest in the inflated bytes of a digest file; members that nobody knows are passed over.

    Raises NotADigest.
    """
    try:
        return _decoder.decode(inflated)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotADigest(f"no digest: {error}") from error


def metadata_of(signature: str, backfill_generated: str | None = None) -> dict[str, str]:
    """The user metadata of a digest's object. `backfill_generated`: when a backfill digest was made, as text."""
    metadata = {SIGNATURE_METADATA: signature, ALGORITHM_METADATA: SIGNATURE_ALGORITHM}
    if backfill_generated is not None:
        metadata[BACKFILL_METADATA] = backfill_generated
    return metadata

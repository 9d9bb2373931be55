"""The port to buckets: objects written, read, headed and listed by key, in S3 or in a plain folder.

`S3Bucket` (objects/s3_bucket.py) and `DirectoryBucket` (objects/directory_bucket.py) implement it. Keys are whole,
without a leading slash. All methods may be called from several threads at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from opentrail.errors import OpenTrailError

OWNER_FULL_CONTROL = "bucket-owner-full-control"


class BucketFault(OpenTrailError):
    """The store refused a request, or did not answer it.

    `s3_code` is the code as S3 spells it (`AccessDenied`, `NoSuchBucket`, `KMS.DisabledException`), None where no
    answer came: connection refused, time-out, an answer that is no S3 answer.
    """

    default_s3_code: ClassVar[str | None] = None

    def __init__(self, message: str | None = None, s3_code: str | None = None) -> None:
        super().__init__(message)
        self.s3_code = s3_code if s3_code is not None else self.default_s3_code


class NoSuchBucket(BucketFault):
    """There is no bucket of this name."""

    default_s3_code = "NoSuchBucket"


class NoSuchKey(BucketFault):
    """There is no object of this key."""

    default_s3_code = "NoSuchKey"


class AccessDenied(BucketFault):
    """The bucket exists, and does not let these credentials do this."""

    default_s3_code = "AccessDenied"


class Throttled(BucketFault):
    """Too many requests; later ones will be taken."""

    default_s3_code = "SlowDown"


class TimedOut(BucketFault):
    """No answer in time; whether the request was carried out is not known."""


class Unreachable(BucketFault):
    """No connection, or no credentials to sign with."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an object is encrypted at rest: `AES256` (SSE-S3), or `aws:kms` with a key and an encryption context."""

    algorithm: str = "AES256"
    kms_key_id: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Properties:
    """What is stored with an object. `encryption` None and `acl` None: as the bucket has it by default.

    Names of `metadata` are given and returned in lower case, without `x-amz-meta-`.
    """

    content_type: str = "application/octet-stream"
    content_encoding: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    acl: str | None = None
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One line of a listing. `size`: bytes as stored; `modified_us`: microseconds since the epoch."""

    key: str
    size: int
    modified_us: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of an object beside its bytes."""

    key: str
    size: int
    content_type: str | None
    content_encoding: str | None
    metadata: Mapping[str, str]
    modified_us: int | None = None


class OpenObject(Protocol):
    """An object being read: what is said of it, and its stored bytes from front to back."""

    @property
    def stored(self) -> StoredObject:
        """What the store says of it."""
        ...

    def read(self, amount: int, /) -> bytes:
        """At most `amount` bytes, at least one unless the object ends. Raises BucketFault."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...


class Bucket(Protocol):
    """A bucket, or a folder that stands for one."""

    @property
    def name(self) -> str:
        """The bucket's name; of a folder, the last part of its path."""
        ...

    @property
    def url(self) -> str:
        """`s3://NAME` or `file:///PATH`."""
        ...

    def put(self, key: str, body: bytes, properties: Properties) -> None:
        """Write an object whole, over an older one. On return it is as durable as the store makes it: see there.

        Raises BucketFault; after TimedOut it may have been written.
        """
        ...

    def head(self, key: str) -> StoredObject | None:
        """What is said of an object, None where there is none. Raises BucketFault."""
        ...

    def get(self, key: str) -> OpenObject:
        """The object, to be read and closed. `Content-Encoding` is not acted on. Raises NoSuchKey, BucketFault."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[ListedObject]:
        """Objects whose key begins with `prefix` and is greater than `start_after`, in UTF-8 byte order of keys.

        Raises BucketFault.
        """
        ...

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The distinct next parts after `prefix` (itself empty or ending in a slash), each ending in a slash, in order.

        With keys `a/b/1` and `a/c/2`, the folders of `a/` are `a/b/` and `a/c/`. Raises BucketFault.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none. Raises BucketFault."""
        ...

    def ask_acl(self) -> None:
        """Ask for the bucket's ACL (s3:GetBucketAcl), as CloudTrail does before it delivers; of a folder, whether it
        can be written. Raises NoSuchBucket, AccessDenied, BucketFault."""
        ...

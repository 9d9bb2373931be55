"""Archives: where digests and log files lie, in S3 or in a copy on disk, under the names that digests give them.

A digest names itself and its log files by bucket and key, and the names are signed. In S3 they are where the files
are. A copy in a folder keeps the part of the key from `AWSLogs/` on; the bucket and the prefix before it are taken
from the first digest there whose signature, which covers them, verifies.
"""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Protocol

from opentrail.objects.bucket import Bucket, ListedObject, NoSuchKey, OpenObject

LOGS = "AWSLogs/"


class Archive(Protocol):
    """Files by the bucket and key that digests name them with. To be shared between threads."""

    @property
    def keeps_metadata(self) -> bool:
        """Whether a missing signature was removed by somebody, and not by the way the copy was made."""
        ...

    def open(self, bucket: str, key: str) -> OpenObject:
        """Raises NoSuchKey, BucketFault."""
        ...

    def list(self, bucket: str, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """As Bucket.list, keys as they are named. Raises BucketFault."""
        ...

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """As Bucket.folders. Raises BucketFault."""
        ...

    def url(self, bucket: str, key: str) -> str:
        """Where the file is, for the user."""
        ...

    def is_at(self, bucket: str, key: str, named_bucket: str, named_key: str) -> bool:
        """Whether the file listed as (bucket, key) lies where the digest names (named_bucket, named_key)."""
        ...

    def learn(self, key: str, named_bucket: str, named_key: str) -> None:
        """The digest listed as `key` verifies and names itself so."""
        ...


class S3Archive:
    """Buckets of one S3, opened when they are first named."""

    def __init__(self, open_bucket: Callable[[str], Bucket]) -> None:
        self._open_bucket = open_bucket
        self._buckets: dict[str, Bucket] = {}
        self._lock = Lock()

    @property
    def keeps_metadata(self) -> bool:
        """S3 loses no metadata."""
        return True

    def _bucket(self, name: str) -> Bucket:
        with self._lock:
            if name not in self._buckets:
                self._buckets[name] = self._open_bucket(name)
            return self._buckets[name]

    def open(self, bucket: str, key: str) -> OpenObject:
        """The object itself."""
        return self._bucket(bucket).get(key)

    def list(self, bucket: str, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """The bucket's listing."""
        return self._bucket(bucket).list(prefix, start_after)

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """The bucket's common prefixes."""
        return self._bucket(bucket).folders(prefix)

    def url(self, bucket: str, key: str) -> str:
        """`s3://bucket/key`."""
        return f"s3://{bucket}/{key}"

    def is_at(self, bucket: str, key: str, named_bucket: str, named_key: str) -> bool:
        """Names are places."""
        return (bucket, key) == (named_bucket, named_key)

    def learn(self, key: str, named_bucket: str, named_key: str) -> None:
        """Nothing: names are places."""


class FolderArchive:
    """A copy of files of one bucket and prefix. `base`: what stands before `AWSLogs/` in the keys of the copy.

    The copy's own bucket is the empty name; with `bucket` and `prefix` given, digests must name these.
    """

    def __init__(self, folder: Bucket, base: str, bucket: str | None = None, prefix: str | None = None) -> None:
        self._folder = folder
        self._base = base
        self._bucket = bucket
        self._prefix = prefix if prefix is None or not prefix or prefix.endswith("/") else f"{prefix}/"

    @property
    def keeps_metadata(self) -> bool:
        """`aws s3 sync` and cp take no metadata along."""
        return False

    def open(self, bucket: str, key: str) -> OpenObject:
        """The file in the copy; what lies in another bucket or under another prefix is not in it."""
        return self._folder.get(self._local(bucket, key))

    def list(self, bucket: str, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """The copy's listing; only its own names are listed."""
        return self._folder.list(prefix, start_after) if not bucket else iter(())

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """The copy's folders."""
        return self._folder.folders(prefix) if not bucket else iter(())

    def url(self, bucket: str, key: str) -> str:
        """The path in the copy; of what cannot be in it, the name."""
        try:
            return f"{self._folder.url}/{self._local(bucket, key)}"
        except NoSuchKey:
            return f"s3://{bucket}/{key}"

    def is_at(self, bucket: str, key: str, named_bucket: str, named_key: str) -> bool:
        """From `AWSLogs/` on the names must agree; before it, they must be what was learned or given."""
        if bucket:
            return (bucket, key) == (named_bucket, named_key)
        rest = key.removeprefix(self._base)
        if not named_key.endswith(rest) or (self._bucket is not None and named_bucket != self._bucket):
            return False
        before = named_key.removesuffix(rest)
        return before == self._prefix if self._prefix is not None else before == "" or before.endswith("/")

    def learn(self, key: str, named_bucket: str, named_key: str) -> None:
        """From the first digest that verifies."""
        self._bucket = named_bucket
        self._prefix = named_key.removesuffix(key.removeprefix(self._base))

    def _local(self, bucket: str, key: str) -> str:
        if not bucket:
            return key
        if bucket != self._bucket or self._prefix is None or not key.startswith(self._prefix):
            raise NoSuchKey(f"s3://{bucket}/{key} is not part of this copy")
        return self._base + key.removeprefix(self._prefix)

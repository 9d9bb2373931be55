"""From what a person types, a path or an S3 URL, to the store it names."""

from pathlib import Path

from opentrail.errors import ClientError
from opentrail.objects.directory import DirectoryStore
from opentrail.objects.port import ObjectStore
from opentrail.objects.s3 import S3Store

S3_SCHEME = "s3://"


class BadLocation(ClientError):
    """The location is neither a path nor an S3 URL with a bucket."""


def open_location(location: str, endpoint_url: str | None = None) -> ObjectStore:
    """The store at `location`: `s3://bucket[/prefix]` (of `endpoint_url`, else of AWS), or a file or folder.

    Raises BadLocation, NoSuchLocation, StoreUnavailable.
    """
    if location.lower().startswith(S3_SCHEME):
        bucket, _, prefix = location[len(S3_SCHEME) :].partition("/")
        if not bucket:
            raise BadLocation(f"{location} names no bucket; the form is s3://bucket/prefix.")
        return S3Store(bucket, prefix, endpoint_url)
    if "://" in location and not Path(location).exists():
        raise BadLocation(f"{location} is neither a path nor an s3:// URL.")
    return DirectoryStore(Path(location))

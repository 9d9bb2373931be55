"""Objects of an S3 bucket, or below a prefix of it, as an object store.

What concerns one object (NoSuchKey, AccessDenied on it, archived storage) is ObjectUnreadable; what concerns all of
them (no connection, no credentials, no such bucket) is StoreUnavailable or NoSuchLocation.
"""

from collections.abc import Iterator
from typing import Any

import urllib3.exceptions
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opentrail.objects.bucket import BucketFault
from opentrail.objects.port import NoSuchLocation, ObjectInfo, ObjectReader, ObjectUnreadable, StoreUnavailable
from opentrail.objects.s3_client import S3Access, connect

_ONE_OBJECT = frozenset({"NoSuchKey", "404", "AccessDenied", "403", "InvalidObjectState", "KMS.NotFoundException"})


class S3Store:
    """`s3://bucket/prefix`, read with the credentials boto3 finds (environment, profile, instance)."""

    def __init__(self, bucket: str, prefix: str, endpoint_url: str | None = None) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._endpoint_url = endpoint_url
        try:
            self._client = connect(S3Access(endpoint_url))
        except BucketFault as fault:
            raise StoreUnavailable(fault.message) from fault

    @property
    def name(self) -> str:
        """The URL, and the endpoint where one was named."""
        url = f"s3://{self._bucket}/{self._prefix}"
        return f"{url} at {self._endpoint_url}" if self._endpoint_url else url

    @property
    def far(self) -> bool:
        """Every object is a request."""
        return True

    def list(self) -> Iterator[ObjectInfo]:
        """Every object by key; the whole key. A prefix without a closing slash is one object, or else a folder."""
        if self._prefix and not self._prefix.endswith("/"):
            first = next(self._pages(self._prefix, 1), None)
            if first is not None and first.key == self._prefix:
                yield first
                return
            yield from self._pages(self._prefix + "/")
            return
        yield from self._pages(self._prefix)

    def _pages(self, prefix: str, page_size: int = 1000) -> Iterator[ObjectInfo]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": page_size}
        )
        try:
            for page in pages:
                for entry in page.get("Contents", ()):
                    fingerprint = f"{entry['Size']}-{entry.get('ETag', '').strip(chr(34))}"
                    yield ObjectInfo(entry["Key"], entry["Size"], fingerprint)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchBucket", "404"):
                raise NoSuchLocation(f"There is no bucket {self._bucket}.") from error
            raise StoreUnavailable(f"Bucket {self._bucket} cannot be listed: {error}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise StoreUnavailable(f"Bucket {self._bucket} cannot be listed: {error}") from error

    def open(self, key: str) -> ObjectReader:
        """The object's bytes as stored; `Content-Encoding` is not acted on."""
        try:
            return _BodyReader(self._client.get_object(Bucket=self._bucket, Key=key)["Body"])
        except ClientError as error:
            if error.response["Error"]["Code"] in _ONE_OBJECT:
                raise ObjectUnreadable(f"cannot be read: {error}") from error
            raise StoreUnavailable(f"Bucket {self._bucket} cannot be read: {error}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise StoreUnavailable(f"Bucket {self._bucket} cannot be read: {error}") from error


class _BodyReader:
    """The body of one answer."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, amount: int) -> bytes:
        try:
            data: bytes = self._body.read(amount)
        except (BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreUnavailable(f"The connection to S3 broke: {error}") from error
        return data

    def close(self) -> None:
        self._body.close()

"""A bucket of S3, read and written."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from opentrail.clock import MICROSECONDS
from opentrail.objects.bucket import ListedObject, NoSuchKey, OpenObject, Properties, StoredObject
from opentrail.objects.s3_client import S3_ERRORS, S3Access, connect, fault_of
from opentrail.objects.s3_plain_get import PlainGet

PAGE_KEYS = 1000


class S3Bucket:
    """`s3://NAME`. A put object is as durable as the S3 behind it makes an object before it answers."""

    def __init__(
        self, name: str, access: S3Access | None = None, client: Any = None, plain_get: PlainGet | None = None
    ) -> None:
        """`client`: one that `connect` made, shared by several buckets; without it the bucket makes its own.

        `plain_get`: what `get` tries first. Raises Unreachable.
        """
        self._name = name
        self._plain_get = plain_get
        self._client = client if client is not None else connect(access if access is not None else S3Access())

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self._name

    @property
    def url(self) -> str:
        """`s3://NAME`."""
        return f"s3://{self._name}"

    def put(self, key: str, body: bytes, properties: Properties) -> None:
        """Write an object whole. `Content-MD5` is sent, so that what is stored is what was sent."""
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        request = {
            "Bucket": self._name,
            "Key": key,
            "Body": body,
            "ContentMD5": base64.b64encode(digest).decode(),
            "ContentType": properties.content_type,
            "Metadata": dict(properties.metadata),
            **_headers(properties),
        }
        try:
            self._client.put_object(**request)
        except S3_ERRORS as error:
            raise fault_of(error, f"{self.url}/{key} cannot be written") from error

    def head(self, key: str) -> StoredObject | None:
        """What S3 says of an object, None where there is none; a missing bucket looks the same to a HEAD request."""
        try:
            answer = self._client.head_object(Bucket=self._name, Key=key)
        except S3_ERRORS as error:
            fault = fault_of(error, f"{self.url}/{key} cannot be read")
            if isinstance(fault, NoSuchKey):
                return None
            raise fault from error
        return _stored(key, answer)

    def get(self, key: str) -> OpenObject:
        """The object; its bytes come from the connection as they are read."""
        if self._plain_get is not None:
            opened = self._plain_get.get(self._name, key)
            if opened is not None:
                return opened
        try:
            answer = self._client.get_object(Bucket=self._name, Key=key)
        except S3_ERRORS as error:
            raise fault_of(error, f"{self.url}/{key} cannot be read") from error
        return _OpenAnswer(_stored(key, answer), answer["Body"])

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[ListedObject]:
        """Objects in order of their keys, a request for every thousand."""
        for page in self._pages({"Prefix": prefix, "StartAfter": start_after}):
            for entry in page.get("Contents", ()):
                yield ListedObject(entry["Key"], entry["Size"], _us(entry["LastModified"]))

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The common prefixes after `prefix` up to the next slash."""
        for page in self._pages({"Prefix": prefix, "Delimiter": "/"}):
            for entry in page.get("CommonPrefixes", ()):
                yield entry["Prefix"]

    def _pages(self, request: dict[str, str]) -> Iterator[dict[str, Any]]:
        asked = {name: value for name, value in request.items() if value}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, PaginationConfig={"PageSize": PAGE_KEYS}, **asked
        )
        try:
            yield from pages
        except S3_ERRORS as error:
            raise fault_of(error, f"{self.url} cannot be listed") from error

    def delete(self, key: str) -> None:
        """Remove an object; of a versioned bucket, hide it."""
        try:
            self._client.delete_object(Bucket=self._name, Key=key)
        except S3_ERRORS as error:
            raise fault_of(error, f"{self.url}/{key} cannot be deleted") from error

    def ask_acl(self) -> None:
        """GetBucketAcl."""
        try:
            self._client.get_bucket_acl(Bucket=self._name)
        except S3_ERRORS as error:
            raise fault_of(error, f"the ACL of {self.url} cannot be read") from error


class _OpenAnswer:
    """The body of one GetObject answer."""

    def __init__(self, stored: StoredObject, body: Any) -> None:
        self.stored = stored
        self._body = body

    def read(self, amount: int, /) -> bytes:
        try:
            data: bytes = self._body.read(amount)
        except S3_ERRORS as error:
            raise fault_of(error, f"reading {self.stored.key} broke off") from error
        return data

    def close(self) -> None:
        with closing(self._body):
            pass


def _headers(properties: Properties) -> dict[str, str]:
    headers = {}
    if properties.content_encoding is not None:
        headers["ContentEncoding"] = properties.content_encoding
    if properties.acl is not None:
        headers["ACL"] = properties.acl
    encryption = properties.encryption
    if encryption is not None:
        headers["ServerSideEncryption"] = encryption.algorithm
        if encryption.kms_key_id is not None:
            headers["SSEKMSKeyId"] = encryption.kms_key_id
        if encryption.context:
            context = json.dumps(dict(encryption.context), separators=(",", ":"))
            headers["SSEKMSEncryptionContext"] = base64.b64encode(context.encode()).decode()
    return headers


def _stored(key: str, answer: dict[str, Any]) -> StoredObject:
    modified = answer.get("LastModified")
    return StoredObject(
        key=key,
        size=answer["ContentLength"],
        content_type=answer.get("ContentType"),
        content_encoding=answer.get("ContentEncoding"),
        metadata={name.lower(): value for name, value in answer.get("Metadata", {}).items()},
        modified_us=_us(modified) if modified is not None else None,
    )


def _us(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * MICROSECONDS)

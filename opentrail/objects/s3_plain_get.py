"""GetObject by hand: an eighth of boto3's CPU time for an object, in the ordinary case alone.

A signed GET over connections that are kept, path-style, one attempt. Whatever else happens (an answer that is not 200,
a connection that broke) gives None, and the caller asks boto3, which retries, follows redirects and names faults.
"""

import http.client
import os
import ssl
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from botocore.httpsession import get_cert_path

from opentrail.objects.bucket import OpenObject, StoredObject, TimedOut, Unreachable

METADATA_PREFIX = "x-amz-meta-"
OTHER_TRUST = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")

# Host, path as sent, and the time, to the headers of a signed GET request.
Signer = Callable[[str, str, datetime], Mapping[str, str]]


def can_be_plain() -> bool:
    """Whether the environment names neither a proxy nor certificates of its own, which boto3 knows how to use."""
    proxies = urllib.request.getproxies()
    return not ({"http", "https", "all"} & proxies.keys()) and not any(os.environ.get(name) for name in OTHER_TRUST)


class PlainGet:
    """GET requests to one endpoint; to be shared between threads."""

    def __init__(self, endpoint_url: str, sign: Signer, timeout_seconds: float) -> None:
        parts = urlsplit(endpoint_url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._netloc = parts.netloc
        self._path = parts.path.rstrip("/")
        self._sign = sign
        self._timeout_seconds = timeout_seconds
        self._free: deque[http.client.HTTPConnection] = deque()
        self._trust = ssl.create_default_context(cafile=get_cert_path(True)) if self._secure else None

    def get(self, bucket: str, key: str) -> OpenObject | None:
        """The object, or None where boto3 has to be asked."""
        path = f"{self._path}/{bucket}/{quote(key, safe='/~-._')}"
        headers = dict(self._sign(self._netloc, path, datetime.now(UTC)))
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._connect()
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None
        if answer.status != http.HTTPStatus.OK:
            connection.close()
            return None
        return _PlainAnswer(key, answer, connection, self._free)

    def _connect(self) -> http.client.HTTPConnection:
        if self._trust is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_seconds, context=self._trust
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_seconds)


class _PlainAnswer:
    """The body of one answer; a connection whose answer was read to its end is used again."""

    def __init__(
        self,
        key: str,
        answer: http.client.HTTPResponse,
        connection: http.client.HTTPConnection,
        free: "deque[http.client.HTTPConnection]",
    ) -> None:
        self._key = key
        self._answer = answer
        self._connection = connection
        self._free = free
        self._size = answer.length

    @property
    def stored(self) -> StoredObject:
        """What the headers say."""
        headers = self._answer.headers
        metadata = {
            name.lower()[len(METADATA_PREFIX) :]: value
            for name, value in headers.items()
            if name.lower().startswith(METADATA_PREFIX)
        }
        return StoredObject(
            self._key, self._size or 0, headers["Content-Type"], headers["Content-Encoding"], metadata, None
        )

    def read(self, amount: int, /) -> bytes:
        """Raises Unreachable where the connection ends before the object does."""
        try:
            data = self._answer.read(amount)
        except TimeoutError as error:
            raise TimedOut(f"reading {self._key}: no answer in time") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"reading {self._key} broke off: {error}") from error
        left = self._answer.length
        if not data and left:
            raise Unreachable(f"reading {self._key} broke off: {left} bytes are missing")
        return data

    def close(self) -> None:
        """Keep the connection where nothing more comes on it."""
        if self._answer.isclosed() and self._connection.sock is not None:
            self._free.append(self._connection)
        else:
            self._connection.close()

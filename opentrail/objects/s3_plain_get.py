"""GetObject by hand: a tenth of boto3's CPU time for an object, in the ordinary case alone.

A signed GET over connections that are kept, path-style, one attempt, of a plain answer: 200, `Content-Length`, no
transfer coding. Whatever else happens (another status, a connection that broke) gives None, and the caller asks boto3,
which retries, follows redirects and names faults.
"""

import os
import socket
import ssl
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from botocore.httpsession import get_cert_path

from opentrail.objects.bucket import OpenObject, StoredObject, TimedOut, Unreachable

METADATA_PREFIX = "x-amz-meta-"
CA_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # as botocore looks them up
HEAD_BYTES = 64 * 1024
RECEIVE_BYTES = 64 * 1024
PORTS = {"http": 80, "https": 443}

# Host, path as sent, and the time, to the headers of a signed GET request.
Signer = Callable[[str, str, datetime], Mapping[str, str]]


def can_be_plain(endpoint_url: str) -> bool:
    """Whether no proxy stands before the endpoint, which boto3 knows how to use."""
    parts = urlsplit(endpoint_url)
    host = parts.hostname or ""
    return parts.scheme not in urllib.request.getproxies() or bool(urllib.request.proxy_bypass(host))


class PlainGet:
    """GET requests to one endpoint; to be shared between threads."""

    def __init__(self, endpoint_url: str, sign: Signer, timeout_seconds: float) -> None:
        parts = urlsplit(endpoint_url)
        self._address = (parts.hostname or "", parts.port or PORTS[parts.scheme])
        self._netloc = parts.netloc
        self._path = parts.path.rstrip("/")
        self._sign = sign
        self._timeout_seconds = timeout_seconds
        self._free: deque[socket.socket] = deque()
        bundles = [os.environ[name] for name in CA_BUNDLES if os.environ.get(name)]
        trusted = bundles[0] if bundles else get_cert_path(True)
        self._trust = ssl.create_default_context(cafile=trusted) if parts.scheme == "https" else None
        self._usable = True

    def get(self, bucket: str, key: str) -> OpenObject | None:
        """The object, or None where boto3 has to be asked."""
        if not self._usable:
            return None
        path = f"{self._path}/{bucket}/{quote(key, safe='/~-._')}"
        lines = [f"{name}: {value}" for name, value in self._sign(self._netloc, path, datetime.now(UTC)).items()]
        request = "\r\n".join((f"GET {path} HTTP/1.1", *lines, "", "")).encode()
        connection: socket.socket | None = None
        try:
            connection = self._free.pop() if self._free else self._connect()
            connection.sendall(request)
            head, rest = _receive_head(connection)
        except (OSError, IndexError) as error:  # IndexError: another thread took the last free connection
            # boto3 may trust whom we do not; asking each time would double the handshakes
            self._usable = not isinstance(error, ssl.SSLError)
            if connection is not None:
                connection.close()
            return None
        headers = _plain_headers(head)
        if headers is None:
            connection.close()
            return None
        return _PlainAnswer(key, headers, rest, connection, self._free)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._free:
            self._free.pop().close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, self._timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._trust is not None:
            return self._trust.wrap_socket(connection, server_hostname=self._address[0])
        return connection


class _PlainAnswer:
    """The body of one answer; a connection whose answer was read to its end is used again."""

    def __init__(
        self, key: str, headers: Mapping[str, str], rest: bytes, connection: socket.socket, free: deque[socket.socket]
    ) -> None:
        self._key = key
        self._headers = headers
        self._rest = rest
        self._connection = connection
        self._free = free
        self._left = int(headers["content-length"])

    @property
    def stored(self) -> StoredObject:
        """What the headers say."""
        headers = self._headers
        metadata = {
            name[len(METADATA_PREFIX) :]: value for name, value in headers.items() if name.startswith(METADATA_PREFIX)
        }
        size = int(headers["content-length"])
        return StoredObject(
            self._key, size, headers.get("content-type"), headers.get("content-encoding"), metadata, None
        )

    def read(self, amount: int, /) -> bytes:
        """Raises Unreachable where the connection ends before the object does."""
        if not self._left:
            return b""
        if not self._rest:
            try:
                self._rest = self._connection.recv(min(self._left, max(amount, RECEIVE_BYTES)))
            except TimeoutError as error:
                raise TimedOut(f"reading {self._key}: no answer in time") from error
            except OSError as error:
                raise Unreachable(f"reading {self._key} broke off: {error}") from error
            if not self._rest:
                raise Unreachable(f"reading {self._key} broke off: {self._left} bytes are missing")
        data, self._rest = self._rest[:amount], self._rest[amount:]
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Keep the connection where nothing more comes on it."""
        if self._left or self._headers.get("connection", "").lower() == "close":
            self._connection.close()
        else:
            self._free.append(self._connection)


def _receive_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of an answer, and what came of the body with it. Raises OSError."""
    received = connection.recv(RECEIVE_BYTES)
    while (end := received.find(b"\r\n\r\n")) < 0:
        more = connection.recv(RECEIVE_BYTES)
        if not more or len(received) > HEAD_BYTES:
            raise ConnectionError("no head of an answer")
        received += more
    return received[:end], received[end + 4 :]


def _plain_headers(head: bytes) -> dict[str, str] | None:
    """Headers by lower-case name; None where the answer is not a plain one."""
    status, *lines = head.decode("latin-1").split("\r\n")
    if not status.startswith("HTTP/1.1 200"):
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            return None
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers or not headers.get("content-length", "").isdecimal():
        return None
    return headers

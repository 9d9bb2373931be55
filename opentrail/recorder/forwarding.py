"""Calls on their way to an upstream and answers on their way back: one HTTP exchange, nothing of it held.

Every exchange happens once: aiohttp's own repetition of failed requests is switched off, because a record stands for
one call. Names and values of headers and every byte of path and query travel as they came, but for what belongs to
one hop only.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.bodies import Chunks, sliced
from opentrail.recorder.refusals import MalformedRequest, UpstreamBroken, UpstreamDown, UpstreamSilent
from opentrail.recorder.settings import RecorderSettings

Headers = Sequence[tuple[str, str]]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
OWN_TO_US = frozenset({"content-length", "expect"})  # set anew; 100 Continue is between the client and us
NEVER_NAMED = frozenset({"host", "date", "range", "authorization"})  # `Connection: host` is no hop's
_NEVER_NAMED_KINDS = ("x-amz-", "content-", "if-", "smithy-")  # nor is what the record has read
_BYTES_HOP_BY_HOP = frozenset(name.encode("ascii") for name in HOP_BY_HOP)
_BYTES_NEVER_NAMED = tuple(name.encode("ascii") for name in (*NEVER_NAMED, *_NEVER_NAMED_KINDS))
_NO_AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request that are meant for the upstream."""
    kept = list(headers)
    named = {
        token.strip().lower() for name, value in kept if name == "connection" for token in value.split(",")
    } - NEVER_NAMED
    dropped = HOP_BY_HOP | OWN_TO_US | {name for name in named if not name.startswith(_NEVER_NAMED_KINDS)}
    return [(name, value) for name, value in kept if name not in dropped]


class PlainRequest(aiohttp.ClientRequest):
    """A request with the headers that it is given and no others."""

    _no_automatic_headers = CIMultiDict(dict.fromkeys(_NO_AUTOMATIC_HEADERS))

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add none; aiohttp asks what was skipped when it looks at the body."""
        self._skip_auto_headers = self._no_automatic_headers


class Upload:
    """The body of one request on its way out: how far it is, and why it broke off."""

    __slots__ = ("_chunks", "_deadline", "_patience_seconds", "complete", "failure", "sent_bytes")

    def __init__(self, chunks: Chunks, deadline: asyncio.Timeout, patience_seconds: float) -> None:
        self._chunks = chunks
        self._deadline = deadline
        self._patience_seconds = patience_seconds
        self.complete = False
        self.failure: OpenTrailError | None = None
        self.sent_bytes = 0

    async def chunks(self) -> Chunks:
        """The chunks; an upstream that does not take one for too long runs into the deadline."""
        loop = asyncio.get_running_loop()
        try:
            async for chunk in self._chunks:
                self._expect(loop.time() + self._patience_seconds)
                self.sent_bytes += len(chunk)
                yield chunk
                self._expect(None)
        except OpenTrailError as failure:
            self.failure = failure  # aiohttp tells its own story of it
            raise
        self.complete = True

    def _expect(self, when: float | None) -> None:
        with contextlib.suppress(RuntimeError):  # the head of the answer is there: its own time-outs have begun
            self._deadline.reschedule(when)


class UpstreamAnswer:
    """The answer of an upstream: its head, then its body, chunk by chunk. Must be closed."""

    __slots__ = ("_response", "_short_bytes", "_upload", "headers", "length", "status")

    def __init__(self, response: aiohttp.ClientResponse, upload: Upload | None, short_bytes: int) -> None:
        self._response = response
        self._upload = upload
        self._short_bytes = short_bytes
        self.status = response.status
        self.headers = _answer_headers(response)
        self.length = _declared_length(self.headers)  # None: ends with the last chunk

    @property
    def uploaded_bytes(self) -> int:
        """Of the request's body, handed to the upstream until now."""
        return self._upload.sent_bytes if self._upload is not None else self._short_bytes

    async def next_chunk(self) -> bytes:
        """The next bytes; empty only at the end. Raises UpstreamBroken, UpstreamSilent, or why the upload failed."""
        try:
            chunk: bytes = await self._response.content.readany()
        except TimeoutError as silence:
            raise UpstreamSilent from silence
        except (aiohttp.ClientError, OSError) as failure:
            if self._upload is not None and self._upload.failure is not None:
                raise self._upload.failure from failure
            raise UpstreamBroken from failure
        return chunk

    def close(self) -> None:
        """Give the connection back after a whole exchange; close it where either side has not finished."""
        if self._response.content.at_eof() and (self._upload is None or self._upload.complete):
            self._response.release()
        else:
            self._response.close()


class Forwarder:
    """Connections to all upstreams, kept alive between calls."""

    def __init__(self, settings: RecorderSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, method: str, url: str, headers: Headers, body: bytes | Chunks | None, length: int | None
    ) -> UpstreamAnswer:
        """Send one request and return the head of its answer.

        `url` holds path and query percent-encoded, as they go out. A stream as `body` needs its `length` in bytes, or
        is sent in chunks. Raises UpstreamDown before anything was sent, UpstreamBroken or UpstreamSilent after.
        Raises what the stream raises.
        """
        session = self._session or self._connect()
        fields = CIMultiDict([(name, _as_sent(value)) for name, value in headers])
        if body is not None and length is not None:
            fields["content-length"] = str(length)
        upload: Upload | None = None
        try:
            target = URL(_as_sent(url), encoded=True)
            if body is None or (isinstance(body, bytes) and len(body) <= limits.SPOOL_READ_BYTES):
                response = await session.request(method, target, headers=fields, data=body, allow_redirects=False)
            else:
                chunks = sliced(body) if isinstance(body, bytes) else body
                async with asyncio.timeout(None) as deadline:
                    upload = Upload(chunks, deadline, self._settings.first_byte_seconds)
                    response = await session.request(
                        method, target, headers=fields, data=upload.chunks(), allow_redirects=False
                    )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
            raise UpstreamDown from failure
        except TimeoutError as silence:
            raise UpstreamSilent from silence
        except (aiohttp.ClientError, OSError) as failure:
            if upload is not None and upload.failure is not None:
                raise upload.failure from failure
            raise UpstreamBroken from failure
        except ValueError as failure:
            raise MalformedRequest from failure
        return UpstreamAnswer(response, upload, len(body) if isinstance(body, bytes) else 0)

    def _connect(self) -> aiohttp.ClientSession:
        settings = self._settings
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limits.UPSTREAM_CONNECTIONS, ttl_dns_cache=60),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=PlainRequest,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.connect_seconds, sock_read=settings.first_byte_seconds
            ),
            read_bufsize=limits.UPSTREAM_BUFFER_BYTES,
            max_line_size=limits.UPSTREAM_HEAD_LINE_BYTES,
            max_field_size=limits.UPSTREAM_HEAD_LINE_BYTES,
        )
        session._retry_connection = False  # no public switch; a repeated call would have one record for two acts
        self._session = session
        return session


def _as_sent(text: str) -> str:
    """aiohttp writes UTF-8; our texts hold the bytes of the wire as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as failure:
        raise MalformedRequest("A header or the path is neither ASCII nor UTF-8.") from failure


def _answer_headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    raw = response.raw_headers
    named: set[bytes] = set()
    for name, value in raw:
        if name.lower() == b"connection":
            named.update(token.strip().lower() for token in value.split(b","))
    named = {name for name in named if not name.startswith(_BYTES_NEVER_NAMED)}
    dropped = _BYTES_HOP_BY_HOP | named if named else _BYTES_HOP_BY_HOP
    bodiless = response.status in (204, 304)  # a 304 may tell the length of the body that it does not have
    return [
        (name, value)
        for name, value in raw
        if (key := name.lower()) not in dropped and not (bodiless and key == b"content-length")
    ]


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return None

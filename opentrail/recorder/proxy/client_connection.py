"""One client's connection: requests come in and are handed to the handler one after the other.

Requests that a client sends ahead (pipelining) wait for their turn, few of them and with nothing more read meanwhile.
What is no HTTP, or could be read in two ways, is refused and the connection closed.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import httptools

from opentrail import limits
from opentrail.recorder.answers.refusals import MalformedRequest
from opentrail.recorder.proxy.deadlines import NEVER
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.head_rules import BadHead, framing_of
from opentrail.recorder.proxy.heads import CONTINUE, status_line
from opentrail.telemetry import CALLS_REFUSED, logger

if TYPE_CHECKING:
    from opentrail.recorder.proxy.server import ProxyServer

_LOG = logger("recorder")
_LINGER_SECONDS = 2.0  # a refused client that goes on sending is read for so long, that it may read the refusal


class ClientConnection(asyncio.Protocol):
    """Reads requests, writes answers, keeps time."""

    __slots__ = ("_arriving", "_current", "_deaf", "_headers", "_in_head", "_linger_bytes", "_out", "_outbox",
                 "_parser", "_paused_for", "_queued", "_server", "_session", "_ssl", "_transport", "_unframed", "_url",
                 "client", "deadline", "loop", "scheme", "stopping", "write_paused")  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, server: "ProxyServer") -> None:
        self._server = server
        self.loop = server.loop
        self._outbox = server.outbox
        self._out: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._url = b""
        self._in_head = False
        self._unframed = 0  # bytes that were no body: heads, chunk sizes, trailers; less a credit for each byte of body
        self._arriving: Exchange | None = None  # whose body comes in
        self._current: Exchange | None = None  # whose answer is awaited
        self._queued: deque[Exchange] = deque()
        self._paused_for = 0
        self._deaf = False  # refused, or answered too early: what still comes is dropped
        self._linger_bytes = 0
        self.write_paused = False
        self.stopping = False
        self.deadline = NEVER

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self._ssl = transport.get_extra_info("ssl_object")
        self._session: tuple[str, str] | None = None
        self.scheme = "http" if self._ssl is None else "https"
        if not self._server.arrived(self):
            CALLS_REFUSED.labels("connections").inc()
            self._transport.abort()
            return
        self.deadline = self.loop.time() + self._server.timing.head_seconds

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._deaf:
            self._linger_bytes -= len(data)
            if self._linger_bytes < 0:
                self._transport.abort()
            return
        if self._current is None and not self._in_head:
            whole = self._server.whole_requests.read(data)
            if whole is not None:
                self._unframed = 0  # of line ends between requests
                self._begin(Exchange.of_whole(self, whole))
                if self.write_paused:
                    self.keep_time()  # of the answer before it, which the client may have stopped reading
                return
        self._unframed += len(data)
        outbox = self._outbox
        outbox.holding = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse("The connection is not upgraded.")
        except httptools.HttpParserError as fault:
            cause = fault.__context__
            self._refuse(str(cause) if isinstance(cause, BadHead) else "The request cannot be read.")
        else:
            if self._unframed > limits.REQUEST_HEAD_BYTES:
                self._refuse("The head of the request is too long.", status=431)
            if self._arriving is not None:
                self.keep_time()
        finally:
            outbox.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        del exc
        self.deadline = NEVER
        self._deaf = True
        self._server.left(self)
        self._queued.clear()
        for exchange in {self._current, self._arriving} - {None}:
            assert exchange is not None
            exchange.client_gone()
        self._arriving = None

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self.write_paused = True
        if self._current is not None:
            self.keep_time()
            self._current.client_takes(more=False)

    def resume_writing(self) -> None:
        """It has caught up."""
        self.write_paused = False
        if self._current is not None:
            self.keep_time()
            self._current.client_takes(more=True)

    # The parser

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if len(self._queued) >= limits.PIPELINED_REQUESTS:
            raise BadHead("Too many requests were sent ahead.")
        self._headers = []
        self._url = b""
        self._in_head = True
        if self._current is None:
            self.deadline = self.loop.time() + self._server.timing.head_seconds

    def on_url(self, part: bytes) -> None:
        """A piece of the target."""
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers of a chunked body are none."""
        if self._in_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._unframed = 0
        parser = self._parser
        version = parser.get_http_version()
        framing = framing_of(version, self._url, self._headers)
        if parser.should_upgrade():
            return  # the parser says so itself in a moment
        exchange = Exchange(self, parser.get_method(), self._url, self._headers, framing)
        exchange.speaks_1_1 = version == "1.1"
        exchange.keep_alive = parser.should_keep_alive()
        self._arriving = exchange
        if self._current is None:
            self._begin(exchange)
        else:
            self._queued.append(exchange)
            self.pause()

    def on_body(self, data: bytes) -> None:
        """A piece of a body."""
        self._unframed -= limits.FRAMING_CREDIT * len(data)
        if self._arriving is not None:
            self._arriving.body.feed(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        arriving, self._arriving = self._arriving, None
        self._unframed = 0
        if arriving is not None:
            self.deadline = NEVER
            arriving.body.finish()
            self.keep_time()  # of the answer before it, which the client may have stopped reading

    # The exchange

    def write(self, data: bytes) -> None:
        """Send; nothing on a connection that is gone."""
        if self._outbox.holding:
            if not self._out:
                self._outbox.post(self)
            self._out.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def flush(self) -> None:
        """Send what was held back."""
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def pause(self) -> None:
        """Read no more for now."""
        self._paused_for += 1
        if self._paused_for == 1 and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on, when nobody else wants a pause."""
        self._paused_for -= 1
        if self._paused_for == 0 and not self._transport.is_closing():
            self._transport.resume_reading()
            self.keep_time()

    def tell_to_go_on(self) -> None:
        """Send 100 Continue."""
        self.write(CONTINUE)

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def tls(self) -> tuple[str, str] | None:
        """TLS version and cipher suite, or None without TLS."""
        if self._ssl is not None and self._session is None:
            cipher = self._ssl.cipher()
            self._session = (self._ssl.version() or "", cipher[0] if cipher else "")
        return self._session

    def exchange_done(self, exchange: Exchange) -> None:
        """`exchange` is answered: on to the next request, or close."""
        self._current = None
        if not exchange.body.complete:
            self._let_go(waits_for_us=exchange.body.awaits_go_on)
        elif not exchange.keep_alive or self.stopping:
            self._close()
        elif self._queued:
            following = self._queued.popleft()
            self._begin(following)
            self.resume()
        elif self._in_head:
            self.deadline = self.loop.time() + self._server.timing.head_seconds
        else:
            self.deadline = self.loop.time() + self._server.timing.keep_alive_seconds

    def stop(self) -> None:
        """Close when what is under way is answered."""
        self.stopping = True
        if self._current is None and not self._deaf:
            self._close()

    def late(self) -> None:
        """Time is up."""
        if self._deaf:
            self._transport.abort()
        elif self._current is not None:
            self._current.client_late()
        elif self._in_head:
            self._refuse("The request did not come in time.", status=408)
        else:
            self._close()

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        self.deadline = NEVER
        try:
            self._server.handle(exchange)
        except Exception as fault:  # noqa: BLE001 - logged, and seen by the client; it is no fault of the parser's
            _LOG.error("call failed", action="call-failed", exc_info=fault)
            exchange.cut()

    def keep_time(self) -> None:
        """The client's silence counts from now where it is waited for."""
        current = self._current
        if current is None:
            return
        waits = self.write_paused or (current.body.awaited and self._paused_for == 0)
        self.deadline = self.loop.time() + self._server.timing.client_idle_seconds if waits else NEVER

    def _refuse(self, reason: str, *, status: int = 400) -> None:
        """Answer what is no request, counted, and close; an answer that is under way is not mixed with another."""
        CALLS_REFUSED.labels("bad-http").inc()
        _LOG.debug("request refused", action="bad-http", reason=reason, client=self.client)
        arriving, self._arriving = self._arriving, None
        self._queued.clear()
        if self._current is not None:
            self._deaf = True
            self._linger_bytes = limits.REFUSAL_LINGER_BYTES
            self._current.keep_alive = False
            if arriving is self._current:
                arriving.body.fail(MalformedRequest(reason))
            return
        text = reason.encode("ascii")
        self.write(
            status_line(status)
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
            + text
        )
        self._let_go(waits_for_us=False)

    def _let_go(self, *, waits_for_us: bool) -> None:
        """Close a connection whose client still sends.

        Closing a socket with unread bytes in it resets it, and the client never sees the answer: what comes is read and
        dropped for a while.
        """
        self._arriving = None
        if waits_for_us or self._transport.is_closing():
            self._close()
            return
        self._deaf = True
        self._linger_bytes = limits.REFUSAL_LINGER_BYTES
        self.flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if self._paused_for:
            self._paused_for = 1
            self.resume()
        self.deadline = self.loop.time() + _LINGER_SECONDS

    def _close(self) -> None:
        """Close when all is written; at once where the client does not read it in time."""
        self._deaf = True
        self.flush()
        self._transport.close()
        self.deadline = self.loop.time() + self._server.timing.client_idle_seconds

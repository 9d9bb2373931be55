"""One request of a client and its answer: what a handler gets to work with."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from opentrail.errors import OpenTrailError
from opentrail.recorder.answers.refusals import ClientGone, ClientTooSlow
from opentrail.recorder.proxy.head_rules import Framing
from opentrail.recorder.proxy.heads import (
    BODILESS,
    CHUNKED_LINE,
    CLOSE_LINE,
    KEEP_ALIVE_LINE,
    LAST_CHUNK,
    LOWER_NAME,
    ByteHeaders,
    chunk,
    declared_length,
    header_lines,
    passed_on,
    status_line,
)
from opentrail.recorder.proxy.request_body import IncomingBody
from opentrail.recorder.proxy.whole_messages import WholeAnswer, WholeRequest
from opentrail.wire.http import HttpRequest

if TYPE_CHECKING:
    from opentrail.recorder.proxy.client_connection import ClientConnection

_ONE_WRITE_BYTES = 65_536  # a shorter body is copied behind its head


class Exchange:
    """Answered once: whole with `answer`, or with `start`, `write` or `send`, and `end`.

    Whoever has not sent the whole request is told that the connection closes after the answer.
    """

    # Defaults stand here: a call that needs none of them does not pay for setting them.
    speaks_1_1 = True
    keep_alive = True
    status = 0  # of the answer; 0: none
    started = False
    done = False  # answered or cut: nothing more may be written
    gone = False  # the client has closed the connection
    on_gone: Callable[[], None] | None = None
    on_drain: Callable[[bool], None] | None = None  # told whether the client takes more
    _request: HttpRequest | None = None
    whole: WholeRequest | None = None  # where the request came so
    _chunked = False
    _held_on = False
    _wants_body = True
    _left: int | None = None  # bytes of the body still to come, where its length was told
    _drained: asyncio.Future[None] | None = None

    def __init__(
        self,
        connection: "ClientConnection",
        method: bytes,
        target: bytes,
        headers: ByteHeaders | None,
        framing: Framing,
        body: IncomingBody | None = None,
    ) -> None:
        self._connection = connection
        self.method = method
        self.target = target
        self._headers: ByteHeaders | None = headers
        self.framing = framing
        self.body = IncomingBody(connection, framing.awaits_go_on) if body is None else body

    @classmethod
    def of_whole(cls, connection: "ClientConnection", request: WholeRequest) -> Self:
        """A request of which nothing is still to come."""
        body = IncomingBody.whole(connection, request.body)
        exchange = cls(connection, request.method, request.target, None, request.framing, body)
        exchange.whole = request
        return exchange

    @property
    def headers(self) -> ByteHeaders:
        """As they came."""
        if self._headers is None:
            assert self.whole is not None
            self._headers = self.whole.headers
        return self._headers

    def lines_to_pass_on(self) -> bytes:
        """The lines of the headers that are not for one hop only."""
        if self.whole is not None:
            return self.whole.lines
        return header_lines(passed_on(self.headers) if self.framing.one_hop else self.headers)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of its connection."""
        return self._connection.loop

    @property
    def request(self) -> HttpRequest:
        """The head as a value, every byte as it came."""
        if self._request is None:
            self._request = self._read_request()
        return self._request

    @request.setter
    def request(self, request: HttpRequest) -> None:
        """Another process has read it: this one relays."""
        self._request = request

    def _read_request(self) -> HttpRequest:
        path, _, query = self.target.decode("latin-1").partition("?")
        headers = tuple([(LOWER_NAME[name], value.decode("latin-1")) for name, value in self.headers])
        connection = self._connection
        return HttpRequest(
            self.method.decode("latin-1"), path, query, headers, connection.client, connection.scheme, connection.tls()
        )

    def tls(self) -> tuple[str, str] | None:
        """TLS version and cipher suite as CloudTrail names them, or None without TLS."""
        return self._connection.tls()

    def answer(self, status: int, headers: ByteHeaders, body: bytes) -> None:
        """The whole answer at once; nothing where the client has gone."""
        head = self._head(status, headers, len(body) if declared_length(headers) is None else None)
        if not self._wants_body:
            body = b""
        if len(body) <= _ONE_WRITE_BYTES:
            self._connection.write(head + body)
        else:
            self._connection.write(head)
            self._connection.write(body)
        self._finish()

    def pass_on(self, answer: WholeAnswer) -> None:
        """The whole answer of an upstream, as it came where nothing stands in it that is new to the client."""
        if not (self.keep_alive and self.speaks_1_1 and self.body.complete) or self._connection.stopping:
            body = answer.body
            self.start(answer.status, answer.headers, len(body))
            if not self.gone:
                self.write(body)
            self.end()
            return
        self.started = True
        self.status = answer.status
        self._connection.write(answer.data)
        self._finish()

    def start(self, status: int, headers: ByteHeaders, length: int | None) -> None:
        """The head; the body follows, chunked where its `length` is not told and the client speaks HTTP/1.1.

        A length that is told stands in `headers`.
        """
        self._left = length
        bodiless = status in BODILESS or self.method == b"HEAD"
        if self._left is None and not bodiless:
            self._chunked = self.speaks_1_1
            if not self._chunked:
                self.keep_alive = False  # HTTP/1.0: the end of the body is the end of the connection
        self._connection.write(self._head(status, headers, None))

    def write(self, data: bytes) -> None:
        """More of the body, whether the client is fast enough or not. Raises ClientGone."""
        if self.gone or self.done:
            raise ClientGone
        if not data or not self._wants_body:
            return
        if self._left is not None:
            self._left -= len(data)
        self._connection.write(chunk(data) if self._chunked else data)

    async def send(self, data: bytes) -> None:
        """As `write`, and wait until the client can take more. Raises ClientGone, ClientTooSlow."""
        self.write(data)
        if self._connection.write_paused:
            self._drained = asyncio.get_running_loop().create_future()
            try:
                await self._drained
            finally:
                self._drained = None

    def end(self) -> None:
        """The body is whole. A client that was told of more bytes than came sees the connection cut."""
        if self._left and self._wants_body:
            self.cut()
            return
        if self._chunked and not self.gone:
            self._connection.write(LAST_CHUNK)
        self._finish()

    def cut(self) -> None:
        """Close the connection at once, without a further byte: there is no answer, or no more of it."""
        if not self.done:
            self.done = True
            self._connection.abort()

    def hold_on(self) -> None:
        """Take no more of the request for now."""
        if not self._held_on:
            self._held_on = True
            self._connection.pause()

    def read_on(self) -> None:
        """Take more of it again."""
        if self._held_on:
            self._held_on = False
            self._connection.resume()

    def client_gone(self) -> None:
        """The connection is closed; whoever waits is told."""
        self.gone = True
        self.body.gone()
        self._release(ClientGone())
        if self.on_gone is not None:
            self.on_gone()

    def client_late(self) -> None:
        """The client neither sends what is waited for nor reads what is sent."""
        if self._connection.write_paused:
            if self._drained is None:
                self.cut()
            self._release(ClientTooSlow())
        else:
            self.body.fail(ClientTooSlow())

    def client_takes(self, *, more: bool) -> None:
        """Whether the client's buffers have room."""
        if more:
            self._release(None)
        if self.on_drain is not None:
            self.on_drain(more)

    def _head(self, status: int, headers: ByteHeaders, length: int | None) -> bytes:
        self.started = True
        self.status = status
        bodiless = status in BODILESS
        if self.method == b"HEAD" or bodiless:
            self._wants_body = False
            length = None
        lines = [status_line(status), header_lines(headers)]
        if length is not None:
            lines.append(b"content-length: %d\r\n" % length)
        if self._chunked:
            lines.append(CHUNKED_LINE)
        if not self.body.complete or self._connection.stopping:
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(CLOSE_LINE)
        elif not self.speaks_1_1:
            lines.append(KEEP_ALIVE_LINE)
        lines.append(b"\r\n")
        return b"".join(lines)

    def _finish(self) -> None:
        if not self.done:
            self.done = True
            self.on_gone = self.on_drain = None
            if self._held_on:
                self.read_on()
            self._connection.exchange_done(self)

    def _release(self, failure: OpenTrailError | None) -> None:
        if self._drained is None or self._drained.done():
            return
        if failure is None:
            self._drained.set_result(None)
        else:
            self._drained.set_exception(failure)

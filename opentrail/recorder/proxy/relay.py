"""A request passed on to an upstream and its answer passed back, with callbacks alone: nothing is held, read or kept.

How worker processes hand calls to the one that answers them; and what `make bench` measures beside nginx.
"""

import asyncio

from opentrail.errors import OpenTrailError
from opentrail.recorder.answers.refusals import CallRefused, UpstreamDown
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.heads import (
    CHUNKED_LINE,
    LAST_CHUNK,
    ByteHeaders,
    chunk,
    header_lines,
)
from opentrail.recorder.proxy.pool import Pool
from opentrail.recorder.proxy.upstream_connection import UpstreamConnection
from opentrail.recorder.proxy.whole_messages import WholeAnswer


class Relay:
    """One exchange on its way through. Call `begin` once."""

    _upstream: UpstreamConnection | None = None
    _connecting: asyncio.Task[None] | None = None
    _sent_all = False

    def __init__(self, exchange: Exchange, pool: Pool) -> None:
        self._exchange = exchange
        self._pool = pool
        self._chunked = exchange.framing.chunked
        self._waiting: list[bytes] = []

    def begin(self, further: ByteHeaders = ()) -> None:
        """Send the request, with `further` headers."""
        exchange = self._exchange
        exchange.on_gone = self._drop_upstream
        exchange.on_drain = self._client_takes
        upstream = self._pool.take()
        if upstream is not None and exchange.whole is not None:
            self._upstream = upstream
            self._sent_all = True
            upstream.ask(self, exchange.whole.with_headers(further), head_only=exchange.method == b"HEAD")
            return
        head = b"%b %b HTTP/1.1\r\n%b%b%b\r\n" % (
            exchange.method,
            exchange.target,
            exchange.lines_to_pass_on(),
            header_lines(further),
            CHUNKED_LINE if self._chunked else b"",
        )
        if upstream is None:
            self._waiting.append(head)
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
        else:
            self._upstream = upstream
            upstream.begin(self, head_only=exchange.method == b"HEAD")
            upstream.write(head)
        exchange.body.into(self)

    async def _connect(self) -> None:
        try:
            upstream = await self._pool.connect()
        except UpstreamDown as failure:
            self.answer_failed(failure)
            return
        self._upstream = upstream
        upstream.begin(self, head_only=self._exchange.method == b"HEAD")
        upstream.write(b"".join(self._waiting))
        self._waiting.clear()
        self._exchange.read_on()
        if self._sent_all:
            upstream.request_done()

    # The request's body

    def body_data(self, data: bytes) -> None:
        """More from the client."""
        data = chunk(data) if self._chunked else data
        if self._upstream is None:
            self._exchange.hold_on()  # until there is a connection
            self._waiting.append(data)
        else:
            self._upstream.write(data)

    def body_end(self) -> None:
        """The client has sent all."""
        if self._chunked:
            if self._upstream is None:
                self._waiting.append(LAST_CHUNK)
            else:
                self._upstream.write(LAST_CHUNK)
        self._sent_all = True
        if self._upstream is not None:
            self._upstream.request_done()

    def body_failed(self, failure: OpenTrailError) -> None:
        """The client sends no more: there is nobody to answer."""
        del failure
        self._drop_upstream()
        self._exchange.cut()

    # The answer

    def answer_head(self, status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> None:
        """The upstream answers."""
        self._exchange.start(status, headers, length)

    def answer_data(self, data: bytes) -> None:
        """More of the answer."""
        if not self._exchange.gone:
            self._exchange.write(data)

    def answer_end(self) -> None:
        """The answer is whole."""
        if not self._sent_all:
            self._drop_upstream()  # it answered without having read everything
        self._upstream = None
        if not self._exchange.done:
            self._exchange.end()

    def answer_whole(self, answer: WholeAnswer) -> None:
        """All of the answer."""
        self._upstream = None
        if not self._exchange.done:
            self._exchange.pass_on(answer)

    def answer_failed(self, failure: CallRefused) -> None:
        """There is no answer, or no more of it."""
        self._upstream = None
        exchange = self._exchange
        if exchange.started:
            exchange.cut()
        elif not exchange.gone:
            text = failure.message.encode("ascii", "replace")
            exchange.answer(failure.status, [(b"content-type", b"text/plain; charset=utf-8")], text)

    def upstream_takes(self, *, more: bool) -> None:
        """The upstream is slower than the client, or has caught up."""
        if more:
            self._exchange.read_on()
        else:
            self._exchange.hold_on()

    def _client_takes(self, more: bool) -> None:
        if self._upstream is not None:
            if more:
                self._upstream.resume()
            else:
                self._upstream.pause()

    def _drop_upstream(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abandon()

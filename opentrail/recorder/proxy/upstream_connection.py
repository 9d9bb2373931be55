"""One connection to an upstream: a request goes out, its answer is pushed to whoever asked.

Used for one exchange at a time; whole exchanges give it back to its pool, all others close it.
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

import httptools

from opentrail import limits
from opentrail.recorder.answers.refusals import CallRefused, UpstreamBroken, UpstreamSilent
from opentrail.recorder.proxy.deadlines import NEVER
from opentrail.recorder.proxy.heads import BODILESS, CODING, KIND_OF, LENGTH, ORDINARY, passed_on
from opentrail.recorder.proxy.whole_messages import WholeAnswer

if TYPE_CHECKING:
    from opentrail.recorder.proxy.pool import Pool


class Asker(Protocol):
    """Who asked: is told of the answer as it comes.

    Nothing more comes after `answer_end`, `answer_whole` or `answer_failed`.
    """

    def answer_head(self, status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> None:
        """The final answer's head: the headers meant for the client, as they came.

        `length` of the body, in bytes; None where its end will tell, or it has none.
        """
        ...

    def answer_data(self, data: bytes) -> None:
        """More of the body."""
        ...

    def answer_end(self) -> None:
        """The answer is whole."""
        ...

    def answer_whole(self, answer: WholeAnswer) -> None:
        """The whole answer at once, in place of the three before; all of the request was written."""
        ...

    def answer_failed(self, failure: CallRefused) -> None:
        """There will be no answer, or no more of it."""
        ...

    def upstream_takes(self, *, more: bool) -> None:
        """Whether the upstream's buffers have room for more of the request."""
        ...


class BadAnswer(Exception):
    """The head of an answer cannot be passed on."""


class UpstreamConnection(asyncio.Protocol):
    """Writes one request after the other, reads their answers, keeps time."""

    __slots__ = ("_answered", "_asker", "_began", "_ends_with_connection", "_head_only", "_headers", "_in_head",
                 "_interim", "_interims", "_out", "_outbox", "_parser", "_pool", "_read_paused",
                 "_request_done", "_spoilt", "_timing", "_transport", "_unframed", "deadline", "loop", "used",
                 "write_paused")  # fmt: skip

    _transport: asyncio.Transport

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.loop = pool.loop
        self._timing = pool.timing
        self._outbox = pool.outbox
        self._out: list[bytes] = []
        self._parser: httptools.HttpResponseParser | None = None
        self._asker: Asker | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_only = False
        self._request_done = False
        self._began = False  # a byte of the answer has come
        self._answered = False
        self._in_head = False
        self._interim = False
        self._interims = 0  # on the way to the answer: each gives the upstream new time
        self._spoilt = False  # it cannot be used again
        self._ends_with_connection = False
        self._read_paused = False
        self._unframed = 0
        self.write_paused = False
        self.used = False  # for an exchange before: its upstream may just be closing it
        self.deadline = NEVER

    # The exchange

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin."""
        return not self._transport.is_closing() and not self._spoilt

    @property
    def began_to_answer(self) -> bool:
        """Whether a byte of the answer has come."""
        return self._began

    def begin(self, asker: Asker, *, head_only: bool) -> None:
        """A request follows; `head_only`: its answer has no body, whatever its head says."""
        self._asker = asker
        self._head_only = head_only
        self._request_done = self._began = self._answered = self._interim = self._ends_with_connection = False
        self._unframed = self._interims = 0
        self.deadline = NEVER
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)

    def ask(self, asker: Asker, request: bytes, *, head_only: bool) -> None:
        """`begin`, the whole `request`, and `request_done` in one."""
        self.begin(asker, head_only=head_only)
        self.write(request)
        self._request_done = True
        self.deadline = self.loop.time() + self._timing.answer_seconds

    def write(self, data: bytes) -> None:
        """More of the request; nothing on a connection that is gone, whose asker hears of it."""
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

    def request_done(self) -> None:
        """All of the request is written."""
        self._request_done = True
        if self._answered:
            self._give_back()
        else:
            self._rearm()

    def pause(self) -> None:
        """Read no more of the answer for now."""
        if not self._read_paused and not self._transport.is_closing():
            self._read_paused = True
            self._transport.pause_reading()
            self._rearm()

    def resume(self) -> None:
        """Read on."""
        if self._read_paused:
            self._read_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
            self._rearm()

    def abandon(self) -> None:
        """The asker has gone: close, the exchange is not whole."""
        self._asker = None
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._spoilt = True
        self._transport.abort()

    def close(self) -> None:
        """Close a connection without exchange."""
        self._spoilt = True
        self._transport.close()

    def late(self) -> None:
        """The upstream is silent, or has been idle for long."""
        if self._asker is None:
            self.close()
        else:
            self._fail(UpstreamSilent())

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The upstream is reached."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes
        self._pool.made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; without a question they are none."""
        if self._asker is None or self._parser is None:
            self.abort()
            return
        if self._request_done and not self._began and not self._head_only:
            whole = self._pool.whole_answers.read(data)
            if whole is not None:
                self._answer_whole(whole)
                return
        self._began = True
        self._unframed += len(data)
        outbox = self._outbox
        outbox.holding = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._spoilt = True
            if not self._answered:
                self._fail(UpstreamBroken("The service answered with something that is no HTTP."))
                return
        finally:
            outbox.send()
        if self._unframed > limits.UPSTREAM_HEAD_BYTES:
            self._fail(UpstreamBroken("The service answered with a head that is too long."))
        elif self._answered:
            if self._request_done:
                self._give_back()
            elif self._spoilt:
                self.abort()
        else:
            self._rearm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The upstream has closed, or we have."""
        self._spoilt = True
        self.deadline = NEVER
        self._pool.lost(self)
        if self._asker is None:
            return
        if exc is None and self._ends_with_connection and not self._answered:
            self._answer_complete()
        elif not self._answered:
            self._fail(UpstreamBroken())

    def pause_writing(self) -> None:
        """The upstream takes less than we have."""
        self.write_paused = True
        self._rearm()
        if self._asker is not None:
            self._asker.upstream_takes(more=False)

    def resume_writing(self) -> None:
        """It has caught up."""
        self.write_paused = False
        self._rearm()
        if self._asker is not None:
            self._asker.upstream_takes(more=True)

    # The parser

    def on_message_begin(self) -> None:
        """The first byte of an answer, or of one on the way to it."""
        if self._answered:
            self._spoilt = True  # nobody asked for another: whoever asks next would get it
        self._headers = []
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers of a chunked body are none."""
        if self._in_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._unframed = 0
        assert self._parser is not None
        if self._answered or self._asker is None:
            self._spoilt = True  # an answer that nobody asked for
            return
        status = self._parser.get_status_code()
        self._interim = status < 200
        if self._interim:
            self._interims += 1
            if self._interims > limits.INTERIM_ANSWERS:
                raise BadAnswer
            return
        headers = self._headers
        bodiless = status in BODILESS
        framed = self._head_only or bodiless
        one_hop = bodiless  # a 304 may tell the length of the body that it does not have
        length = None
        for name, value in headers:
            kind = KIND_OF[name]
            if kind == ORDINARY:
                continue
            if kind == LENGTH:
                length = int(value)
                framed = True
                continue
            one_hop = True
            if kind == CODING:
                if value.lower() != b"chunked":
                    raise BadAnswer  # its name would not be passed on
                framed = True
        self._ends_with_connection = not framed
        if not framed or not self._parser.should_keep_alive():
            self._spoilt = True
        if one_hop:
            headers = passed_on(headers, length=not bodiless)
        self._asker.answer_head(status, headers, None if bodiless else length)
        if self._head_only and not self._answered:
            self._parser = None  # it would wait for a body
            self._answer_complete()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._unframed -= limits.FRAMING_CREDIT * len(data)
        if self._answered or self._asker is None:
            self._spoilt = True  # more than was told, or a body where none may be
        elif not self._interim:
            self._asker.answer_data(data)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._unframed = 0
        if not self._interim and not self._answered and self._asker is not None:
            self._answer_complete()

    def _answer_whole(self, answer: WholeAnswer) -> None:
        asker = self._asker
        assert asker is not None
        self._began = self._answered = True
        self.deadline = NEVER
        asker.answer_whole(answer)
        self._give_back()

    def _answer_complete(self) -> None:
        self._answered = True
        self.deadline = NEVER
        asker = self._asker
        if asker is not None:
            asker.answer_end()

    def _give_back(self) -> None:
        """The exchange is whole."""
        self._asker = None
        self.used = True
        if self._spoilt or self._transport.is_closing():
            self._spoilt = True
            self._transport.close()
        else:
            if self._read_paused:  # the whole answer had come before its reader was slow
                self._read_paused = False
                self._transport.resume_reading()
            self.deadline = self.loop.time() + self._timing.idle_seconds
            self._pool.give_back(self)

    def _fail(self, failure: CallRefused) -> None:
        asker, self._asker = self._asker, None
        self.abort()
        if asker is not None and not self._answered:
            self._answered = True
            asker.answer_failed(failure)

    def _rearm(self) -> None:
        """The upstream's turn: to take the request, or to answer it."""
        waits = self.write_paused or (self._request_done and not self._read_paused)
        waits = waits and self._asker is not None and not self._answered
        self.deadline = self.loop.time() + self._timing.answer_seconds if waits else NEVER

"""One exchange with an upstream, taken step by step: the request goes out, the answer is read chunk by chunk."""

import asyncio
from collections.abc import AsyncIterator

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.answers.refusals import BodyIncomplete, CallRefused, UpstreamBroken
from opentrail.recorder.proxy.heads import LAST_CHUNK, chunk
from opentrail.recorder.proxy.upstream_connection import UpstreamConnection
from opentrail.recorder.proxy.whole_messages import WholeAnswer
from opentrail.telemetry import logger

_LOG = logger("recorder")

Chunks = AsyncIterator[bytes]


class UpstreamExchange:
    """Begun with `send` or `upload`, then `head`, then `next_chunk` until it is empty. Must be closed."""

    # Defaults stand here: an exchange that needs none of them does not pay for setting them.
    status = 0
    headers: list[tuple[bytes, bytes]]  # those meant for the client, as they came
    length: int | None = None  # of the answer's body; None: its end will tell, or it has none
    uploaded_bytes = 0  # of the request's body, handed to the upstream until now
    _begun = False
    _complete = False
    _request_sent = False
    _failure: OpenTrailError | None = None
    _size = 0
    _waiter: asyncio.Future[None] | None = None
    _room: asyncio.Future[None] | None = None
    _uploading: asyncio.Task[None] | None = None

    def __init__(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        self._parts: list[bytes] = []

    # The request

    def send(self, head: bytes, body: bytes, *, head_only: bool) -> None:
        """The whole request at once. `head_only`: its answer has no body."""
        self.uploaded_bytes = len(body)
        self._request_sent = True
        self._connection.ask(self, head + body if body else head, head_only=head_only)

    def upload(self, head: bytes, chunks: Chunks, length: int | None, *, head_only: bool) -> None:
        """The head, and `chunks` as they come and as the upstream takes them; chunked where `length` is None.

        The head goes out with the first chunk: of a body that is refused at once, the upstream hears nothing.
        """
        self._connection.begin(self, head_only=head_only)
        self._uploading = asyncio.get_running_loop().create_task(self._upload(head, chunks, length))

    async def _upload(self, head: bytes, chunks: Chunks, length: int | None) -> None:
        connection = self._connection
        try:
            async for data in chunks:
                if self._complete or self._failure is not None:
                    return  # the upstream has answered, or gone, without wanting it all
                self.uploaded_bytes += len(data)
                if length is not None and self.uploaded_bytes > length:
                    raise BodyIncomplete
                if length is None:
                    data = chunk(data)
                connection.write(head + data)
                head = b""
                if connection.write_paused:
                    self._room = asyncio.get_running_loop().create_future()
                    await self._room
                    self._room = None
            if length is not None and self.uploaded_bytes < length:
                raise BodyIncomplete
            if head or length is None:
                connection.write(head if length is not None else head + LAST_CHUNK)
        except OpenTrailError as failure:
            self._break_off(failure)
        except Exception as fault:  # noqa: BLE001 - logged and told: somebody waits for the answer
            _LOG.error("upload failed", action="upload-failed", exc_info=fault)
            self._break_off(OpenTrailError("We encountered an internal error. Please try again."))
        else:
            self._request_sent = True
            connection.request_done()

    # The answer

    async def head(self) -> None:
        """Return when the answer's head is there. Raises UpstreamBroken, UpstreamSilent, or why the upload failed."""
        while not self._begun:
            if self._failure is not None:
                raise self._failure
            await self._more()

    async def next_chunk(self) -> bytes:
        """The next bytes of the body; empty only at the end. Raises as `head`."""
        while not self._parts:
            if self._complete:
                return b""
            if self._failure is not None:
                raise self._failure
            await self._more()
        if self._size > limits.UPSTREAM_BUFFER_BYTES and not self._complete:
            self._connection.resume()
        return self._taken()

    def rest(self, limit_bytes: int) -> bytes | None:
        """All of the body that has not been read, where it has come whole and fits `limit_bytes`; else None."""
        return self._taken() if self._complete and self._size <= limit_bytes else None

    def close(self) -> None:
        """Done with it: what is not whole closes the connection."""
        if self._uploading is not None:
            self._uploading.cancel()
        if not (self._complete and self._request_sent) and self._failure is None:
            self._failure = UpstreamBroken()
            self._connection.abandon()

    # What the connection tells

    def answer_head(self, status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> None:
        """The answer begins."""
        self.status = status
        self.headers = headers
        self.length = length
        self._begun = True
        self._wake()

    def answer_data(self, data: bytes) -> None:
        """More of it."""
        self._parts.append(data)
        self._size += len(data)
        if self._size > limits.UPSTREAM_BUFFER_BYTES:
            self._connection.pause()
        self._wake()

    def answer_end(self) -> None:
        """It is whole."""
        self._complete = True
        self._wake()
        self._wake_upload()

    def answer_whole(self, answer: WholeAnswer) -> None:
        """All of it."""
        body = answer.body
        if body:
            self._parts.append(body)
            self._size = len(body)
        self._complete = True
        self.answer_head(answer.status, answer.headers, len(body))

    def answer_failed(self, failure: CallRefused) -> None:
        """There is no more of it."""
        if self._failure is None:
            self._failure = failure
        self._wake()
        self._wake_upload()

    def upstream_takes(self, *, more: bool) -> None:
        """Whether there is room for more of the request."""
        if more:
            self._wake_upload()

    def _break_off(self, failure: OpenTrailError) -> None:
        """The request cannot be finished: the upstream sees it cut, and nobody waits for an answer."""
        if self._failure is None and not self._complete:
            self._failure = failure
            self._connection.abandon()
        self._wake()

    def _taken(self) -> bytes:
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._size = 0
        return data

    async def _more(self) -> None:
        self._waiter = self._connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _wake_upload(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

"""Answers to clients: whole or chunk by chunk, and what to do with a client that is still sending or has gone."""

import asyncio

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.bodies import RequestBody
from opentrail.recorder.call import Call
from opentrail.recorder.refusals import ClientGone, ClientTooSlow

ByteHeaders = list[tuple[bytes, bytes]]

LINGER_SECONDS = 2.0  # a refused client that goes on sending is read for so long, that it may read the refusal
_CLOSE = (b"connection", b"close")


class AnswerWithheld(OpenTrailError):
    """The connection was closed without an answer."""


class ClientAnswer:
    """The answer to one call."""

    __slots__ = ("_call", "_gone", "_idle_seconds", "sent_bytes", "started")

    def __init__(self, call: Call, idle_seconds: float) -> None:
        self._call = call
        self._idle_seconds = idle_seconds
        self._gone: asyncio.Task[None] | None = None
        self.started = False
        self.sent_bytes = 0  # of the body

    async def whole(self, status: int, headers: ByteHeaders, body: bytes) -> None:
        """Send all at once. A client that has not sent its whole request is let go after it."""
        self.started = True
        unread = self._call.has_body and not self._call.body.ended
        send = self._call.send
        await self._told_to_go_on()
        if unread:
            headers = [*headers, _CLOSE]
        self.sent_bytes = len(body)
        if not unread:
            await self._at_once(status, headers, body)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if self._call.body.touched or "expect" not in self._call.request.headers_by_name:
            await _linger(self._call.body)
        await send({"type": "http.response.body", "body": b""})

    async def _at_once(self, status: int, headers: ByteHeaders, body: bytes) -> None:
        """Head and body in one system call: each wakes the client."""
        send, connection = self._call.send, self._call.connection
        if connection is not None:
            connection.hold()
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        finally:
            if connection is not None:
                connection.release()

    async def start(self, status: int, headers: ByteHeaders) -> None:
        """Begin an answer whose body follows in chunks."""
        self.started = True
        await self._told_to_go_on()
        if self._call.has_body and not self._call.body.ended:
            headers = [*headers, _CLOSE]  # and its messages are not ours to receive: the upload is still under way
        else:
            self._gone = asyncio.create_task(_until_gone(self._call))
        await self._call.send({"type": "http.response.start", "status": status, "headers": headers})

    async def _told_to_go_on(self) -> None:
        """Send the 100 Continue that was asked for where nothing follows.

        botocore asks for it with empty objects. A final answer in its place lets it misread the next answer on the
        connection, until it gives up after a minute; reading the body, empty as it is, makes the server send it.
        """
        if not self._call.has_body and not self._call.body.touched and self._call.request.header("expect"):
            await self._call.receive()

    async def chunk(self, data: bytes, *, last: bool = False) -> None:
        """Send `data`, waiting while the client is slower than the upstream. Raises ClientGone, ClientTooSlow."""
        if self._gone is not None and self._gone.done():
            raise ClientGone
        try:
            async with asyncio.timeout(self._idle_seconds):
                await self._call.send({"type": "http.response.body", "body": data, "more_body": not last})
        except TimeoutError as silence:
            raise ClientTooSlow from silence
        self.sent_bytes += len(data)

    def cut(self) -> None:
        """Close the connection; the client sees that there is no answer, or no more of it."""
        if self._call.connection is None:
            raise AnswerWithheld
        self._call.connection.cut()

    def close(self) -> None:
        """No longer watch the client."""
        if self._gone is not None:
            self._gone.cancel()


async def _until_gone(call: Call) -> None:
    while (await call.receive())["type"] != "http.disconnect":
        pass


async def _linger(body: RequestBody) -> None:
    """Read and drop: closing a socket with unread bytes in it resets it, and the client never sees the answer."""
    enough = body.received + limits.REFUSAL_LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while body.received < enough and await body.next_chunk():
                pass
    except (TimeoutError, ClientGone, ClientTooSlow):
        return  # it has had its chance

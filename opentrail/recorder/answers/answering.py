"""Answers to clients: whole or chunk by chunk, and what to do with a client that has gone."""

from collections.abc import Sequence

from opentrail.recorder.call import Call
from opentrail.recorder.proxy.exchange import Exchange

ByteHeaders = Sequence[tuple[bytes, bytes]]


class ClientAnswer:
    """The answer to one call."""

    __slots__ = ("_call", "_exchange")

    def __init__(self, call: Call, exchange: Exchange) -> None:
        self._call = call
        self._exchange = exchange

    @property
    def started(self) -> bool:
        """Whether a byte of it has left."""
        return self._exchange.started

    def whole(self, status: int, headers: ByteHeaders, body: bytes) -> None:
        """Send all at once. A client that has not sent its whole request is let go after it."""
        self._told_to_go_on()
        self._exchange.answer(status, headers, body)

    def start(self, status: int, headers: ByteHeaders, length: int | None) -> None:
        """Begin an answer whose body follows in chunks; `length` in bytes, None where it is not known yet."""
        self._told_to_go_on()
        self._exchange.start(status, headers, length)

    async def chunk(self, data: bytes) -> None:
        """Send `data`, waiting while the client is slower than the upstream. Raises ClientGone, ClientTooSlow."""
        await self._exchange.send(data)

    def last_chunk(self, data: bytes) -> None:
        """Send `data`, and the answer is whole. Raises ClientGone."""
        self._exchange.write(data)
        self._exchange.end()

    def cut(self) -> None:
        """Close the connection; the client sees that there is no answer, or no more of it."""
        self._exchange.cut()

    def _told_to_go_on(self) -> None:
        """Send the 100 Continue that was asked for where nothing follows.

        botocore asks for it with empty objects. A final answer in its place lets it misread the next answer on the
        connection, until it gives up after a minute.
        """
        if not self._call.has_body:
            self._exchange.body.go_on()

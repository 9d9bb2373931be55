"""The body of one request as it comes in: read by whoever answers, with back-pressure, once."""

import asyncio
from typing import Protocol, Self

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.answers.refusals import ClientGone


class Connection(Protocol):
    """What a body asks of the connection that it comes by."""

    def pause(self) -> None:
        """No more for now."""
        ...

    def resume(self) -> None:
        """More."""
        ...

    def tell_to_go_on(self) -> None:
        """Send the 100 Continue that the client waits for."""
        ...

    def keep_time(self) -> None:
        """Somebody waits for the client from now on, or nobody any longer."""
        ...


class Sink(Protocol):
    """Who gets a body pushed."""

    def body_data(self, data: bytes) -> None:
        """More of it."""
        ...

    def body_end(self) -> None:
        """All of it is there."""
        ...

    def body_failed(self, failure: OpenTrailError) -> None:
        """There will be no more."""
        ...


class IncomingBody:
    """Fed by the connection; taken by `read`, or pushed into a sink."""

    # Defaults stand here: a call that needs none of them does not pay for setting them.
    _size = 0
    _paused = False
    _sink: Sink | None = None
    _waiter: asyncio.Future[None] | None = None
    _failure: OpenTrailError | None = None
    received = 0  # bytes, by us
    touched = False  # asked for, and perhaps taken: a client that waits for 100 Continue has been told to go on
    complete = False  # the client has sent all

    def __init__(self, connection: Connection, awaits_go_on: bool) -> None:
        self._connection = connection
        self.awaits_go_on = awaits_go_on  # the client sends nothing before it has been told to
        self._parts: list[bytes] = []

    @classmethod
    def whole(cls, connection: Connection, data: bytes) -> Self:
        """A body of which nothing is still to come."""
        body = cls(connection, awaits_go_on=False)
        body.complete = True
        if data:
            body._parts.append(data)
            body._size = body.received = len(data)
        return body

    @property
    def ended(self) -> bool:
        """Whether all of it has been read."""
        return self.complete and not self._parts

    async def read(self) -> bytes:
        """What has come, at least a byte; empty only at the end. Raises ClientGone, ClientTooSlow."""
        self.touched = True
        if not self._parts and not self.complete:
            await self._more()
        return self._taken()

    def rest(self) -> bytes | None:
        """All that has not been read, where the client has sent everything; None: it must be waited for."""
        if not self.complete:
            return None
        self.touched = True
        return self._taken()

    def into(self, sink: Sink) -> None:
        """Push what has come and what will come into `sink`."""
        self._sink = sink
        if data := self._taken():
            sink.body_data(data)
        if self.complete:
            self._sink = None
            sink.body_end()
        elif self._failure is not None:
            sink.body_failed(self._failure)
        else:
            self.go_on()

    def go_on(self) -> None:
        """Whoever waits for 100 Continue is told, once, if nothing has come yet."""
        self.touched = True
        if self.awaits_go_on:
            self.awaits_go_on = False
            if not self.received:
                self._connection.tell_to_go_on()

    def feed(self, data: bytes) -> None:
        """The client has sent more."""
        self.received += len(data)
        if self._sink is not None:
            self._sink.body_data(data)
            return
        self._parts.append(data)
        self._size += len(data)
        if self._waiter is not None:
            self._wake()
        elif self._size > limits.CLIENT_BUFFER_BYTES and not self._paused:
            self._paused = True
            self._connection.pause()

    def finish(self) -> None:
        """The client has sent all."""
        self.complete = True
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.body_end()
        elif self._waiter is not None:
            self._wake()

    def fail(self, failure: OpenTrailError) -> None:
        """The client will send no more, or not in time."""
        if self.complete or self._failure is not None:
            return
        self._failure = failure
        if self._sink is not None:
            self._sink.body_failed(failure)
        elif self._waiter is not None:
            self._wake()

    def gone(self) -> None:
        """The connection is closed."""
        self.fail(ClientGone(f"The client closed the connection after {self.received} bytes of the request."))

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the client to send more."""
        return not self.complete and (self._waiter is not None or self._sink is not None)

    def _taken(self) -> bytes:
        if not self._parts:
            if not self.complete and self._failure is not None:
                raise self._failure
            return b""
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._size = 0
        if self._paused:
            self._paused = False
            self._connection.resume()
        return data

    async def _more(self) -> None:
        if self._failure is not None:
            return
        self.go_on()
        self._waiter = asyncio.get_running_loop().create_future()
        self._connection.keep_time()
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._connection.keep_time()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

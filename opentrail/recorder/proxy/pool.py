"""Connections to one upstream, kept alive between exchanges; bounded, the newest used first."""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from opentrail import limits
from opentrail.recorder.answers.refusals import UpstreamDown
from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.upstream_connection import UpstreamConnection
from opentrail.recorder.proxy.whole_messages import WholeAnswers


@dataclass(frozen=True, slots=True)
class Place:
    """Where an upstream is: a host and a port, with TLS or without, or a socket of this machine."""

    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None
    socket_path: str = ""

    @classmethod
    def of(cls, url: str, tls: ssl.SSLContext | None) -> "Place":
        """The place of `scheme://host:port`; `tls` is used where the scheme is https."""
        split = urlsplit(url)
        secure = split.scheme == "https"
        return cls(split.hostname or "", split.port or (443 if secure else 80), tls if secure else None)


@dataclass(frozen=True, slots=True)
class UpstreamTiming:
    """How long an upstream may take."""

    connect_seconds: float = 5.0
    answer_seconds: float = 60.0  # from the end of the request to the answer's first byte, and between bytes
    idle_seconds: float = 15.0  # that a connection is kept without an exchange


class Pool:
    """The connections to one upstream, on one event loop."""

    def __init__(
        self,
        place: Place,
        timing: UpstreamTiming,
        deadlines: Deadlines,
        outbox: Outbox,
        most: int = limits.UPSTREAM_CONNECTIONS,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.outbox = outbox
        self.whole_answers = WholeAnswers()
        self.timing = timing
        self.place = place
        self._deadlines = deadlines
        self._most = most
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def take(self) -> UpstreamConnection | None:
        """A connection that is there and free, or None."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def connect(self) -> UpstreamConnection:
        """A free connection, or a new one. Raises UpstreamDown, also where none gets free in time."""
        try:
            async with asyncio.timeout(self.timing.connect_seconds):
                while len(self._open) + self._opening >= self._most:
                    if (free := self.take()) is not None:
                        return free
                    await self._turn()
                return await self._made()
        except (OSError, TimeoutError) as failure:
            raise UpstreamDown from failure

    def made(self, connection: UpstreamConnection) -> None:
        """A connection is there."""
        self._open.add(connection)
        self._deadlines.watch(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection has gone."""
        self._open.discard(connection)
        self._deadlines.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._next_turn()

    def give_back(self, connection: UpstreamConnection) -> None:
        """An exchange is whole: its connection is free."""
        if self._closed:
            connection.close()
            return
        self._idle.append(connection)
        if self._waiting:
            self._next_turn()

    def close(self) -> None:
        """Close every connection; exchanges under way break off."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()

    async def _made(self) -> UpstreamConnection:
        place = self.place
        self._opening += 1
        try:
            if place.socket_path:
                _, connection = await self.loop.create_unix_connection(self._connection, place.socket_path)
            else:
                _, connection = await self.loop.create_connection(
                    self._connection,
                    place.host,
                    place.port,
                    ssl=place.tls,
                    server_hostname=place.host if place.tls is not None else None,
                )
        finally:
            self._opening -= 1
        return connection

    def _connection(self) -> UpstreamConnection:
        return UpstreamConnection(self)

    async def _turn(self) -> None:
        turn = self.loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _next_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

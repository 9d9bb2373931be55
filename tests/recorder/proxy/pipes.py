"""The proxy without sockets: what clients and upstreams send is fed to it, what it writes and does is noted."""

import asyncio
import math
import re

from opentrail.recorder.proxy.client_connection import ClientConnection
from opentrail.recorder.proxy.deadlines import NEVER, Deadlines
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.pool import Place, Pool, UpstreamTiming
from opentrail.recorder.proxy.relay import Relay
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.recorder.proxy.upstream_connection import UpstreamConnection

_COLON = re.compile(rb"(?<=\n)([^:\r\n]+):[ \t]*")
_PHRASE = re.compile(rb"(HTTP/1\.1 [0-9]{3}) [^\r\n]*")


def plainly(written: bytes) -> bytes:
    """Without what may differ: the space after a colon, and the phrase of a status."""
    return _PHRASE.sub(rb"\1", _COLON.sub(rb"\1: ", written))


class Pipe(asyncio.Transport):
    """Notes what is written and done to it."""

    def __init__(self, protocol: "ClientConnection | UpstreamConnection") -> None:
        super().__init__({"peername": ("192.0.2.1", 1)})
        self.protocol = protocol
        self.written = b""
        self.done: list[str] = []
        self._closing = False
        self._reading = True
        protocol.connection_made(self)

    def feed(self, data: bytes) -> None:
        """The other side sends; what is not read yet is lost."""
        if not self._closing and self._reading:
            self.protocol.data_received(data)

    def takes(self, *, more: bool) -> None:
        """The other side reads, or no longer."""
        if not self._closing and self.protocol.write_paused == more:
            (self.protocol.resume_writing if more else self.protocol.pause_writing)()

    def wait(self) -> None:
        """Until the deadline, if there is one."""
        if self.protocol.deadline != NEVER and not self._closing:
            self.protocol.deadline = NEVER
            self.protocol.late()

    def lose(self) -> None:
        """The other side closes."""
        self._end("lost")

    def state(self, now: float) -> tuple[object, ...]:
        """All that can be seen from outside, and when it will be late."""
        left = self.protocol.deadline - now
        return plainly(self.written), tuple(self.done), left if math.isinf(left) else round(left)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.done.append("eof")

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        assert self._reading
        self._reading = False

    def resume_reading(self) -> None:
        assert not self._reading
        self._reading = True

    def close(self) -> None:
        self._end("close")

    def abort(self) -> None:
        self._end("abort")

    def _end(self, how: str) -> None:
        if not self._closing:
            self._closing = True
            self.done.append(how)
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class Piped:
    """A client's connection whose requests are relayed to connections that are made as they are asked for."""

    def __init__(self, *, whole: bool) -> None:
        outbox = Outbox()
        self.pool = Pool(Place(), UpstreamTiming(), Deadlines(), outbox, 2)
        self.server = ProxyServer(self._relay, Timing(), outbox)
        self.taken_whole = 0
        for reader in (self.server.whole_requests, self.pool.whole_answers):
            self._watch(reader, whole)
        self.upstreams: list[Pipe] = []
        self.pool._made = self._made  # type: ignore[method-assign]
        self.client = Pipe(ClientConnection(self.server))

    @property
    def upstream(self) -> Pipe | None:
        """The connection that was made last."""
        return self.upstreams[-1] if self.upstreams else None

    def state(self) -> list[tuple[object, ...]]:
        """All that can be seen from outside."""
        now = self.server.loop.time()
        return [pipe.state(now) for pipe in (self.client, *self.upstreams)]

    def _watch(self, reader: object, whole: bool) -> None:
        read = reader.read  # type: ignore[attr-defined]

        def counted(data: bytes) -> object:
            message = read(data) if whole else None
            self.taken_whole += message is not None
            return message

        reader.read = counted  # type: ignore[attr-defined]

    async def _made(self) -> UpstreamConnection:
        connection = UpstreamConnection(self.pool)
        self.upstreams.append(Pipe(connection))
        return connection

    def _relay(self, exchange: Exchange) -> None:
        Relay(exchange, self.pool).begin()

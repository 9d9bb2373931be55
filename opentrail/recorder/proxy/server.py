"""The connections of one event loop: bounded in number, timed, and ended in an orderly way."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opentrail import limits
from opentrail.recorder.proxy.client_connection import ClientConnection
from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.whole_messages import WholeRequests
from opentrail.telemetry import CLIENT_CONNECTIONS, logger

_LOG = logger("recorder")

Handler = Callable[[Exchange], None]
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a client may take."""

    head_seconds: float = 20.0  # for a whole head, from its first byte
    keep_alive_seconds: float = 75.0  # between an answer and the next request
    client_idle_seconds: float = 60.0  # while it is waited for, to send or to read something


class ProxyServer:
    """Hands every request that comes by its sockets to `handler`, which must not raise and not block."""

    def __init__(
        self,
        handler: Handler,
        timing: Timing,
        outbox: Outbox,
        *,
        most_connections: int = limits.CLIENT_CONNECTIONS,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.handle = handler
        self.timing = timing
        self.outbox = outbox
        self.whole_requests = WholeRequests()
        self._most = most_connections
        self._deadlines = Deadlines()
        self._connections: set[ClientConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._empty = asyncio.Event()
        self._stopping = False

    async def serve(self, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        """Accept on `sockets`, which are bound, from now on; with TLS where there is a context for it."""
        handshake_seconds = self.timing.head_seconds if tls is not None else None
        for listener in sockets:
            accept = self.loop.create_unix_server if listener.family == socket.AF_UNIX else self.loop.create_server
            self._servers.append(
                await accept(
                    self._connection, sock=listener, backlog=BACKLOG, ssl=tls, ssl_handshake_timeout=handshake_seconds
                )
            )

    async def stop(self, grace_seconds: float) -> None:
        """Accept no more, let what is under way be answered, cut what takes longer than `grace_seconds`."""
        self._stopping = True
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.stop()
        if self._connections:
            try:
                await asyncio.wait_for(self._empty.wait(), grace_seconds)
            except TimeoutError:
                _LOG.warning("connections cut", action="connections-cut", connections=len(self._connections))
                for connection in list(self._connections):
                    connection.abort()
                await asyncio.sleep(0)  # their ends are seen

    def arrived(self, connection: ClientConnection) -> bool:
        """Whether there is room for one more connection."""
        if self._stopping or len(self._connections) >= self._most:
            return False
        self._connections.add(connection)
        self._deadlines.watch(connection)
        CLIENT_CONNECTIONS.set(len(self._connections))
        return True

    def left(self, connection: ClientConnection) -> None:
        """One connection less."""
        self._connections.discard(connection)
        self._deadlines.forget(connection)
        CLIENT_CONNECTIONS.set(len(self._connections))
        if self._stopping and not self._connections:
            self._empty.set()

    def _connection(self) -> ClientConnection:
        return ClientConnection(self)

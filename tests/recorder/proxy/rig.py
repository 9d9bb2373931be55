"""The proxy alone on a thread, with raw sockets on both sides of it."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvloop

from opentrail.errors import OpenTrailError
from opentrail.recorder.proxy.deadlines import Deadlines
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.pool import Place, Pool, UpstreamTiming
from opentrail.recorder.proxy.relay import Relay
from opentrail.recorder.proxy.server import ProxyServer, Timing

PLAIN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Proxy:
    """A server whose calls go to `handle`, or are relayed to `upstream_port`; `at_end` is called at its end."""

    def __init__(
        self,
        upstream_port: int = 0,
        *,
        timing: Timing | None = None,
        upstream_timing: UpstreamTiming | None = None,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
        handle: Callable[[Exchange], None] | None = None,
        at_end: Callable[[], None] = lambda: None,
        socket_path: str = "",
        most: int = 100,
        most_upstream: int = 100,
    ) -> None:
        self._handle = handle
        self._options: dict[str, Any] = {"most_connections": most}
        self._tls = tls
        self._timing = timing or Timing()
        self._pool_settings = (Place("127.0.0.1", upstream_port, upstream_tls), upstream_timing or UpstreamTiming())
        self._most_upstream = most_upstream
        self._at_end = at_end
        self._listener = socket.socket(socket.AF_UNIX if socket_path else socket.AF_INET)
        self._listener.bind(socket_path or ("127.0.0.1", 0))
        self.port = 0 if socket_path else int(self._listener.getsockname()[1])
        self._ready = threading.Event()
        self.thread = threading.Thread(target=lambda: uvloop.run(self._main()), daemon=True)
        self.thread.start()
        assert self._ready.wait(10)

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        outbox = Outbox()
        self.pool = Pool(*self._pool_settings, Deadlines(), outbox, self._most_upstream)

        def relay(exchange: Exchange) -> None:
            Relay(exchange, self.pool).begin()

        self.server = ProxyServer(self._handle or relay, self._timing, outbox, **self._options)
        await self.server.serve([self._listener], self._tls)
        self._ready.set()
        await self._stop.wait()
        await self.server.stop(self.grace_seconds)
        self.pool.close()
        self._at_end()
        await asyncio.sleep(0.02)
        self._listener.close()

    grace_seconds = 1.0

    def stop(self, grace_seconds: float = 1.0) -> None:
        if self.thread.is_alive():
            self.grace_seconds = grace_seconds
            self.loop.call_soon_threadsafe(self._stop.set)
            self.thread.join(10)
            assert not self.thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def ask(self, *parts: bytes) -> bytes:
        """What comes back for `parts` until the connection closes, or is silent for half a second."""
        with self.connect() as client:
            for part in parts:
                client.sendall(part)
            return until_silent(client)


def until_silent(client: socket.socket, seconds: float = 0.5) -> bytes:
    client.settimeout(seconds)
    received = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while data := client.recv(1 << 16):
            received += data
    return received


def until_closed(client: socket.socket, seconds: float = 5.0) -> bytes:
    """As `until_silent`; the other side must close."""
    client.settimeout(seconds)
    received = b""
    with contextlib.suppress(ConnectionError):  # a reset closes as well; a time-out does not
        while data := client.recv(1 << 16):
            received += data
    return received


def answering(status: int = 200, body: bytes = b"ok", *headers: tuple[bytes, bytes]) -> Callable[[Exchange], None]:
    """A handler that reads the request whole and answers it."""

    async def answer(exchange: Exchange) -> None:
        try:
            while await exchange.body.read():
                pass
        except OpenTrailError as refusal:
            exchange.answer(400, [], refusal.message.encode())
            return
        exchange.answer(status, list(headers), body)

    def handle(exchange: Exchange) -> None:
        task = asyncio.get_running_loop().create_task(answer(exchange))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    return handle


@contextlib.contextmanager
def proxy(*arguments: Any, **options: Any) -> Iterator[Proxy]:
    running = Proxy(*arguments, **options)
    try:
        yield running
    finally:
        running.stop()

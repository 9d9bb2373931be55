"""Load from one thread: keep-alive clients on one event loop, so that the clients do not wait for each other's turns.

Threads of Python would: their waiting for the interpreter's lock came to 5 ms at the 99th percentile, whoever answered.
"""

import asyncio
import selectors
import time
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True)
class Load:
    """What a run showed."""

    requests: int
    seconds: float
    latencies_ms: list[float]

    def at(self, share: float) -> float:
        """The latency that `share` of the requests stayed below, in ms."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def run_load(port: int, call: bytes, clients: int, seconds: float, rate: float = 0.0) -> Load:
    """`clients` connections that ask again as soon as they are answered, or `rate` times a second in all.

    With a rate the clients take turns, evenly; one that has fallen behind asks at once. A latency counts from the
    asking. Raises ConnectionError where an answer breaks off or is a refusal.
    """
    with asyncio.Runner(loop_factory=_punctual_loop if rate else uvloop.new_event_loop) as runner:
        return runner.run(_run(port, call, clients, seconds, rate))


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """uvloop's timers go by the millisecond, and the calls of each would come together; those of select() do not."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def _run(port: int, call: bytes, clients: int, seconds: float, rate: float) -> Load:
    latencies: list[float] = []
    began = time.perf_counter()
    asking = []
    for number in range(clients):
        due = began + number / rate if rate else began
        client = _Client(port, call, latencies, due, clients / rate if rate else 0.0, began + seconds)
        await client.connect()
        asking.append(client.ended)
    await asyncio.gather(*asking)
    return Load(len(latencies), time.perf_counter() - began, latencies)


class _Client(asyncio.Protocol):
    """Asks, reads the answer by its Content-Length, asks again; on one connection while the other side keeps it."""

    def __init__(
        self, port: int, call: bytes, latencies: list[float], due: float, every_seconds: float, until: float
    ) -> None:
        self._port = port
        self._call = call
        self._latencies = latencies
        self._due = due
        self._every_seconds = every_seconds
        self._until = until
        self._began = 0.0
        self._answer = b""
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()

    async def connect(self) -> None:
        """A first connection, or another one."""
        await self._loop.create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's
        self._kept = True
        self._wait_or_ask()

    def data_received(self, data: bytes) -> None:
        answer = self._answer = self._answer + data if self._answer else data
        head = answer.find(b"\r\n\r\n")
        if head < 0:
            return
        lines = answer[: head + 2].lower()
        at = lines.find(b"content-length:")
        if len(answer) < head + 4 + int(lines[at + 15 : lines.index(b"\r\n", at)]):
            return
        if not answer.startswith(b"HTTP/1.1 2"):
            self._fail(ConnectionError(f"refused: {answer[:head].decode('latin-1')}"))
            return
        self._answer = b""
        self._latencies.append((time.perf_counter() - self._began) * 1000)
        self._kept = b"connection: close" not in lines
        if self._kept:
            self._wait_or_ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._kept:
            self._connecting = self._loop.create_task(self.connect())
        else:
            self._fail(exc or ConnectionError("closed in the middle of an answer"))

    def _fail(self, failure: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(failure)
            self._transport.abort()

    def _wait_or_ask(self) -> None:
        now = time.perf_counter()
        if now >= self._until:
            self.ended.set_result(None)
            self._transport.close()
        elif self._every_seconds and now < self._due:
            self._loop.call_later(self._due - now, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._due += self._every_seconds
        self._transport.write(self._call)

"""A TCP proxy that holds back what clients send, as a distant S3 would: run as `python -m benchmarks.latency_proxy`."""

import asyncio
import sys


class _Side(asyncio.Protocol):
    """One end of a connection; what comes in goes out at the other after `delay` seconds."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._waiting: list[bytes] | None = []
        self._other: asyncio.Transport | None = None
        self.transport: asyncio.Transport | None = None

    def join(self, other: asyncio.Transport) -> None:
        self._other = other
        for data in self._waiting or ():
            self._later(data)
        self._waiting = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is not None:
            self._waiting.append(data)
        else:
            self._later(data)

    def _later(self, data: bytes) -> None:
        assert self._other is not None
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._other.write, data)
        else:
            self._other.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._other is not None:
            asyncio.get_running_loop().call_later(self._delay, self._other.close)


async def serve(port: int, upstream_port: int, delay: float) -> None:
    """Until cancelled."""
    loop = asyncio.get_running_loop()
    joining: set[asyncio.Task[None]] = set()

    async def join(client: _Side) -> None:
        _, upstream = await loop.create_connection(lambda: _Side(0.0), "127.0.0.1", upstream_port)
        assert upstream.transport is not None
        assert client.transport is not None
        upstream.join(client.transport)
        client.join(upstream.transport)

    class Client(_Side):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task = loop.create_task(join(self))
            joining.add(task)
            task.add_done_callback(joining.discard)

    server = await loop.create_server(lambda: Client(delay), "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

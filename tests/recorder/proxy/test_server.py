"""Stopping: what is under way is answered, nothing new is taken, nobody is waited for longer than allowed."""

import asyncio
import threading
import time

import pytest

from opentrail.recorder.proxy.exchange import Exchange
from tests.recorder.proxy.rig import PLAIN, Proxy, answering, until_closed, until_silent


class Slow:
    """A handler whose answers wait to be let go."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.go = threading.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def __call__(self, exchange: Exchange) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._answer(exchange)))

    async def _answer(self, exchange: Exchange) -> None:
        self.arrived.set()
        await asyncio.to_thread(self.go.wait, 5)
        exchange.answer(200, [], b"done")


def test_calls_under_way_are_answered_and_idle_connections_closed() -> None:
    slow = Slow()
    server = Proxy(handle=slow)
    idle, busy = server.connect(), server.connect()
    busy.sendall(PLAIN)
    assert slow.arrived.wait(5)
    stopping = threading.Thread(target=server.stop, args=(5.0,))
    stopping.start()
    assert until_closed(idle) == b""
    with pytest.raises(ConnectionError):
        server.connect()
    slow.go.set()
    answer = until_closed(busy)
    assert answer.endswith(b"done") and b"connection: close" in answer
    stopping.join(5)
    assert not server.thread.is_alive()
    idle.close()
    busy.close()


def test_who_takes_too_long_is_cut() -> None:
    slow = Slow()
    server = Proxy(handle=slow)
    with server.connect() as client:
        client.sendall(PLAIN)
        assert slow.arrived.wait(5)
        began = time.monotonic()
        stopping = threading.Thread(target=server.stop, args=(0.2,))
        stopping.start()
        assert until_closed(client) == b""
        slow.go.set()
        stopping.join(10)
    assert not server.thread.is_alive() and time.monotonic() - began < 5


def test_writes_of_one_turn_leave_together() -> None:
    server = Proxy(handle=answering(200, b"x" * 1000))
    with server.connect() as client:
        client.sendall(PLAIN)
        assert client.recv(1 << 16).endswith(b"x" * 1000), "head and body came apart"
        client.sendall(PLAIN)
        assert until_silent(client, 0.2).endswith(b"x" * 1000)
    server.stop()


def test_a_handler_that_fails_fails_its_call_alone() -> None:
    def fail(exchange: Exchange) -> None:
        if exchange.target == b"/bad":
            raise ValueError("a fault of ours")
        exchange.answer(200, [], b"well")

    server = Proxy(handle=fail)
    assert server.ask(b"GET /bad HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert server.ask(PLAIN).endswith(b"well")
    server.stop()

"""A transport that holds what is written, so that head and body of an answer go out together."""

import asyncio
import socket

from opentrail.recorder.connection import HoldingTransport


class _Wire:
    """A transport on one end of a socket pair; the test holds the other end."""

    def __init__(self) -> None:
        self.far, self.near = socket.socketpair()
        self.far.setblocking(False)

    async def __aenter__(self) -> HoldingTransport:
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=self.near)
        return HoldingTransport(transport)

    async def __aexit__(self, *_: object) -> None:
        self.far.close()
        self.near.close()

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.far, 1000)

    def is_silent(self) -> bool:
        try:
            return not self.far.recv(1000, socket.MSG_PEEK)
        except BlockingIOError:
            return True


def test_what_is_held_goes_out_together():
    async def check() -> None:
        wire = _Wire()
        async with wire as transport:
            transport.hold()
            transport.write(b"head ")
            transport.write(b"body")
            assert wire.is_silent()
            transport.release()
            assert await wire.read() == b"head body"
            transport.write(b"next")
            assert await wire.read() == b"next"
            transport.abort()

    asyncio.run(check())


def test_closing_writes_what_is_held_first():
    async def check() -> None:
        wire = _Wire()
        async with wire as transport:
            transport.hold()
            transport.write(b"last")
            transport.close()
            assert transport.is_closing()
            assert await wire.read() == b"last"
            assert await wire.read() == b""

    asyncio.run(check())


def test_nothing_is_written_to_a_connection_that_was_cut():
    async def check() -> None:
        wire = _Wire()
        async with wire as transport:
            transport.hold()
            transport.write(b"unseen")
            transport.abort()
            transport.release()
            assert await wire.read() == b""

    asyncio.run(check())

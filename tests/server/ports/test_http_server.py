"""The HTTP server's bounds: heads that never end, ports that are taken."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from opentrail import limits
from opentrail.server.ports.http_server import http_server
from opentrail.server.ports.listening import PortTaken, bind


async def _app(scope: dict, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port() -> Iterator[int]:
    """A running server's port."""
    listener = bind("127.0.0.1", 0)
    server = http_server(_app, grace_seconds=1)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()
    assert not thread.is_alive()


def _exchange(port: int, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answer = b""
        try:
            for part in parts:
                connection.sendall(part)
            while data := connection.recv(65536):
                answer += data
                if answer.endswith(b"ok"):
                    break
        except ConnectionError:
            return answer
        return answer


def test_a_plain_request_is_answered(port: int) -> None:
    assert _exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX-Long: "])
def test_a_head_that_never_ends_is_cut_off(port: int, start: bytes) -> None:
    answer = _exchange(port, start, *[b"a" * 65536] * (limits.REQUEST_HEAD_BYTES // 65536 + 8))
    assert b"200" not in answer[:20]


def test_a_long_body_is_not_taken_for_a_head(port: int) -> None:
    body = b"b" * (limits.REQUEST_HEAD_BYTES * 3)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert _exchange(port, head, body[:100_000], body[100_000:]).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("raw", [b"\x00\xff\r\n\r\n", b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"NOPE\r\n\r\n"])
def test_what_is_no_http_is_refused_and_the_server_lives(port: int, raw: bytes) -> None:
    assert b" 200 " not in _exchange(port, raw)[:20]
    assert _exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_taken_port_is_named() -> None:
    first = bind("127.0.0.1", 0)
    taken = first.getsockname()[1]
    first.listen()
    with pytest.raises(PortTaken) as refused:
        bind("127.0.0.1", taken)
    assert str(taken) in refused.value.message
    first.close()

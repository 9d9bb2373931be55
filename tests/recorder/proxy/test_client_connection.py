"""Clients that are slow, hostile, old or hurried."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.server import Timing
from opentrail.telemetry import REGISTRY
from tests.recorder.proxy.rig import PLAIN, Proxy, answering, proxy, until_closed, until_silent


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    with proxy(handle=answering()) as running:
        yield running


def head(*lines: bytes, method: bytes = b"POST", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([method + b" / " + version, *lines, b"", b""])


SMUGGLED = {
    "length-and-coding": head(b"Host: x", b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "coding-and-length": head(b"Host: x", b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n",
    "two-lengths": head(b"Host: x", b"Content-Length: 1", b"Content-Length: 2") + b"ab",
    "equal-lengths": head(b"Host: x", b"Content-Length: 1", b"Content-Length: 1") + b"a",
    "list-of-lengths": head(b"Host: x", b"Content-Length: 1, 1") + b"a",
    "signed-length": head(b"Host: x", b"Content-Length: +1") + b"a",
    "negative-length": head(b"Host: x", b"Content-Length: -1"),
    "hexadecimal-length": head(b"Host: x", b"Content-Length: 0x1") + b"a",
    "endless-length": head(b"Host: x", b"Content-Length: 99999999999999999999999"),
    "length-of-thousands-of-digits": head(b"Host: x", b"Content-Length: " + b"9" * 5000),
    "unknown-coding": head(b"Host: x", b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "coding-after-chunked": head(b"Host: x", b"Transfer-Encoding: chunked, gzip") + b"0\r\n\r\n",
    "coding-before-chunked": head(b"Host: x", b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "two-codings": head(b"Host: x", b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n",
    "tab-before-coding": head(b"Host: x", b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
    "coding-in-1.0": head(b"Host: x", b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + b"0\r\n\r\n",
    "space-before-colon": head(b"Host: x", b"Content-Length : 1") + b"a",
    "space-before-name": head(b"Host: x", b" X: y"),
    "folded-line": head(b"Host: x", b"X: y", b" z"),
    "bare-line-feed": b"GET / HTTP/1.1\nHost: x\n\n",
    "bare-carriage-return": head(b"Host: x", b"X: a\rY: b"),
    "nul": head(b"Host: x", b"X: a\x00b"),
    "control-character": head(b"Host: x", b"X: a\x01b"),
    "odd-name": head(b"Host: x", b"X(y): b"),
    "empty-name": head(b"Host: x", b": b"),
    "two-hosts": head(b"Host: x", b"Host: y"),
    "no-host": head(b"X: y"),
    "absolute-target": b"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "space-in-target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw-bytes-in-target": b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": b"CONNECT y:80 HTTP/1.1\r\nHost: y:80\r\n\r\n",
    "upgrade": head(b"Host: x", b"Connection: Upgrade", b"Upgrade: h2c", method=b"GET"),
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http-0.9": b"GET / HTTP/0.9\r\nHost: x\r\n\r\n",
    "expectation": head(b"Host: x", b"Expect: 200-ok", b"Content-Length: 1"),
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),
    "chunk-size-with-sign": head(b"Host: x", b"Transfer-Encoding: chunked") + b"+1\r\na\r\n0\r\n\r\n",
    "chunk-size-with-prefix": head(b"Host: x", b"Transfer-Encoding: chunked") + b"0x1\r\na\r\n0\r\n\r\n",
    "chunk-without-end": head(b"Host: x", b"Transfer-Encoding: chunked") + b"1\r\nab\r\n0\r\n\r\n",
    "chunk-line-feed": head(b"Host: x", b"Transfer-Encoding: chunked") + b"1\na\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_two_readers_could_read_in_two_ways_is_refused(server: Proxy, name: str) -> None:
    with server.connect() as client:
        client.sendall(SMUGGLED[name] + PLAIN)
        answer = until_closed(client)
    assert b" 200 " not in answer, "it was taken for a request, or what followed it was"
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")


def test_trailers_are_no_headers_and_reach_nobody() -> None:
    seen: list[Exchange] = []

    def handle(exchange: Exchange) -> None:
        seen.append(exchange)
        answering()(exchange)

    with proxy(handle=handle) as server:
        chunked = head(b"Host: x", b"Transfer-Encoding: chunked") + b"1;a=b\r\na\r\n0\r\nAuthorization: forged\r\n\r\n"
        assert server.ask(chunked + PLAIN).count(b"HTTP/1.1 200 OK") == 2
    assert [name for name, _ in seen[0].headers] == [b"Host", b"Transfer-Encoding"]


def test_a_head_that_does_not_end_in_time_is_let_go() -> None:
    with proxy(handle=answering(), timing=Timing(head_seconds=0.3)) as server, server.connect() as client:
        began = time.monotonic()
        stop = threading.Event()

        def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 1000:
                if stop.wait(0.05):
                    return
                try:
                    client.send(bytes([byte]))
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        answer = until_closed(client)
        stop.set()
        dripping.join()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 4, "each byte bought it more time"


def test_silent_and_idle_connections_are_closed() -> None:
    with proxy(handle=answering(), timing=Timing(head_seconds=0.2, keep_alive_seconds=0.2)) as server:
        with server.connect() as client:
            assert until_closed(client) == b""
        with server.connect() as client:
            client.sendall(PLAIN)
            assert until_closed(client).endswith(b"ok")


def test_a_body_that_stops_coming_is_let_go() -> None:
    refused: list[str] = []

    async def read(exchange: Exchange) -> None:
        try:
            while await exchange.body.read():
                pass
        except OpenTrailError as error:
            refused.append(type(error).__name__)
            exchange.answer(400, [], b"late")

    def handle(exchange: Exchange) -> None:
        handle.task = asyncio.get_running_loop().create_task(read(exchange))  # type: ignore[attr-defined]

    with proxy(handle=handle, timing=Timing(client_idle_seconds=0.2)) as server, server.connect() as client:
        client.sendall(head(b"Host: x", b"Content-Length: 10") + b"half ")
        answer = until_closed(client)
    assert refused == ["ClientTooSlow"]
    assert answer.endswith(b"late") and b"connection: close" in answer


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: "])
def test_a_head_that_is_too_long_is_refused(server: Proxy, start: bytes) -> None:
    with server.connect() as client:
        try:
            for part in (start, *[b"a" * 65536] * (limits.REQUEST_HEAD_BYTES // 65536 + 8)):
                client.sendall(part)
        except ConnectionError:
            return
        answer = until_closed(client)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_too_many_headers_are_refused(server: Proxy) -> None:
    many = [b"X-%d: y" % number for number in range(limits.REQUEST_HEADERS)]
    assert server.ask(head(b"Host: x", *many, method=b"GET")).startswith(b"HTTP/1.1 400 ")
    assert server.ask(head(b"Host: x", *many[:-1], method=b"GET")).startswith(b"HTTP/1.1 200 ")


def test_a_body_of_chunk_sizes_alone_is_refused(server: Proxy) -> None:
    extension = b"1;" + b"a" * 10_000 + b"\r\nx\r\n"
    with server.connect() as client:
        try:
            client.sendall(head(b"Host: x", b"Transfer-Encoding: chunked") + extension * 40)
            answer = until_closed(client)
        except ConnectionError:
            return
    assert b" 200 " not in answer


def test_small_chunks_are_fine(server: Proxy) -> None:
    body = b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
    assert server.ask(head(b"Host: x", b"Transfer-Encoding: chunked") + body).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_ahead_are_answered_in_order() -> None:
    async def answer(exchange: Exchange) -> None:
        await asyncio.sleep(0.05 if exchange.target == b"/0" else 0)
        exchange.answer(200, [], exchange.target)

    tasks = []

    def handle(exchange: Exchange) -> None:
        tasks.append(asyncio.get_running_loop().create_task(answer(exchange)))

    with proxy(handle=handle) as server:
        ahead = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(8))
        answers = server.ask(ahead)
        assert [part[:2] for part in answers.split(b"\r\n\r\n")[1:]] == [b"/%d" % number for number in range(8)]


def test_too_many_requests_sent_ahead_are_refused() -> None:
    with proxy(handle=lambda exchange: None) as server, server.connect() as client:
        client.sendall(PLAIN * (limits.PIPELINED_REQUESTS + 5))
        until_silent(client, 0.2)
        assert _refused() > 0


def _refused() -> float:
    return REGISTRY.get_sample_value("opentrail_calls_refused_total", {"reason": "bad-http"}) or 0.0


def test_old_clients_get_no_chunks() -> None:
    def handle(exchange: Exchange) -> None:
        exchange.start(200, [], None)
        exchange.write(b"first ")
        exchange.write(b"last")
        exchange.end()

    with proxy(handle=handle) as server:
        old = server.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"chunked" not in old and b"connection: close" in old and old.endswith(b"\r\n\r\nfirst last")
        new = server.ask(PLAIN)
        assert b"transfer-encoding: chunked" in new and new.endswith(b"6\r\nfirst \r\n4\r\nlast\r\n0\r\n\r\n")


def test_old_clients_may_keep_their_connection(server: Proxy) -> None:
    kept = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    answers = server.ask(kept + kept)
    assert answers.count(b"HTTP/1.1 200 OK") == 2 and answers.count(b"connection: keep-alive") == 2
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert until_closed(client).endswith(b"ok")


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
def test_answers_without_body_have_none(method: bytes, status: int) -> None:
    with proxy(handle=answering(status, b"never")) as server:
        request = method + b" / HTTP/1.1\r\nHost: x\r\n\r\n"
        answers = server.ask(request * 2)
        assert answers.count(b"HTTP/1.1 %d " % status) == 2
        assert b"never" not in answers and b"chunked" not in answers and b"content-length" not in answers


def test_100_continue_is_told_once_and_only_to_who_waits(server: Proxy) -> None:
    waiting = head(b"Host: x", b"Content-Length: 2", b"Expect: 100-continue")
    with server.connect() as client:
        client.sendall(waiting)
        assert until_silent(client, 0.3) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ab")
        assert until_silent(client, 0.3).startswith(b"HTTP/1.1 200 ")
    assert b"100 Continue" not in server.ask(waiting + b"ab")


def test_who_answers_without_reading_closes_after_the_answer() -> None:
    with proxy(handle=lambda exchange: exchange.answer(403, [], b"no")) as server, server.connect() as client:
        client.sendall(head(b"Host: x", b"Content-Length: 1000000000") + b"a" * 100_000)
        answer = until_closed(client)
        assert answer.startswith(b"HTTP/1.1 403 ") and b"connection: close" in answer and answer.endswith(b"no")
    with proxy(handle=lambda exchange: exchange.answer(403, [], b"no")) as server, server.connect() as client:
        client.sendall(head(b"Host: x", b"Content-Length: 10", b"Expect: 100-continue"))
        assert b"100 Continue" not in until_closed(client, 1.0), "it is not asked for what nobody will read"


def test_more_connections_than_allowed_are_closed() -> None:
    with proxy(handle=answering(), most=2) as server:
        first, second = server.connect(), server.connect()
        for client in (first, second):
            client.sendall(PLAIN)
            assert client.recv(1000).endswith(b"ok")
        with server.connect() as third:
            assert until_closed(third) == b""
        first.close()
        time.sleep(0.1)
        assert server.ask(PLAIN).endswith(b"ok")
        second.close()


def test_a_client_that_reads_slowly_is_not_filled_up() -> None:
    sent: list[int] = []

    async def flood(exchange: Exchange) -> None:
        exchange.start(200, [], None)
        try:
            while True:
                await exchange.send(bytes(65536))
                sent.append(65536)
        except OpenTrailError as error:
            sent.append(0)
            assert type(error).__name__ in ("ClientTooSlow", "ClientGone")
            exchange.cut()

    def handle(exchange: Exchange) -> None:
        handle.task = asyncio.get_running_loop().create_task(flood(exchange))  # type: ignore[attr-defined]

    with proxy(handle=handle, timing=Timing(client_idle_seconds=0.3)) as server, server.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.sendall(PLAIN)
        deadline = time.monotonic() + 5
        while 0 not in sent and time.monotonic() < deadline:
            time.sleep(0.02)
    assert sent[-1] == 0 and sum(sent) < 20_000_000


def test_a_client_that_stops_reading_is_let_go_although_it_sends_a_request_ahead() -> None:
    left = threading.Event()

    async def flood(exchange: Exchange) -> None:
        exchange.start(200, [], None)
        try:
            while True:
                await exchange.send(bytes(65536))
        except OpenTrailError:
            exchange.cut()
            left.set()

    def handle(exchange: Exchange) -> None:
        handle.task = asyncio.get_running_loop().create_task(flood(exchange))  # type: ignore[attr-defined]

    with proxy(handle=handle, timing=Timing(client_idle_seconds=0.4)) as server, server.connect() as client:
        client.sendall(PLAIN)
        time.sleep(0.2)
        client.sendall(PLAIN)
        assert left.wait(5)

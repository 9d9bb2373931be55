"""What is relayed arrives as it was sent, whatever the upstream does."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable

import pytest

from opentrail import limits
from opentrail.recorder.proxy.pool import UpstreamTiming
from tests.recorder.proxy.rig import PLAIN, Proxy, until_closed, until_silent
from tests.recorder.rig import Arrived, ScriptedUpstream, eventually

Start = Callable[..., Proxy]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OF_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def raw(answer: bytes) -> Callable[[Arrived], object]:
    async def script(arrived: Arrived) -> None:
        await arrived.body()
        arrived.writer.write(answer)
        await arrived.writer.drain()

    return script


def dying(answer: bytes) -> Callable[[Arrived], object]:
    async def script(arrived: Arrived) -> None:
        await arrived.body()
        arrived.writer.write(answer)
        await arrived.writer.drain()
        arrived.writer.close()
        raise ConnectionError

    return script


def test_a_request_and_its_answer_pass_with_their_headers(relay: Start, upstream: ScriptedUpstream) -> None:
    answer = relay().ask(
        b"POST /a%2Fb?c=%20 HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: x-mine\r\nX-Mine: 1\r\n"
        b"TE: trailers\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"hello")
    (arrived,) = upstream.arrived
    assert (arrived.method, arrived.target) == ("POST", "/a%2Fb?c=%20")
    assert arrived.headers == [("Host", "x"), ("X-Two", "1"), ("X-Two", "2"), ("Content-Length", "5")]


def test_connections_are_kept_on_both_sides(relay: Start, upstream: ScriptedUpstream) -> None:
    server = relay()
    with server.connect() as client:
        for _ in range(5):
            client.sendall(PLAIN)
            assert until_silent(client, 0.1).startswith(b"HTTP/1.1 200 ")
    assert len({id(arrived.writer) for arrived in upstream.arrived}) == 1


def test_chunks_pass_both_ways(relay: Start, upstream: ScriptedUpstream) -> None:
    received: list[bytes] = []

    async def script(arrived: Arrived) -> None:
        received.append(await arrived.body())
        arrived.writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nT: 1\r\n\r\n"
        )

    upstream.script = script
    server = relay()
    with server.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfgh\r\n")
        time.sleep(0.05)
        client.sendall(b"2\r\nij\r\n0\r\n\r\n")
        answer = until_silent(client, 0.3)
    assert received == [b"fghij"]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head and body == b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"


def test_an_answer_that_ends_with_its_connection_is_whole(relay: Start, upstream: ScriptedUpstream) -> None:
    upstream.script = dying(b"HTTP/1.0 200 OK\r\n\r\nall of it")
    server = relay()
    for _ in range(2):
        assert b"9\r\nall of it\r\n0\r\n\r\n" in server.ask(PLAIN)


LYING = {
    "too-short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "chunk-cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nshort",
    "no-last-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
}


@pytest.mark.parametrize("name", LYING)
def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(
    relay: Start, upstream: ScriptedUpstream, name: str
) -> None:
    upstream.script = dying(LYING[name])
    with relay().connect() as client:
        client.sendall(PLAIN)
        answer = until_closed(client)
    assert not answer.endswith(b"0\r\n\r\n") and b"100" not in answer.partition(b"\r\n\r\n")[2]


NO_ANSWERS = {
    "nothing": b"",
    "no-http": b"220 smtp.example.com\r\n",
    "half-a-head": b"HTTP/1.1 200 OK\r\nContent-",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length-and-coding": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding-that-is-not-passed-on": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "head-without-end": b"HTTP/1.1 200 OK\r\n" + b"X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20_000,
    "folded-line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_told_as_a_bad_gateway(relay: Start, upstream: ScriptedUpstream, name: str) -> None:
    upstream.script = dying(NO_ANSWERS[name])
    assert relay().ask(PLAIN).startswith(b"HTTP/1.1 502 ")


def test_an_upstream_that_only_promises_does_not_hold_its_caller_for_ever(
    relay: Start, upstream: ScriptedUpstream
) -> None:
    early = b"HTTP/1.1 103 Early\r\n\r\n"
    upstream.script = raw(early * limits.INTERIM_ANSWERS + OF_LENGTH % 0)
    server = relay()
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")
    upstream.script = raw(early * (limits.INTERIM_ANSWERS + 1))
    with server.connect() as client:
        client.sendall(PLAIN)
        assert until_silent(client, 2).startswith(b"HTTP/1.1 502 ")


def test_an_upstream_that_is_not_there(relay: Start, upstream: ScriptedUpstream) -> None:
    server = relay()
    upstream.close()
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 503 ")


def test_an_upstream_that_is_silent(relay: Start, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await asyncio.sleep(10)

    upstream.script = script
    server = relay(upstream_timing=UpstreamTiming(answer_seconds=0.2))
    with server.connect() as client:
        client.sendall(PLAIN)
        assert until_silent(client, 2).startswith(b"HTTP/1.1 504 ")


def test_an_upstream_that_falls_silent_in_its_answer(relay: Start, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        arrived.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        await asyncio.sleep(10)

    upstream.script = script
    server = relay(upstream_timing=UpstreamTiming(answer_seconds=0.2))
    with server.connect() as client:
        client.sendall(PLAIN)
        assert until_closed(client).endswith(b"short")


def test_answers_on_the_way_to_the_answer_are_not_passed_on(relay: Start, upstream: ScriptedUpstream) -> None:
    upstream.script = raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OF_LENGTH % 2 + b"ok",
    )
    answer = relay().ask(PLAIN)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nok") and b"Link" not in answer


def test_more_bytes_than_the_answer_has_spoil_the_connection_alone(relay: Start, upstream: ScriptedUpstream) -> None:
    upstream.script = raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    )
    server = relay()
    with server.connect() as client:
        for _ in range(3):
            client.sendall(PLAIN)
            assert until_silent(client, 0.1).endswith(b"\r\n\r\nok")
    assert len({id(arrived.writer) for arrived in upstream.arrived}) == 3


def test_the_beginning_of_an_answer_that_nobody_asked_for_spoils_the_connection_alone(
    relay: Start, upstream: ScriptedUpstream
) -> None:
    async def script(arrived: Arrived) -> None:
        more = b"HTTP/1.1 200 OK\r\nX-Forged: 1\r\nX-Rest: " if len(upstream.arrived) == 1 else b""
        arrived.writer.write(OF_LENGTH % 2 + b"ok" + more)
        await arrived.writer.drain()

    upstream.script = script
    server = relay()
    with server.connect() as client:
        for _ in range(3):
            client.sendall(PLAIN)
            answer = until_silent(client, 0.1)
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nok") and b"Forged" not in answer
    first, second, third = (id(arrived.writer) for arrived in upstream.arrived)
    assert first != second == third


def test_a_body_where_none_may_be_spoils_the_connection_alone(relay: Start, upstream: ScriptedUpstream) -> None:
    upstream.script = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
    server = relay()
    for _ in range(2):
        answer = server.ask(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.endswith(b"\r\n\r\n") and b"Content-Length: 6" in answer and b"forged" not in answer


def test_an_early_answer_reaches_a_client_that_still_sends(relay: Start, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.answer(413, b"enough")
        await asyncio.sleep(10)

    upstream.script = script
    with relay().connect() as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + bytes(200_000))
        answer = until_closed(client)
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.endswith(b"enough") and b"connection: close" in answer
    assert eventually(lambda: upstream.connections_lost or len(upstream.arrived) == 1)


def test_a_client_that_goes_takes_its_upstream_connection_along(relay: Start, upstream: ScriptedUpstream) -> None:
    arrived_at = threading.Event()

    async def script(arrived: Arrived) -> None:
        arrived_at.set()
        while True:
            arrived.writer.write(
                b"x" * 1000 if arrived.taken else b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
            )
            arrived.taken = 1
            await arrived.writer.drain()
            await asyncio.sleep(0.005)

    upstream.script = script
    with relay().connect() as client:
        client.sendall(PLAIN)
        assert arrived_at.wait(5) and client.recv(1000)
    assert eventually(lambda: upstream.connections_lost)


def test_long_bodies_pass_whole_and_slow_readers_slow_the_sender(relay: Start, upstream: ScriptedUpstream) -> None:
    block = bytes(range(256)) * 1024
    blocks = 64  # 16 MB

    async def script(arrived: Arrived) -> None:
        if arrived.method == "PUT":
            await arrived.answer(200, (await arrived.drop_body()).encode())
            return
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(block) * blocks}\r\n\r\n".encode())
        for _ in range(blocks):
            arrived.writer.write(block)
            await arrived.writer.drain()
            arrived.taken += len(block)

    upstream.script = script
    server = relay()
    digest = hashlib.sha256(block * blocks).hexdigest().encode()
    put = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(block) * blocks)
    assert server.ask(put, *[block] * blocks).endswith(digest)
    with server.connect() as client:
        client.sendall(PLAIN)
        time.sleep(0.5)
        assert upstream.arrived[-1].taken < len(block) * blocks, "it was not slowed down"
        body = until_silent(client).partition(b"\r\n\r\n")[2]
    assert hashlib.sha256(body).hexdigest().encode() == digest


def test_calls_wait_for_a_connection_where_there_may_be_no_more(relay: Start, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await asyncio.sleep(0.05)
        await arrived.answer(200, b"ok")

    upstream.script = script
    server = relay(most_upstream=1)
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.sendall(PLAIN)
    for client in clients:
        assert until_silent(client).endswith(b"ok")
        client.close()
    assert len({id(arrived.writer) for arrived in upstream.arrived}) == 1


def test_a_connection_that_the_upstream_closed_is_not_used_again(relay: Start, upstream: ScriptedUpstream) -> None:
    server = relay()
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")
    upstream.script = dying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")
    time.sleep(0.1)
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")


def test_idle_connections_to_the_upstream_are_closed(relay: Start, upstream: ScriptedUpstream) -> None:
    server = relay(upstream_timing=UpstreamTiming(idle_seconds=0.2))
    assert server.ask(PLAIN).startswith(b"HTTP/1.1 200 ")
    assert eventually(lambda: upstream.connections_lost)

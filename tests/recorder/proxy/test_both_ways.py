"""What the proxy does never depends on whether a message was read whole or piece by piece."""

import asyncio
import os
import random

import pytest
import structlog

from opentrail import limits
from opentrail.recorder.proxy.deadlines import NEVER
from tests.recorder.proxy.pipes import Pipe, Piped

Step = tuple[str, bytes]

PLAIN = 3  # so many of each, from the first, may be read whole

REQUESTS = [
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a HTTP/1.1\r\nhost:x\r\nX-A:\t\tb \r\nX-A:\r\n\r\n",
    b"POST /q?a=%20b HTTP/1.1\r\nHost: x\r\nX-One: A.B\r\nContent-Length: 5\r\nX-Two: \t2 \r\n\r\nhello",
    b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"DELETE /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length:05\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 41\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: smuggled\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %b\r\n\r\n" % (b"9" * 5000),
    b"\r\n",
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 404 No Such Thing\r\nX:y\r\ncontent-length:0\r\nDate: now\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil it ends",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=5\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % (b"9" * 5000),
]
SPICES = [
    b"\r",
    b"\n",
    b"\r\n",
    b":",
    b" ",
    b"\t",
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x0b",
    b"0",
    b"#",
    b"\xe9",
    b"5",
    b"+",
    b",",
    b"_",
]
SPICES += [
    b"\r\n\r\n",
    b"\r\n ",
    b"\n\n",
    b"HTTP/1.0",
    b"Host: y\r\n",
    b"Connection: close\r\n",
    b"connection :\r\n",
    b"TE: x\r\n",
]
SPICES += [
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b"Proxy-Connection: x\r\n",
]
SPICES += [b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"content-length:2\r\n", b"9" * 20, b"9" * 5000]
EVENTS = ["client-full", "client-reads", "client-waits", "upstream-full", "upstream-reads", "upstream-waits"]
ENDS = ["client-lost", "upstream-lost", "stop"]


def steps(seed: int) -> list[Step]:
    source = random.Random(seed)
    made: list[Step] = []
    mutates = source.random() < 0.5

    def say(who: str, messages: list[bytes]) -> None:
        known = messages if source.random() < 0.5 else messages[:PLAIN]
        data = b"".join(source.choices(known, k=source.choice((1, 1, 1, 1, 2, 3))))
        if mutates and source.random() < 0.5:
            for _ in range(source.randint(1, 2)):
                at = source.randrange(len(data))
                data = data[:at] + source.choice(SPICES) + data[at + source.choice((0, 0, 1, 2)) :]
        if source.random() < 0.7:
            made.append((who, data))
            return
        at = source.randrange(len(data))
        made.append((who, data[:at]))
        if source.random() < 0.3:
            made.append(("upstream", source.choice(ANSWERS)))
        if source.random() < 0.9:
            made.append((who, data[at:]))

    for _ in range(source.randint(1, 6)):
        say("client", REQUESTS)
        if source.random() < 0.3:
            made.append((source.choice(EVENTS), b""))
        for _ in range(source.choice((0, 1, 1, 1, 2))):
            say("upstream", ANSWERS)
        if source.random() < 0.3:
            made.append((source.choice(EVENTS), b""))
        if source.random() < 0.1:
            made.append((source.choice(ENDS), b""))
    return made


def take(piped: Piped, what: str, data: bytes) -> None:
    who, _, event = what.partition("-")
    pipe: Pipe | None = piped.client if who == "client" else piped.upstream
    if what == "stop":
        piped.client.protocol.stop()  # type: ignore[union-attr]
    elif pipe is None:
        return
    elif not event:
        pipe.feed(data)
    elif event == "full" or event == "reads":
        pipe.takes(more=event == "reads")
    elif event == "waits":
        pipe.wait()
    else:
        pipe.lose()


async def follow(story: list[Step]) -> int:
    """How many messages were read whole; fails where the two ways part."""
    ways = [Piped(whole=True), Piped(whole=False)]
    for number, (what, data) in enumerate(story):
        for piped in ways:
            take(piped, what, data)
        for _ in range(4):  # connections are made, ends are seen
            await asyncio.sleep(0)
        assert ways[0].state() == ways[1].state(), (number, story[: number + 1])
    for piped in ways:
        for pipe in (piped.client, *piped.upstreams):
            pipe.lose()
    await asyncio.sleep(0)
    for piped in ways:
        assert all(pipe.protocol.deadline == NEVER for pipe in (piped.client, *piped.upstreams))
        assert not piped.pool._open and not piped.server._connections
    return ways[0].taken_whole


def follow_all(first: int, count: int) -> int:
    async def follow_them() -> int:
        return sum([await follow(steps(seed)) for seed in range(first, first + count)])

    with structlog.testing.capture_logs():  # thousands of refusals
        return asyncio.run(follow_them())


def test_whether_a_message_is_read_whole_changes_nothing() -> None:
    assert follow_all(0, 500) > 250


def test_line_ends_between_requests_count_for_the_next_request_alone() -> None:
    many = b"\r\n" * (limits.REQUEST_HEAD_BYTES // 3)
    story = [("client", many), ("client", REQUESTS[0]), ("upstream", ANSWERS[0])] * 3
    assert asyncio.run(follow(story)) == 6


@pytest.mark.fuzz
def test_whether_a_message_is_read_whole_changes_nothing_in_a_hundred_thousand_stories() -> None:
    first = int.from_bytes(os.urandom(6)) if os.environ.get("OPENTRAIL_NEW_EXAMPLES") else 500
    assert follow_all(first, 100_000) > 30_000

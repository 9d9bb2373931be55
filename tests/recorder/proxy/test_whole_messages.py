"""A message that comes whole is read as the connection's own parser would read it, or left to that."""

import random

import httptools
import pytest

from opentrail import limits
from opentrail.recorder.proxy.head_rules import BadHead, Framing, framing_of
from opentrail.recorder.proxy.whole_messages import WholeAnswers, WholeRequests

REQUEST = (
    b"POST /q?a=%20b HTTP/1.1\r\nHost: x\r\nX-One: A.B\r\nContent-Length: 5\r\nx-two:1\r\nX-Two: \t2 \r\n\r\nhello"
)
ANSWER = b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello"
SPICES = [b"\r", b"\n", b"\r\n", b":", b" ", b"\t", b"\0", b"0", b"#", b"\xe9", b"5", b"\r\n\r\n", b"Host: y\r\n"]
SPICES += [b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"TE: x\r\n"]
SPICES += [
    b"Content-Length: 5\r\n",
    b"Upgrade: h2c\r\n",
    b"\r\n folded",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HTTP/1.0",
]


class Reading:
    """What the parser tells, with a call for each header."""

    def __init__(self, data: bytes, *, answer: bool = False) -> None:
        self.url, self.body = b"", b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.messages = 0
        self.kept = self.fine = False
        self._parser = httptools.HttpResponseParser(self) if answer else httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
            self.fine = self.messages == 1
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            pass

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.kept = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.messages += 1


def mutants(message: bytes, seed: int) -> list[bytes]:
    source = random.Random(seed)
    made = [message]
    for _ in range(4000):
        mutant = message
        for _ in range(source.randint(1, 2)):
            start = source.randrange(len(mutant))
            mutant = mutant[:start] + source.choice(SPICES) + mutant[start + source.choice((0, 0, 1, 2)) :]
        made.append(mutant)
    return made


def test_a_whole_request_is_read_as_any_other() -> None:
    reads, taken = WholeRequests(), 0
    for data in mutants(REQUEST, 1):
        whole = reads.read(data)
        if whole is None:
            continue
        taken += 1
        full = Reading(data)
        assert full.fine and full.kept, data
        framing = framing_of("1.1", full.url, full.headers)
        assert (whole.target, whole.headers, whole.body) == (full.url, full.headers, full.body), data
        assert whole.framing == framing and not framing.one_hop, data
    assert 100 < taken < 3900


def test_a_whole_answer_is_read_as_any_other() -> None:
    reads, taken = WholeAnswers(), 0
    for data in mutants(ANSWER, 2):
        whole = reads.read(data)
        if whole is None:
            continue
        taken += 1
        full = Reading(data, answer=True)
        assert full.fine and full.kept, data
        assert (whole.headers, whole.body, whole.data) == (full.headers, full.body, data)
    assert 100 < taken < 3900


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n1234567890",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * limits.REQUEST_HEADERS + b"\r\n",
        b"GET /" + b"x" * limits.REQUEST_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        REQUEST * 2,
    ],
)
def test_what_is_not_plainly_one_request_is_left_to_the_parser(data: bytes) -> None:
    reads = WholeRequests()
    assert reads.read(data) is None
    whole = reads.read(REQUEST)
    assert whole is not None and whole.framing == Framing(5, chunked=False, awaits_go_on=False, one_hop=False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello",
        ANSWER * 2,
    ],
)
def test_what_is_not_plainly_one_answer_is_left_to_the_parser(data: bytes) -> None:
    reads = WholeAnswers()
    assert reads.read(data) is None
    assert reads.read(ANSWER) is not None


def test_the_rules_of_a_head_are_those_of_the_parser_s_way() -> None:
    with pytest.raises(BadHead):
        framing_of("1.1", b"/#", [(b"Host", b"x")])
    assert WholeRequests().read(b"GET /# HTTP/1.1\r\nHost: x\r\n\r\n") is None

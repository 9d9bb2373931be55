"""GetObject by hand: the same objects as boto3 reads, and boto3 asked wherever an answer is not a plain one."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from opentrail.objects.bucket import NoSuchBucket, NoSuchKey, Properties, TimedOut, Unreachable
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access, connect
from opentrail.objects.s3_plain_get import PlainGet, can_be_plain
from opentrail.server.ports.listening import free_ports
from opentrail.wire.signing import Credentials, sign
from tests.objects.seaweedfs import KEY, client, seaweedfs


def signed(host: str, path: str, now: datetime) -> Mapping[str, str]:
    credentials = Credentials(KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])
    return dict(sign("GET", host, path, "", (), "UNSIGNED-PAYLOAD", credentials, "us-east-1", "s3", now))


def test_objects_and_their_metadata_are_those_that_boto3_reads(tmp_path: Path) -> None:
    metadata = {"signature": "ab" * 256, "signature-algorithm": "SHA256withRSA"}
    with seaweedfs(tmp_path) as url:
        client(url).create_bucket(Bucket="trail")
        access = S3Access(url, "us-east-1", KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])
        slow, plain = S3Bucket("trail", access), PlainGet(url, signed, 10.0)
        fast = S3Bucket("trail", access, plain_get=plain)
        for key, body in (("a/empty", b""), ("a/sp ace+plus%41é~.json", b"odd"), ("a/large", bytes(300_000))):
            slow.put(key, body, Properties("application/json", "gzip", metadata))
            for bucket in (fast, slow, fast):
                opened = bucket.get(key)
                assert b"".join(iter(lambda: opened.read(70_000), b"")) == body  # noqa: B023
                opened.close()
                assert opened.stored.metadata == metadata
                assert (opened.stored.size, opened.stored.content_encoding) == (len(body), "gzip")
        assert plain.get("trail", "absent") is None
        with pytest.raises(NoSuchKey):
            fast.get("absent")
        with pytest.raises(NoSuchBucket):
            S3Bucket("absent", access, plain_get=plain).get("absent")


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, Callable[[], int]]]:
    """An endpoint that gives each request the next answer, and how many connections were made."""
    server = socket.create_server(("127.0.0.1", 0))
    left = list(answers)
    connections: list[socket.socket] = []

    def serve() -> None:
        while left:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connections.append(connection)
            while left and connection.recv(65536):
                connection.sendall(left.pop(0))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", lambda: len(connections)
    finally:
        left.clear()
        server.close()
        for connection in connections:
            connection.close()
        thread.join(5)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def test_a_connection_is_used_again_when_its_answer_was_read_and_only_then() -> None:
    with answering(OK + b"first", OK + b"after", OK + b"third") as (url, connections):
        plain = PlainGet(url, signed, 10.0)
        for body in (b"first", b"after"):
            opened = plain.get("b", "k")
            assert opened is not None
            assert opened.read(100) == body
            assert opened.read(100) == b""
            opened.close()
        plain.close()
        assert connections() == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\n\r\nfirst",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_no_plain_answer_is_left_to_boto3(answer: bytes) -> None:
    with answering(answer) as (url, _):
        assert PlainGet(url, signed, 10.0).get("b", "k") is None


def test_an_answer_that_ends_early_is_no_short_object() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nfirst") as (url, _):
        opened = PlainGet(url, signed, 0.3).get("b", "k")
        assert opened is not None
        assert opened.read(100) == b"first"
        with pytest.raises((Unreachable, TimedOut)):
            opened.read(100)
        opened.close()


def test_no_connection_is_left_to_boto3_which_says_so() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert PlainGet(url, signed, 1.0).get("b", "k") is None
    access = S3Access(url, "us-east-1", "key", "secret")
    bucket = S3Bucket("b", client=connect(access, attempts=1), plain_get=PlainGet(url, signed, 1.0))
    with pytest.raises(Unreachable):
        bucket.get("k")


def test_a_proxy_is_boto3_s_business(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert can_be_plain("https://s3.eu-west-1.amazonaws.com")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert not can_be_plain("https://s3.eu-west-1.amazonaws.com")
    assert can_be_plain("http://s3.internal")
    monkeypatch.setenv("no_proxy", "s3.internal")
    assert can_be_plain("https://s3.internal")

"""Bodies are checked against their signature before the upstream has them whole."""

import asyncio
import contextlib
import hashlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream, eventually, signed_headers

CHUNK = 64 * 1024


@pytest.fixture
def taken(upstream: ScriptedUpstream) -> Iterator[list[int]]:
    """How many body bytes each request at the upstream brought, whole or not."""
    counts: list[int] = []

    async def script(arrived: Arrived) -> None:
        try:
            await arrived.drop_body()
        finally:
            counts.append(arrived.taken)
        if arrived.taken == int(arrived.header("content-length") or 0):
            await arrived.answer(200)

    upstream.script = script
    yield counts


def test_a_body_other_than_declared_never_reaches_the_upstream_whole(
    recorder: RecorderServer, upstream: ScriptedUpstream, taken: list[int]
) -> None:
    right = hashlib.sha256(b"other").hexdigest()
    body = b"x" * (40 * CHUNK)
    status, _, answer = recorder.call("PUT", "/bucket/key", body, declared=right)
    assert status == 400 and b"<Code>XAmzContentSHA256Mismatch</Code>" in answer
    assert eventually(lambda: taken)[0] < len(body)
    record = recorder.record()
    assert (record["eventName"], record["errorCode"]) == ("PutObject", "XAmzContentSHA256Mismatch")
    assert record["userIdentity"]["type"] == "Root", "the signature itself was good"


def test_a_short_wrong_body_sends_nothing_of_it(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    declared = hashlib.sha256(b"other").hexdigest()
    assert recorder.call("PUT", "/bucket/key", b"short", declared=declared)[0] == 400
    assert recorder.call("PUT", "/bucket?tagging", b"<Tagging/>", declared=declared)[0] == 400
    assert recorder.call("GET", "/bucket/key", declared=declared)[0] == 400, "an empty body has a hash, too"
    assert upstream.arrived == []


def test_an_undeclared_hash_is_checked_before_anything_goes_on(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    headers = signed_headers("POST", f"{recorder.url}/", b'{"a":1}', service="sqs")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("POST", "/", b'{"a":2}', headers)
    assert connection.getresponse().status == 403
    assert upstream.arrived == []
    connection.close()


def test_a_long_undeclared_body_waits_on_disk(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream, taken: list[int]
) -> None:
    recorder = start(captured_bytes=1000, spooled_bytes=1_000_000)
    body = b"z" * 300_000
    status, _, _ = recorder.call("POST", "/2015-03-31/functions", body, service="lambda")
    assert status == 200 and taken == [300_000]
    assert list((recorder.folder / "spool").iterdir()) == []
    status, _, answer = recorder.call("POST", "/2015-03-31/functions", b"z" * 1_000_001, service="lambda")
    assert status == 413 and b"longer" in answer
    assert len(upstream.arrived) == 1
    records = recorder.records()
    assert [record["requestParameters"] for record in records] == [None, None]


def test_aws_chunked_uploads_arrive_plain(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    received: list[tuple[bytes, dict[str, str]]] = []

    async def script(arrived: Arrived) -> None:
        received.append((await arrived.body(), {name.lower(): value for name, value in arrived.headers}))
        await arrived.answer(200, b"", ("ETag", '"x"'))

    upstream.script = script
    data = bytes(range(256)) * 1000
    recorder.client("s3").put_object(Bucket="bucket", Key="key", Body=data, ChecksumAlgorithm="SHA256")
    body, headers = received[0]
    assert body == data
    assert headers["content-length"] == str(len(data))
    assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert "aws-chunked" not in headers.get("content-encoding", "")
    assert "x-amz-trailer" not in headers and "x-amz-decoded-content-length" not in headers
    assert recorder.record()["additionalEventData"]["bytesTransferredIn"] == len(data)


def test_a_wrong_trailing_checksum_stops_the_upload(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    chunked = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    extra = {
        "x-amz-decoded-content-length": "5",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }
    status, _, answer = recorder.call(
        "PUT", "/bucket/key", chunked, declared="STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers=extra
    )
    assert status == 400 and b"<Code>BadDigest</Code>" in answer
    assert upstream.arrived == []
    assert recorder.record()["errorCode"] == "BadDigest"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_of_both_versions_are_signed_anew(
    recorder: RecorderServer, upstream: ScriptedUpstream, version: str
) -> None:
    client = recorder.client("s3", signature_version=version)
    for operation, method, body in (("put_object", "PUT", b"data"), ("get_object", "GET", None)):
        url = client.generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": "a b+c"})
        connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
        connection.request(method, url.removeprefix(recorder.url), body)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        arrived = upstream.arrived[-1]
        assert arrived.target == "/bucket/a%20b%2Bc"
        assert "Credential=upstream-key/" in (arrived.header("authorization") or "")
        connection.close()
    assert {record["userIdentity"]["type"] for record in recorder.records()} == {"Root"}


def test_a_session_token_must_be_the_keys_own(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    status, _, answer = recorder.call("GET", "/bucket/key", session_token="stolen")
    assert status == 400 and b"<Code>InvalidToken</Code>" in answer
    assert upstream.arrived == []


def test_an_upload_larger_than_memory_allows_is_not_held(
    recorder: RecorderServer, upstream: ScriptedUpstream, taken: list[int]
) -> None:
    recorder.call("PUT", "/bucket/key", bytes(16 * 1024 * 1024))  # what a first one loads is not what each takes
    taken.clear()
    size = 100 * 1024 * 1024
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    before = _resident_bytes()
    highest = before
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=20)
    connection.putrequest("PUT", "/bucket/key")
    for name, value in {**headers, "Content-Length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    block = bytes(CHUNK)
    for number in range(size // CHUNK):
        connection.send(block)
        if number % 100 == 0:
            highest = max(highest, _resident_bytes())
    assert connection.getresponse().status == 200
    assert taken == [size]
    assert highest - before < 32 * 1024 * 1024, f"grew by {highest - before} bytes"
    connection.close()


def test_a_slow_upstream_slows_the_client(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    """What is on the way at any moment is bounded: buffers of sockets and a few chunks."""
    release = threading.Event()

    async def script(arrived: Arrived) -> None:
        await asyncio.to_thread(release.wait, 10)
        await arrived.drop_body()
        await arrived.answer(200)

    upstream.script = script
    size = 64 * 1024 * 1024
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=10) as client:
        lines = [f"PUT /bucket/key HTTP/1.1\r\nHost: 127.0.0.1:{recorder.port}\r\nContent-Length: {size}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        sent = _send_until_stuck(client, size)
        assert sent < 32 * 1024 * 1024
        release.set()
        client.settimeout(10)
        while sent < size:
            sent += client.send(bytes(min(CHUNK, size - sent)))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


def _send_until_stuck(client: socket.socket, size: int) -> int:
    client.settimeout(0.5)
    sent = 0
    with contextlib.suppress(TimeoutError):  # stuck, which is asked for
        while sent < size:
            sent += client.send(bytes(min(CHUNK, size - sent)))
    return sent


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_stream_without_anything_of_its_signed_body_never_reaches_the_upstream(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    for kind in ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        told = {"X-Amz-Decoded-Content-Length": "9", "Content-Encoding": "aws-chunked"}
        assert recorder.call("PUT", "/bucket/key", b"", declared=kind, headers=told)[0] == 400
    assert upstream.arrived == []

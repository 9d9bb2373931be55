"""Upstreams and clients that fail in every way: a clear error, the documented record, a healthy recorder after."""

import asyncio
import contextlib
import http.client
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import Arrived, RecorderServer, ScriptedUpstream, echo, eventually, signed_headers

LONG = 4 * 1024 * 1024

GIGABYTE = 1 << 30


def healthy(recorder: RecorderServer, upstream: ScriptedUpstream) -> bool:
    """Whether the next call is answered as if nothing had been."""
    upstream.script = echo
    return recorder.call("PUT", "/bucket/after", b"well")[2] == b"well"


def test_an_upstream_that_is_down(start: Callable[..., RecorderServer]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"
    recorder = start(upstreams=[Upstream("down", url, frozenset({"*"}))])
    for service, call in (("s3", "list_buckets"), ("sqs", "list_queues"), ("iam", "list_users")):
        with pytest.raises(ClientError) as failed:
            getattr(recorder.client(service), call)()
        assert failed.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    records = recorder.records()
    assert [record["errorCode"] for record in records] == ["ServiceUnavailable"] * 3
    assert {record["userIdentity"]["type"] for record in records} == {"Root"}


def test_an_upstream_that_hangs(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> None:
    recorder = start(first_byte_seconds=0.3)

    async def script(arrived: Arrived) -> None:
        await arrived.body()
        await asyncio.sleep(20)

    upstream.script = script
    began = time.monotonic()
    status, _, answer = recorder.call("GET", "/bucket/key")
    assert status == 504 and b"<Code>ServiceUnavailable</Code>" in answer
    assert time.monotonic() - began < 5
    assert recorder.record()["errorCode"] == "ServiceUnavailable"
    assert healthy(recorder, upstream)


def test_an_upstream_that_does_not_take_the_body(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(first_byte_seconds=0.3)

    async def script(arrived: Arrived) -> None:
        await asyncio.sleep(20)

    upstream.script = script
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    with _upload(recorder, headers, 1 << 30) as client:
        client.settimeout(5)
        answer = _send_and_read(client, 1 << 30)
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert recorder.record()["eventName"] == "PutObject"
    assert healthy(recorder, upstream)


def test_an_upstream_that_closes_without_a_word(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        arrived.writer.close()
        raise ConnectionError

    upstream.script = script
    status, _, answer = recorder.call("DELETE", "/bucket/key")
    assert status == 502 and b"may have carried out" in answer
    assert len(upstream.arrived) == 1, "one call is never made twice"
    assert recorder.record()["errorCode"] == "ServiceUnavailable"
    assert healthy(recorder, upstream)


@pytest.mark.parametrize("length", [1000, LONG])
def test_an_upstream_that_closes_in_the_middle_of_a_body(
    recorder: RecorderServer, upstream: ScriptedUpstream, length: int
) -> None:
    async def script(arrived: Arrived) -> None:
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + bytes(length // 2))
        await arrived.writer.drain()
        arrived.writer.close()
        raise ConnectionError

    upstream.script = script
    if length == LONG:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            recorder.call("GET", "/bucket/key")
    else:
        assert recorder.call("GET", "/bucket/key")[0] == 502
    record = recorder.record()
    assert (record["eventName"], record["errorCode"]) == ("GetObject", "ServiceUnavailable")
    assert recorder.journal.intents() == []
    assert healthy(recorder, upstream)


def test_an_upstream_that_answers_before_it_has_the_body(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        await arrived.reader.read(1)

    upstream.script = script
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    with _upload(recorder, headers, 1 << 30) as client:
        client.settimeout(5)
        answer = _send_and_read(client, 1 << 30)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"AccessDenied" in answer
    assert recorder.record()["errorCode"] == "AccessDenied"
    assert healthy(recorder, upstream)


def test_a_client_that_goes_in_the_middle_of_its_upload(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.drop_body()
        raise ConnectionError

    upstream.script = script
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    with _upload(recorder, headers, LONG) as client:
        client.sendall(bytes(300_000))
    record = recorder.record()
    assert (record["eventName"], record["errorCode"]) == ("PutObject", "IncompleteBody")
    assert eventually(lambda: upstream.connections_lost), "the upstream's half is cancelled"
    assert upstream.arrived[0].taken < LONG
    assert healthy(recorder, upstream)


async def _gigabyte(arrived: Arrived) -> None:
    """An answer that is longer than anybody reads."""
    arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
    while True:
        arrived.writer.write(bytes(65536))
        await arrived.writer.drain()


def test_a_client_that_goes_in_the_middle_of_a_download(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    upstream.script = _gigabyte
    headers = signed_headers("GET", f"{recorder.url}/bucket/key")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("GET", "/bucket/key", headers=headers)
    response = connection.getresponse()
    assert len(response.read(100_000)) == 100_000
    response.close()
    connection.close()
    record = recorder.record()
    assert record["eventName"] == "GetObject" and "errorCode" not in record
    assert 100_000 <= record["additionalEventData"]["bytesTransferredOut"] < GIGABYTE
    assert eventually(lambda: upstream.connections_lost)
    assert recorder.journal.intents() == []
    assert healthy(recorder, upstream)


def test_a_client_that_declares_two_gigabytes_and_sends_nothing(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(client_idle_seconds=0.3)
    declared = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    undeclared = signed_headers("POST", f"{recorder.url}/", service="lambda")
    for method, path, headers, status in (("PUT", "/bucket/key", declared, 400), ("POST", "/", undeclared, 413)):
        with _upload(recorder, headers, 2 << 30, method, path) as client:
            client.settimeout(5)
            assert client.recv(65536).startswith(f"HTTP/1.1 {status} ".encode())
    codes = [record["errorCode"] for record in recorder.records()]
    assert codes == ["RequestTimeout", "RequestEntityTooLargeException"]
    assert healthy(recorder, upstream)


def test_a_client_that_does_not_read(start: Callable[..., RecorderServer], upstream: ScriptedUpstream) -> None:
    recorder = start(client_idle_seconds=0.3)
    upstream.script = _gigabyte
    headers = signed_headers("GET", f"{recorder.url}/bucket/key")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("GET", "/bucket/key", headers=headers)
    record = recorder.record()
    assert record["additionalEventData"]["bytesTransferredOut"] < GIGABYTE
    assert eventually(lambda: upstream.connections_lost)
    connection.close()
    assert healthy(recorder, upstream)


def test_a_path_that_is_neither_ascii_nor_utf8_is_refused(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    headers = signed_headers("GET", f"{recorder.url}/bucket/key")
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        lines = ["GET /bucket/key HTTP/1.1", f"Host: 127.0.0.1:{recorder.port}", "User-Agent: \xff\xfe"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert recorder.record()["errorCode"] == "InvalidRequest"
    assert upstream.arrived == []


def _upload(
    recorder: RecorderServer, headers: dict[str, str], length: int, method: str = "PUT", path: str = "/bucket/key"
) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", recorder.port), timeout=5)
    lines = [f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{recorder.port}\r\nContent-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


def _send_and_read(client: socket.socket, length: int) -> bytes:
    """Send until the other side has had enough; what it said meanwhile."""
    client.setblocking(False)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):  # nothing has been said yet
            return client.recv(65536)
        try:
            client.send(bytes(65536))
        except BlockingIOError:
            time.sleep(0.01)
        except ConnectionError:
            # It has closed with our bytes unread, which resets the connection: its answer came before that.
            return client.recv(65536)
    raise AssertionError("no answer")


KEY_MADE = (
    b'<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey>'
    b"<UserName>dana</UserName><AccessKeyId>AKIAEXAMPLEMADE00001</AccessKeyId><Status>Active</Status>"
    b"<SecretAccessKey>s3cr3t</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"
)


async def make_a_key(arrived: Arrived) -> None:
    await arrived.body()
    await arrived.answer(200, KEY_MADE, ("Content-Type", "text/xml"))


def test_a_key_that_waits_for_the_catalog_holds_up_nobody_else(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    upstream.script = make_a_key
    made: list[Any] = []
    asking = threading.Thread(
        target=lambda: made.append(recorder.client("iam").create_access_key(UserName="dana")["AccessKey"])
    )
    database = sqlite3.connect(recorder.engine.url.database or "", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    asking.start()
    asking.join(0.5)
    assert asking.is_alive(), "the key was learned although the catalog is locked"
    began = time.monotonic()
    recorder.call("PUT", "/bucket/beside", b"another caller's")
    assert time.monotonic() - began < 5, "another call waited for the catalog"
    assert not made
    database.execute("ROLLBACK")
    database.close()
    asking.join(20)
    assert made and recorder.access_keys.find("AKIAEXAMPLEMADE00001") is not None


def test_a_catalog_that_cannot_keep_a_key_does_not_belie_what_the_upstream_did(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    upstream.script = make_a_key
    with recorder.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE access_keys RENAME TO elsewhere")
    made = recorder.client("iam").create_access_key(UserName="dana")["AccessKey"]
    assert made["AccessKeyId"] == "AKIAEXAMPLEMADE00001"
    record = recorder.record()
    assert record.get("errorCode") is None
    assert record["responseElements"]["accessKey"]["accessKeyId"] == "AKIAEXAMPLEMADE00001"
    assert healthy(recorder, upstream)

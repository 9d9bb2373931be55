"""What passes through the recorder arrives as it was sent, both ways."""

import hashlib
import http.client
import socket

import pytest

from opentrail import limits
from tests.recorder.rig import SECRET, Arrived, RecorderServer, ScriptedUpstream, signed_headers


def test_a_call_is_forwarded_answered_and_recorded(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    status, headers, body = recorder.call("PUT", "/bucket/key", b"hello")
    assert (status, body) == (200, b"hello")
    assert headers["x-amz-request-id"] == "UPSTREAM00000001"
    record = recorder.record()
    assert record["eventName"] == "PutObject"
    assert record["userIdentity"]["type"] == "Root"
    assert record["requestID"] == "UPSTREAM00000001"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert record["tlsDetails"] == {"clientProvidedHostHeader": f"127.0.0.1:{recorder.port}"}


def test_who_asks_before_sending_nothing_is_told_to_go_on(recorder: RecorderServer) -> None:
    """botocore asks with empty objects; a final answer at once has it misread the next one on the connection."""
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        for secret, status in ((SECRET, 200), ("wrong", 403), (SECRET, 200)):
            signed = signed_headers("PUT", f"{recorder.url}/bucket/empty", secret=secret, declared="UNSIGNED-PAYLOAD")
            head = [f"{name}: {value}" for name, value in signed.items()]
            lines = ["PUT /bucket/empty HTTP/1.1", f"Host: 127.0.0.1:{recorder.port}", "Content-Length: 0", *head]
            client.sendall("\r\n".join([*lines, "Expect: 100-continue", "", ""]).encode())
            answers = client.makefile("rb", buffering=0)
            assert answers.readline() == b"HTTP/1.1 100 Continue\r\n" and answers.readline() == b"\r\n"
            response = http.client.HTTPResponse(client)
            response.begin()
            assert response.status == status
            response.read()


@pytest.mark.parametrize(
    "path",
    [
        "/bucket/with%20space",
        "/bucket/a+b",
        "/bucket/a%2Fb",
        "/bucket/%C3%A4%E6%97%A5",
        "/bucket//double//slash/",
        "/bucket/../up",
        "/bucket/key?prefix=a%2Fb&marker=%20&flag",
        "/bucket/a%25b;c=d",
    ],
)
def test_paths_and_queries_keep_every_byte(recorder: RecorderServer, upstream: ScriptedUpstream, path: str) -> None:
    status, _, _ = recorder.call("GET", path, service="sqs", headers={"content-type": "text/plain"})
    assert status == 200
    assert upstream.arrived[-1].target == path


def test_repeated_headers_stay_repeated_both_ways(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.answer(200, b"", ("X-Multi", "1"), ("X-Multi", "2"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"))

    upstream.script = script
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.putrequest("GET", "/bucket/key", skip_accept_encoding=True)
    for name, value in signed_headers("GET", f"{recorder.url}/bucket/key", service="sqs").items():
        connection.putheader(name, value)
    connection.putheader("X-Twice", "a")
    connection.putheader("X-Twice", "b")
    connection.endheaders()
    response = connection.getresponse()
    assert [value for name, value in upstream.arrived[-1].headers if name == "x-twice"] == ["a", "b"]
    assert response.headers.get_all("x-multi") == ["1", "2"]
    assert response.headers.get_all("set-cookie") == ["a=b", "c=d"]
    connection.close()


def test_headers_of_one_hop_go_no_further(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.answer(200, b"ok", ("Keep-Alive", "timeout=5"), ("Connection", "x-hop"), ("X-Hop", "secret"))

    upstream.script = script
    sent = {"Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers", "Proxy-Authorization": "Basic eA=="}
    headers = {**signed_headers("GET", f"{recorder.url}/", service="sqs"), **sent}
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("GET", "/", headers=headers)
    response = connection.getresponse()
    names = {name for name, _ in upstream.arrived[-1].headers}
    assert not names & {"x-mine", "te", "proxy-authorization", "keep-alive"}
    assert response.headers["x-hop"] is None and response.headers["keep-alive"] is None
    assert response.read() == b"ok"
    connection.request("GET", "/", headers=headers)
    assert connection.getresponse().status == 200, "the connection was kept"
    connection.close()


def test_connection_close_is_honoured(recorder: RecorderServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    headers = signed_headers("GET", f"{recorder.url}/", service="sqs")
    connection.request("GET", "/", headers={**headers, "Connection": "close"})
    response = connection.getresponse()
    assert response.headers["connection"] == "close" and response.will_close
    connection.close()


def test_head_tells_the_length_without_a_body(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        arrived.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\nETag: "x"\r\n\r\n')
        await arrived.writer.drain()

    upstream.script = script
    status, headers, body = recorder.call("HEAD", "/bucket/key")
    assert (status, headers["content-length"], body) == (200, "5000000000", b"")
    assert recorder.record()["eventName"] == "HeadObject"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(recorder: RecorderServer, upstream: ScriptedUpstream, status: int) -> None:
    async def script(arrived: Arrived) -> None:
        arrived.writer.write(f'HTTP/1.1 {status} X\r\nETag: "x"\r\nContent-Length: 1234\r\n\r\n'.encode())
        await arrived.writer.drain()

    upstream.script = script
    found, headers, body = recorder.call("GET", "/bucket/key")
    assert (found, body, headers["etag"]) == (status, b"", '"x"')
    assert recorder.call("GET", "/bucket/key")[0] == status, "the connection to the upstream is still in step"


def test_ranges_pass(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.answer(206, b"345", ("Content-Range", "bytes 3-5/10"))

    upstream.script = script
    status, headers, body = recorder.call("GET", "/bucket/key", headers={"Range": "bytes=3-5"})
    assert (status, headers["content-range"], body) == (206, "bytes 3-5/10", b"345")
    assert upstream.arrived[-1].header("range") == "bytes=3-5"


def test_chunked_uploads_and_answers(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    received: list[bytes] = []

    async def script(arrived: Arrived) -> None:
        received.append(await arrived.body())
        arrived.writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        await arrived.writer.drain()

    upstream.script = script
    headers = signed_headers("PUT", f"{recorder.url}/bucket/key", declared="UNSIGNED-PAYLOAD")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("PUT", "/bucket/key", iter([b"abc", b"def"]), headers, encode_chunked=True)
    response = connection.getresponse()
    assert response.read() == b"hello world"
    assert received == [b"abcdef"]
    connection.close()


def test_nothing_is_added_to_a_request(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    headers = signed_headers("POST", f"{recorder.url}/", b"{}", service="sqs")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.putrequest("POST", "/", skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    assert connection.getresponse().status == 200
    sent = {name.lower() for name in headers} | {"host", "content-length", "x-moto-account-id"}
    assert {name.lower() for name, _ in upstream.arrived[-1].headers} == sent
    connection.close()


def test_the_upstream_is_told_the_principals_account_and_no_other(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    forged = {"X-Moto-Account-Id": "999999999999", "X_Moto_Account_Id": "999999999999"}
    headers = {**signed_headers("GET", f"{recorder.url}/", service="sqs"), **forged}
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=5)
    connection.request("GET", "/", headers=headers)
    assert connection.getresponse().status == 200
    told = [v for name, v in upstream.arrived[-1].headers if name.lower().replace("_", "-") == "x-moto-account-id"]
    assert told == ["123456789012"]
    connection.close()


def test_a_long_object_passes_with_its_bytes_counted(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    block = bytes(range(256)) * 256
    blocks = 200  # 13 MB

    async def script(arrived: Arrived) -> None:
        if arrived.method == "PUT":
            await arrived.answer(200, (await arrived.drop_body()).encode())
            return
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(block) * blocks}\r\n\r\n".encode())
        for _ in range(blocks):
            arrived.writer.write(block)
            await arrived.writer.drain()

    upstream.script = script
    data = block * blocks
    expected = hashlib.sha256(data).hexdigest()
    _, _, told = recorder.call("PUT", "/bucket/key", data)
    assert told.decode() == expected
    _, _, body = recorder.call("GET", "/bucket/key")
    assert hashlib.sha256(body).hexdigest() == expected
    assert recorder.record(2)["additionalEventData"]["bytesTransferredOut"] == len(data)
    assert recorder.records()[0]["additionalEventData"]["bytesTransferredIn"] == len(data)
    assert recorder.journal.intents() == []


def test_long_answers_that_came_at_once_keep_their_connection(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    long = bytes(3 * limits.UPSTREAM_BUFFER_BYTES)

    async def script(arrived: Arrived) -> None:
        await arrived.body()
        arrived.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long) + long)
        await arrived.writer.drain()

    upstream.script = script
    for _ in range(4):
        status, _, body = recorder.call("GET", "/bucket/key")
        assert (status, body) == (200, long)
    assert len({id(arrived.writer) for arrived in upstream.arrived}) == 1

"""Callers that nobody knows cost little memory: their bodies are not waited for."""

import socket
from collections.abc import Callable

import pytest

from opentrail import limits
from tests.recorder.rig import RecorderServer, ScriptedUpstream


@pytest.mark.parametrize("signed", [False, True])
def test_an_unknown_caller_is_refused_before_its_body_is_whole(
    recorder: RecorderServer, upstream: ScriptedUpstream, signed: bool
) -> None:
    length = limits.CAPTURED_BODY_BYTES
    scope = "AKIAEXAMPLENOBODY001/20260101/us-east-1/iam/aws4_request"
    head = [
        "POST / HTTP/1.1",
        f"Host: 127.0.0.1:{recorder.port}",
        f"Content-Length: {length}",
        "Content-Type: application/x-www-form-urlencoded",
    ]
    if signed:
        head += [
            "X-Amz-Date: 20260101T000000Z",
            f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        ]
    body = b"Action=ListUsers&Version=2010-05-08&Pad=".ljust(2 * limits.UNVERIFIED_BODY_BYTES, b"x")
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as client:
        client.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")
    assert recorder.record()["requestParameters"] is None
    assert upstream.arrived == []


def test_strangers_crowd_out_nobody_with_a_key(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(held_strangers_bytes=100_000)
    head = f"POST /bucket?acl HTTP/1.1\r\nHost: 127.0.0.1:{recorder.port}\r\nContent-Length: 90000\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as waiting:
        waiting.sendall(head + b"x" * 80_000)
        with socket.create_connection(("127.0.0.1", recorder.port), timeout=5) as refused:
            refused.sendall(head + b"x" * 80_000)
            # whichever of both comes second
            answers = [client for client in (waiting, refused) if _answer(client).startswith(b"HTTP/1.1 503 ")]
            assert len(answers) == 1
        assert recorder.record()["errorCode"] == "SlowDown"
        assert recorder.call("PUT", "/bucket?acl", b"x" * 90_000)[0] == 200


def _answer(client: socket.socket) -> bytes:
    client.settimeout(3)
    try:
        return client.recv(4096)
    except TimeoutError:
        return b""

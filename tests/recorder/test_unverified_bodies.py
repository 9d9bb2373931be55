"""Callers that nobody knows cost little memory: their bodies are not waited for."""

import socket

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

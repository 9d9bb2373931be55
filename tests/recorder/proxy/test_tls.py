"""TLS to clients and to upstreams, with real certificates."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.recorder.proxy.tls import BadCertificate, server_context, upstream_context
from tests.recorder.proxy.rig import PLAIN, Proxy, answering, proxy, until_silent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder: Path = tmp_path_factory.mktemp("tls")
    files = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True)
    return files


def asked(server: Proxy, authority: str, request: bytes = PLAIN) -> bytes:
    context = ssl.create_default_context(cafile=authority)
    with server.connect() as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
        client.sendall(request)
        return until_silent(client)


def test_answers_and_long_bodies_pass_through_tls_on_both_sides(certificate: tuple[str, str]) -> None:
    body = bytes(range(256)) * 8192  # 2 MB
    with (
        proxy(handle=answering(200, body), tls=server_context(*certificate)) as upstream,
        proxy(upstream.port, tls=server_context(*certificate), upstream_tls=upstream_context(certificate[0])) as server,
    ):
        for _ in range(2):
            answer = asked(server, certificate[0])
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(body)


def test_an_upstream_that_nobody_vouches_for_is_not_called(certificate: tuple[str, str]) -> None:
    called: list[object] = []
    with (
        proxy(handle=called.append, tls=server_context(*certificate)) as upstream,
        proxy(upstream.port, upstream_tls=upstream_context("")) as server,
    ):
        assert server.ask(PLAIN).startswith(b"HTTP/1.1 503 ")
    assert called == []


def test_plain_http_on_a_tls_port_is_no_call(certificate: tuple[str, str]) -> None:
    called: list[object] = []
    with proxy(handle=called.append, tls=server_context(*certificate)) as server:
        assert b"200" not in server.ask(PLAIN)
    assert called == []


def test_old_versions_are_refused(certificate: tuple[str, str]) -> None:
    context = ssl.create_default_context(cafile=certificate[0])
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with (
        proxy(handle=answering(), tls=server_context(*certificate)) as server,
        server.connect() as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_files_that_cannot_be_used_are_named(certificate: tuple[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(BadCertificate, match="empty"):
        server_context(str(empty), certificate[1])
    with pytest.raises(BadCertificate, match="missing"):
        upstream_context(str(tmp_path / "missing.pem"))


@contextlib.contextmanager
def _silent() -> Iterator[int]:
    """A port that accepts and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        held: list[socket.socket] = []
        accepting = threading.Thread(target=lambda: held.append(listener.accept()[0]))
        accepting.start()
        yield int(listener.getsockname()[1])
        accepting.join(5)
        for connection in held:
            connection.close()


def test_an_upstream_that_does_not_shake_hands_is_not_waited_for(certificate: tuple[str, str]) -> None:
    from opentrail.recorder.proxy.pool import UpstreamTiming

    timing = UpstreamTiming(connect_seconds=0.3)
    with (
        _silent() as port,
        proxy(port, upstream_tls=upstream_context(certificate[0]), upstream_timing=timing) as server,
        server.connect() as client,
    ):
        client.sendall(PLAIN)
        assert until_silent(client, 3).startswith(b"HTTP/1.1 503 ")

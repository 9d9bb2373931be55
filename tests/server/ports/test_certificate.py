"""A certificate is taken over while the server runs; what cannot be used changes nothing."""

import asyncio
import hashlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.recorder.proxy.tls import BadCertificate
from opentrail.server.ports.certificate import Certificate
from opentrail.telemetry import REGISTRY
from tests.recorder.proxy.rig import answering, proxy


def make(folder: Path, name: str, days: int = 2) -> tuple[Path, Path]:
    files = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-days",
        str(days),
        "-subj",
        f"/CN={name}",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-out",
        str(files[0]),
        "-keyout",
        str(files[1]),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return files


def put(new: tuple[Path, Path], place: tuple[Path, Path]) -> None:
    for one, other in zip(new, place, strict=True):
        shutil.copy(one, other)


def shown(port: int) -> str:
    """The fingerprint of the certificate that a handshake shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as client:
        der = client.getpeercert(binary_form=True)
    assert der is not None
    return hashlib.sha256(der).hexdigest()


def fingerprint(path: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text())).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    yield make(tmp_path, "served")


def test_a_renewed_certificate_is_served_from_the_next_handshake_on(place: tuple[Path, Path], tmp_path: Path) -> None:
    certificate = Certificate(str(place[0]), str(place[1]))
    old, new = fingerprint(place[0]), make(tmp_path, "renewed", days=9)
    with proxy(handle=answering(), tls=certificate.context) as server:
        assert shown(server.port) == old
        assert not certificate.renew()
        put(new, place)
        assert certificate.renew()
        assert shown(server.port) == fingerprint(new[0]) != old
    expires = REGISTRY.get_sample_value("opentrail_tls_certificate_expires_timestamp_seconds")
    assert expires == pytest.approx(ssl.cert_time_to_seconds(_end_of(new[0])))


def _end_of(path: Path) -> str:
    told = subprocess.run(["openssl", "x509", "-enddate", "-noout", "-in", str(path)], capture_output=True, check=True)
    return told.stdout.decode().strip().removeprefix("notAfter=")


def test_files_that_do_not_fit_leave_the_old_certificate_in_force(place: tuple[Path, Path], tmp_path: Path) -> None:
    certificate = Certificate(str(place[0]), str(place[1]))
    old, new = fingerprint(place[0]), make(tmp_path, "renewed")
    with proxy(handle=answering(), tls=certificate.context) as server:
        shutil.copy(new[0], place[0])  # its key is not there yet
        assert not certificate.renew()
        assert shown(server.port) == old
        place[1].write_text("")
        assert not certificate.renew()
        place[1].unlink()
        assert not certificate.renew()
        assert shown(server.port) == old
        put(new, place)
        assert certificate.renew()
        assert shown(server.port) == fingerprint(new[0])


def test_a_server_that_is_asked_reads_the_files_at_once(place: tuple[Path, Path]) -> None:
    async def main() -> None:
        certificate = Certificate(str(place[0]), str(place[1]))
        watching = asyncio.create_task(certificate.watch())
        put(make(place[0].parent, "renewed", days=30), place)
        before = REGISTRY.get_sample_value("opentrail_tls_certificate_expires_timestamp_seconds")
        certificate.ask()
        for _ in range(100):
            await asyncio.sleep(0)
        assert REGISTRY.get_sample_value("opentrail_tls_certificate_expires_timestamp_seconds") != before
        watching.cancel()

    asyncio.run(main())


def test_a_certificate_that_cannot_be_served_is_refused_at_the_start(place: tuple[Path, Path]) -> None:
    with pytest.raises(BadCertificate, match="no-such"):
        Certificate(str(place[0].with_name("no-such.pem")), str(place[1]))


def test_only_what_the_operator_allows_is_spoken(place: tuple[Path, Path]) -> None:
    with proxy(handle=answering(), tls=Certificate(str(place[0]), str(place[1]), "1.3").context) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            context.wrap_socket(plain)


def test_old_ciphers_are_not_offered(place: tuple[Path, Path]) -> None:
    names = {cipher["name"] for cipher in Certificate(str(place[0]), str(place[1])).context.get_ciphers()}
    assert names
    assert all(("GCM" in name or "CHACHA20" in name) for name in names), names

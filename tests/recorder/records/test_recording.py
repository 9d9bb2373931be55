"""What records say of the connection, the caller and the answer beyond what the service says itself."""

import datetime
import http.client
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opentrail.recorder.forwarding.upstreams import Upstream
from tests.recorder.rig import KEY, Arrived, RecorderServer, ScriptedUpstream, eventually, signed_headers

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_tls_is_told_as_it_was(start: Callable[..., RecorderServer], certificate: tuple[str, str]) -> None:
    recorder = start(tls=certificate)
    context = ssl.create_default_context(cafile=certificate[0])
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    headers = signed_headers("PUT", f"https://127.0.0.1:{recorder.port}/bucket/key", b"x")
    connection = http.client.HTTPSConnection("127.0.0.1", recorder.port, timeout=5, context=context)
    connection.request("PUT", "/bucket/key", b"x", headers)
    assert connection.getresponse().status == 200
    connection.close()
    record = recorder.record()
    assert record["tlsDetails"]["tlsVersion"] == "TLSv1.2"
    assert record["tlsDetails"]["cipherSuite"].startswith("ECDHE-")
    assert record["tlsDetails"]["clientProvidedHostHeader"] == f"127.0.0.1:{recorder.port}"
    assert record["additionalEventData"]["CipherSuite"] == record["tlsDetails"]["cipherSuite"]


def test_an_identity_that_the_upstream_verifies_is_believed_when_it_did(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start(upstreams=[Upstream("theirs", upstream.url, frozenset({"*"}), verify="upstream")])
    assert recorder.call("GET", "/", service="sqs", secret="checked elsewhere")[0] == 200
    assert recorder.record()["userIdentity"]["type"] == "Root"
    assert upstream.arrived[0].header("authorization") is not None

    async def deny(arrived: Arrived) -> None:
        await arrived.answer(403, b'{"__type":"InvalidSignatureException"}')

    upstream.script = deny
    assert recorder.call("GET", "/", service="sqs", secret="wrong")[0] == 403
    assert recorder.record(2)["userIdentity"] == {
        "type": "Unknown",
        "principalId": "",
        "accessKeyId": KEY,
    }


def test_the_region_is_the_scopes_own_but_for_global_services(recorder: RecorderServer) -> None:
    for service in ("sqs", "iam"):
        assert recorder.call("GET", "/", service=service, region="eu-west-1")[0] == 200
    assert [record["awsRegion"] for record in recorder.records()] == ["eu-west-1", "us-east-1"]


def test_a_document_too_long_to_read_passes_with_null_elements(
    recorder: RecorderServer, upstream: ScriptedUpstream
) -> None:
    answer = json.dumps({"TableNames": ["x" * 100] * 30_000}).encode()

    async def script(arrived: Arrived) -> None:
        await arrived.body()
        await arrived.answer(200, answer)

    upstream.script = script
    assert len(recorder.client("dynamodb").list_tables()["TableNames"]) == 30_000
    record = recorder.record()
    assert record["eventName"] == "ListTables" and record["responseElements"] is None
    assert recorder.journal.intents() == []


def test_a_download_of_100_megabytes_is_not_held(recorder: RecorderServer, upstream: ScriptedUpstream) -> None:
    size = 100 * MIB

    async def script(arrived: Arrived) -> None:
        arrived.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // MIB):
            arrived.writer.write(bytes(MIB))
            await arrived.writer.drain()

    upstream.script = script
    headers = signed_headers("GET", f"{recorder.url}/bucket/key")
    connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=20)
    before = highest = _resident_bytes()
    connection.request("GET", "/bucket/key", headers=headers)
    response = connection.getresponse()
    got = 0
    while part := response.read1(65536):
        got += len(part)
        if got % (8 * MIB) < 65536:
            highest = max(highest, _resident_bytes())
    connection.close()
    assert got == size
    assert highest - before < 16 * MIB, f"grew by {highest - before} bytes"


def test_a_call_under_way_when_the_server_stops_is_recorded(
    start: Callable[..., RecorderServer], upstream: ScriptedUpstream
) -> None:
    recorder = start()
    arrived_there = threading.Event()

    async def script(arrived: Arrived) -> None:
        await arrived.body()
        arrived_there.set()
        await arrived.reader.read()

    upstream.script = script
    failures: list[Exception] = []

    def ask() -> None:
        try:
            recorder.call("DELETE", "/bucket/key")
        except (http.client.HTTPException, OSError) as failure:
            failures.append(failure)

    caller = threading.Thread(target=ask)
    caller.start()
    assert arrived_there.wait(5)
    recorder.stop_serving()
    caller.join(5)
    record = eventually(recorder.records)[0]
    assert (record["eventName"], record["errorCode"]) == ("DeleteObject", "ServiceUnavailable")
    assert "stopped" in record["errorMessage"]


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

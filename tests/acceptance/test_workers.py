"""Several processes that answer calls, over TLS as well: one history, one set of keys, one set of metrics."""

import datetime
import ipaddress
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.acceptance.program import Program, eventually

pytestmark = pytest.mark.acceptance

PEOPLE = 6


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key: their files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "opentrail test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(files[0]), str(files[1])


class Secured(Program):
    """The program, asked over TLS."""

    authority = ""

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def fresh(self, service: str, **key: str) -> Any:
        """A client with a connection of its own: any process may get it."""
        return boto3.session.Session().client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            verify=self.authority,
            config=Config(retries={"total_max_attempts": 1}),
            **(key or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}),
        )

    def get(self, path: str) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=self.authority)
        address = f"https://127.0.0.1:{self.console_port}{path}"
        with urllib.request.urlopen(address, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("workers")
    authority, key = certificate(folder)
    running = Secured(folder / "data", ("--workers", "3", "--tls-cert", authority, "--tls-key", key))
    running.authority = authority
    running.start()
    workers = eventually(
        lambda: len(worker_ids(running)) == 2 and metric(running, "opentrail_client_connections"), seconds=30
    )
    assert workers is not False
    yield running
    assert running.stop() == 0, "".join(running.output[-40:])


def worker_ids(program: Program) -> list[int]:
    assert program.process is not None
    command = ["pgrep", "-P", str(program.process.pid), "-f", "opentrail.server.call_workers.worker"]
    return [int(found) for found in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()]


def metric(program: Secured, name: str) -> float:
    """A metric, all its labels added up."""
    lines = program.get("/metrics")[1].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.split("{")[0].split(" ")[0] == name)


def test_a_key_made_in_one_process_is_known_in_all_when_its_answer_is_there(program: Secured) -> None:
    for number in range(PEOPLE):
        iam = program.fresh("iam")
        iam.create_user(UserName=f"user-{number}")
        made = iam.create_access_key(UserName=f"user-{number}")["AccessKey"]
        key = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
        for _ in range(4):
            program.fresh("sqs", **key).list_queues()
    events = program.events("--category", "all", "--event-name", "ListQueues")
    assert len(events) == 4 * PEOPLE
    assert {event["userIdentity"]["userName"] for event in events} == {f"user-{number}" for number in range(PEOPLE)}
    assert all(event["tlsDetails"]["tlsVersion"].startswith("TLSv1.") for event in events)


def test_the_history_is_asked_in_whichever_process_and_knows_the_caller(program: Secured) -> None:
    for _ in range(8):
        program.fresh("cloudtrail").lookup_events(MaxResults=1)
    found = program.events("--category", "all", "--event-name", "LookupEvents")
    assert len(found) == 8
    assert {event["sourceIPAddress"] for event in found} == {"127.0.0.1"}
    assert all(event["tlsDetails"]["tlsVersion"].startswith("TLSv1.") for event in found)
    assert eventually(lambda: metric(program, "opentrail_records_kept_total") >= 8 + 4 * PEOPLE, seconds=5)


def test_a_worker_that_is_killed_is_started_again(program: Secured) -> None:
    victim = worker_ids(program)[0]
    os.kill(victim, 9)
    assert eventually(lambda: len(worker_ids(program)) == 2 and victim not in worker_ids(program), seconds=20)
    for _ in range(6):
        assert "QueueUrls" not in program.fresh("sqs").list_queues()

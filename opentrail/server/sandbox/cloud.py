"""The embedded cloud of `opentrail up`: SeaweedFS for S3, durable, and moto for the other services, in memory.

Both listen on loopback ports of their own that change with every start; only the recorder talks to them. SeaweedFS
knows one key, made at the first start and kept in the secrets folder. For SSE-KMS it asks moto's KMS, whose keys are
kept beside (see server/sandbox/services.py); keys must be of us-east-1, where SeaweedFS has its buckets.
"""

import http.client
import importlib.util
import json
import os
import secrets
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from opentrail.errors import OpenTrailError
from opentrail.server.data_folder import DataFolder
from opentrail.server.ports.listening import free_ports
from opentrail.server.processes.children import Child, Program, wait_until

LOOPBACK = "127.0.0.1"
START_SECONDS = 60.0
SEAWEEDFS_HEAP = "384MiB"  # below 320 MiB its garbage collector takes most of the time
KMS_REGION = "us-east-1"
SEAWEEDFS_VOLUME_MB = 64  # small volumes, since every bucket takes several


class SandboxMissing(OpenTrailError):
    """The sandbox's parts are not installed: pip install 'opentrail[sandbox]'."""


@dataclass(frozen=True, slots=True)
class S3Key:
    """The one key that SeaweedFS knows, and the key that seals its SSE-S3 objects."""

    access_key_id: str
    secret_access_key: str
    seal_hex: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The running cloud."""

    s3: Child
    services: Child
    s3_url: str
    services_url: str
    s3_key: S3Key

    @property
    def children(self) -> list[Child]:
        """Both processes."""
        return [self.s3, self.services]


def start_sandbox(folder: DataFolder) -> Sandbox:
    """Start both parts side by side; returns at once, `wait_sandbox` says when they answer.

    Raises SandboxMissing where the extra `sandbox` is not installed.
    """
    folder.sandbox.mkdir(parents=True, exist_ok=True)
    key = _s3_key(folder.secrets / "sandbox-s3.json")
    ports = free_ports(9)
    s3 = Child(_seaweedfs(folder, key, ports[:8], f"http://{LOOPBACK}:{ports[8]}"))
    services = Child(_moto(folder, ports[8]))
    return Sandbox(s3, services, f"http://{LOOPBACK}:{ports[0]}", f"http://{LOOPBACK}:{ports[8]}", key)


def wait_sandbox(sandbox: Sandbox) -> None:
    """Return when both parts answer calls. Raises ChildFailed."""
    services_port = int(sandbox.services_url.rpartition(":")[2])
    wait_until(lambda: _answers(services_port, "/moto-api/"), sandbox.services, START_SECONDS)
    _run_lambda_without_docker(services_port)
    s3_port = int(sandbox.s3_url.rpartition(":")[2])
    wait_until(lambda: _answers(s3_port, "/healthz"), sandbox.s3, START_SECONDS)


def _s3_key(path: Path) -> S3Key:
    if path.exists():
        kept = json.loads(path.read_text("utf-8"))
        return S3Key(kept["access_key_id"], kept["secret_access_key"], kept["seal_hex"])
    key = S3Key("opentrail-sandbox", secrets.token_urlsafe(30), secrets.token_hex(32))
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(
            {
                "access_key_id": key.access_key_id,
                "secret_access_key": key.secret_access_key,
                "seal_hex": key.seal_hex,
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return key


def _seaweedfs(folder: DataFolder, key: S3Key, ports: list[int], kms_url: str) -> Program:
    program = Path(sysconfig.get_path("scripts")) / "weed"
    command = str(program) if program.exists() else shutil.which("weed")
    if command is None:
        raise SandboxMissing
    data = folder.sandbox / "s3"
    data.mkdir(exist_ok=True)
    identities = folder.secrets / "seaweedfs.json"
    _write_identities(identities, key, kms_url)
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = ports
    return Program(
        "seaweedfs",
        [
            command,
            "mini",
            f"-dir={data}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-master.telemetry=false",
            f"-master.volumeSizeLimitMB={SEAWEEDFS_VOLUME_MB}",
            f"-master.port={master}",
            f"-master.port.grpc={master_grpc}",
            "-volume.max=0",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume_grpc}",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer_grpc}",
            f"-s3.config={identities}",
            f"-s3.port={s3}",
            f"-s3.port.grpc={s3_grpc}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",  # as S3: NoSuchBucket
            "-s3.allowDeleteBucketNotEmpty=false",  # as S3: BucketNotEmpty, and nothing is lost
            "-admin.ui=false",
            "-webdav=false",
        ],
        {
            "WEED_S3_SSE_KEK": key.seal_hex,
            "GOMEMLIMIT": SEAWEEDFS_HEAP,
            "AWS_ACCESS_KEY_ID": "sandbox",  # for KMS, which asks for no signature
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        },
        folder.sandbox,
        folder.sandbox / "logs" / "seaweedfs.log",
    )


def _write_identities(path: Path, key: S3Key, kms_url: str) -> None:
    """Who may do what at SeaweedFS, the recorder alone and everything; and where its KMS is."""
    credentials = [{"accessKey": key.access_key_id, "secretKey": key.secret_access_key}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    kms = {"type": "aws", "region": KMS_REGION, "endpoint": kms_url}
    settings = {
        "identities": [{"name": "opentrail", "credentials": credentials, "actions": actions}],
        "kms": {"default_provider": "aws", "providers": {"aws": kms}},
    }
    path.write_text(json.dumps(settings), "utf-8")
    path.chmod(0o600)


def _moto(folder: DataFolder, port: int) -> Program:
    if importlib.util.find_spec("moto") is None:
        raise SandboxMissing
    return Program(
        "moto",
        [sys.executable, "-m", "opentrail.server.sandbox.services", "-H", LOOPBACK, "-p", str(port)],
        {
            "MOTO_LAMBDA_DATA_DIR": str(folder.sandbox / "lambda"),
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            "OPENTRAIL_SANDBOX_KMS": str(folder.secrets / "sandbox-kms.json"),
        },
        folder.sandbox,
        folder.sandbox / "logs" / "moto.log",
    )


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _run_lambda_without_docker(port: int) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10.0)
    try:
        body = json.dumps({"lambda": {"use_docker": False}, "batch": {"use_docker": False}})
        connection.request("POST", "/moto-api/config", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    finally:
        connection.close()

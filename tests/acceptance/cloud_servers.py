"""Other people's AWS-compatible servers, started for a test where they are installed: how, and with which settings."""

import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.program import free_port

START_SECONDS = 60.0


@dataclass(frozen=True)
class CloudServer:
    """One product: its command (`{port}`, `{folder}` are filled in), and the settings that docs/UPSTREAMS.md gives."""

    name: str
    program: str  # as PATH has it
    installed_with: str
    arguments: tuple[str, ...]
    services: tuple[str, ...]
    settings: str  # of its [[upstream]]
    environment: dict[str, str] = field(default_factory=dict)


MOTO = CloudServer(
    "moto", "moto_server", "pip install 'moto[server]'", ("-H", "127.0.0.1", "-p", "{port}"),
    ("s3", "dynamodb", "sqs", "iam"), 'signing = "passthrough"',
)  # fmt: skip
MINISTACK = CloudServer(
    "ministack", "ministack", "pip install ministack", (),
    ("s3", "dynamodb", "sqs", "iam"), 'signing = "resign"\naccess_key_id = "test"\nsecret_access_key = "test"',
    {"GATEWAY_PORT": "{port}"},
)  # fmt: skip
DYNALITE = CloudServer(
    "dynalite", "dynalite", "npm install --global dynalite", ("--host", "127.0.0.1", "--port", "{port}"),
    ("dynamodb",), 'signing = "passthrough"',
)  # fmt: skip
S3RVER = CloudServer(
    "s3rver", "s3rver", "npm install --global s3rver", ("-a", "127.0.0.1", "-p", "{port}", "-d", "{folder}"),
    ("s3",), 'signing = "resign"\naccess_key_id = "S3RVER"\nsecret_access_key = "S3RVER"',
)  # fmt: skip
SERVERS = (MOTO, MINISTACK, DYNALITE, S3RVER)


@contextmanager
def started(server: CloudServer, folder: Path) -> Iterator[str]:
    """Its URL, once it listens; the test is skipped where the product is not installed."""
    beside = Path(sysconfig.get_path("scripts")) / server.program
    command = str(beside) if beside.exists() else shutil.which(server.program)
    if command is None:
        pytest.skip(f"{server.program} is not installed: {server.installed_with}")
    folder.mkdir(parents=True)
    port = free_port()
    told = {"port": str(port), "folder": str(folder)}
    line = [command, *(argument.format(**told) for argument in server.arguments)]
    environment = {name: value.format(**told) for name, value in server.environment.items()}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(line, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)

"""A real S3 for tests: SeaweedFS on loopback, with one key."""

import json
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from opentrail.server.ports.listening import free_ports

KEY = {"AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_DEFAULT_REGION": "us-east-1"}
START_SECONDS = 60.0


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Its URL, once it answers."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    command = str(program) if program.exists() else shutil.which("weed")
    if command is None:
        pytest.skip("SeaweedFS is not installed: the extra `sandbox` brings it")
    identity = {
        "name": "admin",
        "credentials": [{"accessKey": KEY["AWS_ACCESS_KEY_ID"], "secretKey": KEY["AWS_SECRET_ACCESS_KEY"]}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    names = ["s3.port", "s3.port.grpc", "master.port", "master.port.grpc"]
    names += ["volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    flags = ["-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.config=s3.json"]
    flags += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-admin.ui=false", "-webdav=false"]
    flags += [f"-{name}={port}" for name, port in ports.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command, "mini", *flags], cwd=folder, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


def client(url: str) -> Any:
    """boto3's S3 client with the one key."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=KEY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEY["AWS_SECRET_ACCESS_KEY"],
        region_name=KEY["AWS_DEFAULT_REGION"],
        config=Config(s3={"addressing_style": "path"}, connect_timeout=2, retries={"max_attempts": 1}),
    )


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client(url).create_bucket(Bucket="ready")
            return
        except (BotoCoreError, ClientError):
            assert process.poll() is None, "SeaweedFS ended"
            assert time.monotonic() < deadline, "SeaweedFS does not answer"
            time.sleep(0.2)

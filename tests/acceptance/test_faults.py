"""Disk full, upstream gone, wrong settings: a clear error, the documented record or count, a healthy server after."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import Program, eventually

pytestmark = pytest.mark.acceptance


def test_a_full_disk_refuses_calls_and_says_so_afterwards(small_disk: Path) -> None:
    program = Program(small_disk / "data", ("--no-sandbox",)).start()
    client = program.client("cloudtrail")
    client.lookup_events()
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(small_disk)
        file.write(b"\0" * (free.f_bavail * free.f_frsize - 8 * 1024 * 1024))

    def refused() -> bool:
        try:
            client.lookup_events()
        except ClientError as failure:
            return failure.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        return False

    assert eventually(refused, seconds=5), "calls go on although the journal cannot keep them"
    filler.unlink()
    assert eventually(lambda: not refused(), seconds=5), "the server does not recover"

    def service_event() -> list[dict[str, object]]:
        return [e for e in program.events("--category", "all") if e.get("eventType") == "AwsServiceEvent"]

    found = eventually(service_event, seconds=5)
    assert found, "no service event names the interval"
    details = found[0]["serviceEventDetails"]
    assert isinstance(details, dict) and details["callsRefused"] >= 1
    assert program.stop() == 0
    assert program.opentrail("check").returncode == 0


def test_other_services_without_the_sandbox_are_refused_and_recorded(program: Program) -> None:
    program.start()
    with pytest.raises(ClientError) as refused:
        program.client("sns").list_topics()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    found = program.events("--event-name", "ListTopics")
    assert found and found[0]["errorCode"] == "ServiceUnavailable"
    assert program.stop() == 0


def test_a_second_server_on_the_same_folder_is_refused(program: Program) -> None:
    program.start()
    second = program.opentrail("up", "--no-sandbox", "--port", "0", "--console-port", "0")
    assert second.returncode == 1 and "in use" in second.stderr


def test_the_sandbox_listens_on_loopback_alone(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    refused = program.opentrail("up", "--host", "0.0.0.0")
    assert refused.returncode == 1 and "loopback" in refused.stderr


def test_an_unknown_setting_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    config = tmp_path / "opentrail.toml"
    config.write_text('[server]\nguarante = "durable"\n')
    refused = Program(tmp_path / "data").opentrail("serve", "--config", str(config))
    assert refused.returncode == 1 and "did you mean guarantee?" in refused.stderr


def test_a_dead_upstream_is_an_error_and_an_event(tmp_path: Path) -> None:
    program = Program(tmp_path / "data").start()
    assert program.process is not None
    listed = subprocess.run(
        ["pgrep", "-P", str(program.process.pid), "weed"], capture_output=True, text=True, check=True
    )
    os.kill(int(listed.stdout.split()[0]), 9)
    with pytest.raises(ClientError) as failed:
        program.client("s3").list_buckets()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] in (502, 503)
    found = program.events("--event-name", "ListBuckets")
    assert found and found[0]["errorCode"]

    def back() -> bool:
        try:
            return "Buckets" in program.client("s3").list_buckets()
        except ClientError:
            return False

    assert eventually(back, seconds=15), "the child was not started again"
    status, body = program.get("/healthz")
    assert status == 200, json.loads(body)
    assert program.stop() == 0

"""kill -9 during delivery, into an S3 that fails one write in five: every event is in one log file, the chain valid."""

import os
import random
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.buckets import keys_of, log_files
from tests.acceptance.faulty_store import FAULTS, FaultyStore
from tests.acceptance.load import Clients
from tests.acceptance.program import Program, eventually
from tests.acceptance.trail_making import bucket_policy, everything_is_delivered, trails_position
from tests.objects.seaweedfs import KEY, client, seaweedfs

pytestmark = pytest.mark.acceptance

ACCOUNT = "123456789012"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"
BUCKET = "audit-logs"
CONFIG = """
[server]
port = {port}
console_port = {console_port}
account = "{account}"

[history]
commit_interval_seconds = 1

[delivery]
interval_seconds = 1
digest_interval_seconds = 3
server_side_encryption = "bucket"

[[upstream]]
name = "store"
url = "{store}"
services = ["s3"]
access_key_id = "{store_key}"
secret_access_key = "{store_secret}"

[[principal]]
access_key_id = "test"
secret_access_key = "test"
"""


def _program(folder: Path, store: str) -> Program:
    program = Program(folder / "opentrail", config=folder / "opentrail.toml")
    (folder / "opentrail.toml").write_text(
        CONFIG.format(
            port=program.port,
            console_port=program.console_port,
            account=ACCOUNT,
            store=store,
            store_key=KEY["AWS_ACCESS_KEY_ID"],
            store_secret=KEY["AWS_SECRET_ACCESS_KEY"],
        )
    )
    return program


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["eventTime"]).timestamp()


class Delivered(NamedTuple):
    answered: list[str]  # request IDs of calls that were answered
    missing: list[str]  # names of due events, and answered calls, that are in no log file
    twice: list[str]  # event IDs in more than one place, and keys of objects with a second version


def _rounds(folder: Path, rounds: int) -> Delivered:
    """Kill the program under load `rounds` times, let it deliver all; what the bucket then has."""
    chance = random.Random(20260304)
    with seaweedfs(folder) as url:
        store = FaultyStore(url)
        program = _program(folder, store.url)
        try:
            _begin(program)
            answered = _load(program, rounds, chance)
            program.start()
            clients = Clients(program, 2).start()
            met = eventually(lambda: set(FAULTS) <= store.faults.keys(), seconds=60)
            clients.stop()
            assert met, f"not every fault was met: {store.faults}"
            store.share = 0.0
            program.client("cloudtrail").stop_logging(Name="audit")
            assert everything_is_delivered(program, seconds=120)
            return _delivered(program, client(url), answered)
        finally:
            if program.process is not None and program.process.poll() is None:
                program.kill()
            store.close()


def _begin(program: Program) -> None:
    """A bucket, whose objects cannot be deleted, and a trail that logs."""
    program.start()
    _make_bucket(program.client("s3"))
    cloudtrail = program.client("cloudtrail")
    cloudtrail.create_trail(Name="audit", S3BucketName=BUCKET, EnableLogFileValidation=True)
    time.sleep(1.1)  # StartLogging has a second of its own
    cloudtrail.start_logging(Name="audit")
    program.kill()


def _make_bucket(s3: Any) -> None:
    """Versioned and locked: a second version of a file could never be removed."""
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    retention = {"Mode": "COMPLIANCE", "Days": 1}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=lock)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy(BUCKET))


def _load(program: Program, rounds: int, chance: random.Random) -> list[str]:
    """Calls and kills; the request ids of the calls that were answered."""
    answered: list[str] = []
    for _ in range(rounds):
        program.start()
        clients = Clients(program, 2).start()
        before = trails_position(program)
        assert eventually(lambda start=before: trails_position(program) > start, seconds=60), "nothing is cut"
        time.sleep(chance.uniform(0.0, 2.0))
        program.kill()
        clients.stop()
        answered += clients.answered
    return answered


def _delivered(program: Program, s3: Any, answered: list[str]) -> Delivered:
    """What the bucket has, of which everything validates."""
    events = program.events("--category", "management")
    delivered = [record for records in log_files(s3, BUCKET).values() for record in records]
    times = Counter(record["eventID"] for record in delivered)
    twice = [event_id for event_id, count in times.items() if count > 1]
    assert times.keys() <= {event["eventID"] for event in events}, "a log file has what the history has not"
    start = next(_seconds(event) for event in events if event["eventName"] == "StartLogging")
    stop = next(_seconds(event) for event in events if event["eventName"] == "StopLogging")
    due = [event for event in events if start <= _seconds(event) < stop]
    missing = [event["eventName"] for event in due if event["eventID"] not in times]
    missing += sorted(set(answered) - {record["requestID"] for record in delivered})
    versions = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    written = Counter(version["Key"] for page in versions for version in page.get("Versions", ()))
    twice += [key for key, count in written.items() if count > 1]
    validated = program.aws(
        "cloudtrail", "validate-logs", "--trail-arn", TRAIL, "--start-time", "2026-01-01T00:00:00Z", timeout=600
    )
    assert validated.returncode == 0 and "INVALID" not in validated.stdout, validated.stdout + validated.stderr
    count = len(keys_of(s3, BUCKET, "/CloudTrail/"))
    named = [line for line in validated.stdout.splitlines() if line.endswith("log files valid")]
    named += [line for line in validated.stdout.splitlines() if "backfill" in line and "log files valid" in line]
    assert named and count > 3
    assert sum(int(line.split("/")[0]) for line in set(named)) == count, validated.stdout
    return Delivered(answered, missing, twice)


def test_kill_9_and_a_failing_s3_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    delivered = _rounds(tmp_path, 10)
    assert len(delivered.answered) > 10, "the load never ran"
    assert (delivered.missing, delivered.twice) == ([], [])


@pytest.mark.soak
def test_kill_9_and_a_failing_s3_two_hundred_times(tmp_path: Path) -> None:
    rounds = int(os.environ.get("OPENTRAIL_SOAK_ROUNDS", "200"))
    delivered = _rounds(tmp_path, rounds)
    assert len(delivered.answered) > rounds, "the load never ran"
    assert (delivered.missing, delivered.twice) == ([], [])

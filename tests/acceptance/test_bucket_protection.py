"""What protects a trail's bucket is looked at in a real S3, and told in log, metrics and by `opentrail check`."""

import json
from pathlib import Path

import pytest

from tests.acceptance.program import Program, eventually
from tests.acceptance.trail_making import bucket_policy, make_bucket


@pytest.mark.acceptance
def test_buckets_that_protect_nothing_are_warned_of(tmp_path: Path) -> None:
    program = Program(tmp_path / "data").start()
    try:
        s3, trails = program.client("s3"), program.client("cloudtrail")
        make_bucket(program, "open-logs")
        s3.create_bucket(Bucket="locked-logs", ObjectLockEnabledForBucket=True)
        s3.put_bucket_policy(Bucket="locked-logs", Policy=bucket_policy("locked-logs"))
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}
        s3.put_object_lock_configuration(Bucket="locked-logs", ObjectLockConfiguration=lock)
        for bucket in ("open-logs", "locked-logs"):
            trails.create_trail(Name=f"to-{bucket}", S3BucketName=bucket)

        def told() -> bool:
            metrics = program.get("/metrics")[1]
            return 'unprotected{what="mfa-delete"} 2.0' in metrics and 'unprotected{what="versioning"} 1.0' in metrics

        assert eventually(told, seconds=30)
        checked = program.opentrail("check", "--json")
        assert checked.returncode == 0, "a warning is no problem of the data folder"
        buckets = {one["bucket"]: one for one in json.loads(checked.stdout)["buckets"]}
        assert buckets["locked-logs"]["objectLock"] == "COMPLIANCE 30 days"
        assert (buckets["locked-logs"]["versioning"], buckets["open-logs"]["versioning"]) == (True, False)
        warnings = [line for line in json.loads(checked.stdout)["warnings"] if "open-logs" in line]
        assert len(warnings) == 3
    finally:
        assert program.stop() == 0
    assert "versioning is off" in "".join(program.output)

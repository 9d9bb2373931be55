"""Prowler's CloudTrail checks: they pass for a well-made trail and fail for a badly made one.

Prowler is large and has dependencies of its own, so it lives in an environment of its own: OPENTRAIL_PROWLER names its
executable. Where it does not, the test is skipped. Two checks ask for bucket features that the sandbox's S3 lacks
(docs/TRAILS.md names them): for them it is shown that nothing else is wrong.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import REGION, Program, eventually
from tests.acceptance.trail_making import make_bucket, make_key, make_log_group

pytestmark = pytest.mark.acceptance

PROWLER = "OPENTRAIL_PROWLER"
SECONDS = 400

OF_A_TRAIL = {
    "cloudtrail_bedrock_logging_enabled",
    "cloudtrail_cloudwatch_logging_enabled",
    "cloudtrail_insights_exist",
    "cloudtrail_kms_encryption_enabled",
    "cloudtrail_log_file_validation_enabled",
    "cloudtrail_multi_region_enabled",
    "cloudtrail_multi_region_enabled_logging_management_events",
    "cloudtrail_s3_dataevents_read_enabled",
    "cloudtrail_s3_dataevents_write_enabled",
}
OF_A_LOGGING_TRAIL = {"cloudtrail_insights_exist", "cloudtrail_bucket_requires_mfa_delete"}  # asked of no other
OF_ITS_BUCKET = {"cloudtrail_logs_s3_bucket_is_not_publicly_accessible"}
LACKING_IN_THE_SANDBOX = {"cloudtrail_bucket_requires_mfa_delete", "cloudtrail_logs_s3_bucket_access_logging_enabled"}
THREATS = {
    "cloudtrail_threat_detection_enumeration",
    "cloudtrail_threat_detection_llm_jacking",
    "cloudtrail_threat_detection_privilege_escalation",
}
CHECKS = OF_A_TRAIL | OF_ITS_BUCKET | LACKING_IN_THE_SANDBOX | THREATS


@pytest.fixture
def delivering(tmp_path: Path) -> Iterator[Program]:
    """A sandbox that delivers every second."""
    if not os.environ.get(PROWLER):
        pytest.skip(f"{PROWLER} names no Prowler")
    program = Program(tmp_path / "data", ("--delivery-interval", "1")).start()
    yield program
    assert program.stop() == 0


def findings(program: Program, folder: Path) -> dict[str, str]:
    """The status of each check, by its name."""
    command = [os.environ[PROWLER], "aws", "--region", REGION, "--check", *sorted(CHECKS)]
    command += ["-M", "json-ocsf", "-o", str(folder), "-F", "out", "--no-banner", "--ignore-exit-code-3"]
    environment = program.environment() | {"HOME": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((folder / "out.ocsf.json").read_text())
    return {one["metadata"]["event_code"]: one["status_code"] for one in found}


def test_a_well_made_trail_passes_and_a_badly_made_one_fails(delivering: Program, tmp_path: Path) -> None:
    trails = delivering.client("cloudtrail")
    make_bucket(delivering, "bad-logs")
    trails.create_trail(Name="bad", S3BucketName="bad-logs")
    trails.put_event_selectors(TrailName="bad", EventSelectors=[{"IncludeManagementEvents": False}])
    bad = findings(delivering, tmp_path / "bad")
    failed = (OF_A_TRAIL | LACKING_IN_THE_SANDBOX) - OF_A_LOGGING_TRAIL
    assert {name for name in CHECKS if bad.get(name) == "FAIL"} == failed, bad
    trails.delete_trail(Name="bad")

    make_bucket(delivering, "good-logs")
    group, role = make_log_group(delivering, "good-events")
    trails.create_trail(
        Name="good",
        S3BucketName="good-logs",
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
        CloudWatchLogsLogGroupArn=group,
        CloudWatchLogsRoleArn=role,
    )
    data = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
    trails.put_event_selectors(TrailName="good", EventSelectors=[{"DataResources": data}])
    insights = [{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]
    trails.put_insight_selectors(TrailName="good", InsightSelectors=insights)
    trails.start_logging(Name="good")
    delivering.client("iam").create_user(UserName="somebody")
    assert eventually(lambda: "LatestCloudWatchLogsDeliveryTime" in trails.get_trail_status(Name="good"), seconds=60), (
        trails.get_trail_status(Name="good")
    )
    trails.update_trail(Name="good", KmsKeyId=make_key(delivering))
    good = findings(delivering, tmp_path / "good")
    passed = {name for name, status in good.items() if status == "PASS"}
    assert passed == CHECKS - LACKING_IN_THE_SANDBOX, good
    assert {name for name, status in good.items() if status == "FAIL"} == LACKING_IN_THE_SANDBOX

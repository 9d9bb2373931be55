"""A trail's life by the AWS CLI and boto3 in the sandbox, and what the account's owner sees of it."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, REGION, Program, eventually
from tests.acceptance.trail_making import bucket_policy, make_bucket, make_key, make_log_group

pytestmark = pytest.mark.acceptance

SELECTORS = [
    {
        "Name": "writes",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "readOnly", "Equals": ["false"]},
        ],
    }
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A sandbox that delivers every second."""
    program = Program(tmp_path_factory.mktemp("trails") / "data", ("--delivery-interval", "1")).start()
    yield program
    assert program.stop() == 0, "".join(program.output[-40:])


def cli(sandbox: Program, *arguments: str) -> Any:
    """The answer of one command of the AWS CLI."""
    done = sandbox.aws(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_a_trail_by_the_aws_cli(sandbox: Program) -> None:
    create = ("cloudtrail", "create-trail", "--name", "by-cli", "--s3-bucket-name", "cli-logs")
    assert "S3BucketDoesNotExistException" in sandbox.aws(*create).stderr
    cli(sandbox, "s3api", "create-bucket", "--bucket", "cli-logs")
    assert "InsufficientS3BucketPolicyException" in sandbox.aws(*create).stderr
    cli(sandbox, "s3api", "put-bucket-policy", "--bucket", "cli-logs", "--policy", bucket_policy("cli-logs"))
    made = cli(sandbox, *create, "--is-multi-region-trail", "--enable-log-file-validation")
    assert made["TrailARN"] == f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/by-cli"
    put = ("cloudtrail", "put-event-selectors", "--trail-name", "by-cli")
    answer = cli(sandbox, *put, "--advanced-event-selectors", json.dumps(SELECTORS))
    assert answer["AdvancedEventSelectors"] == SELECTORS
    cli(sandbox, "cloudtrail", "start-logging", "--name", "by-cli")
    assert cli(sandbox, "cloudtrail", "get-trail-status", "--name", "by-cli")["IsLogging"] is True
    tags = ("--resource-id", made["TrailARN"], "--tags-list", "Key=team,Value=platform")
    cli(sandbox, "cloudtrail", "add-tags", *tags)
    listed = cli(sandbox, "cloudtrail", "list-tags", "--resource-id-list", made["TrailARN"])
    assert listed["ResourceTagList"][0]["TagsList"] == [{"Key": "team", "Value": "platform"}]
    described = cli(sandbox, "cloudtrail", "describe-trails", "--region", "eu-west-1")
    assert [one["Name"] for one in described["trailList"]] == ["by-cli"]
    assert (
        "InvalidHomeRegionException"
        in sandbox.aws("cloudtrail", "stop-logging", "--name", made["TrailARN"], "--region", "eu-west-1").stderr
    )
    cli(sandbox, "cloudtrail", "stop-logging", "--name", "by-cli")
    cli(sandbox, "cloudtrail", "delete-trail", "--name", "by-cli")
    assert cli(sandbox, "cloudtrail", "list-trails")["Trails"] == []


def test_the_bucket_s_owner_sees_who_asked(sandbox: Program) -> None:
    make_bucket(sandbox, "seen-logs")
    trails = sandbox.client("cloudtrail")
    trails.create_trail(Name="seen", S3BucketName="seen-logs")
    trails.delete_trail(Name="seen")
    acl = [
        event
        for event in sandbox.events("--event-name", "GetBucketAcl")
        if event["requestParameters"]["bucketName"] == "seen-logs"
    ]
    assert acl and acl[0]["userIdentity"] == {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}
    assert acl[0]["sourceIPAddress"] == acl[0]["userAgent"] == "cloudtrail.amazonaws.com"


def delivered(sandbox: Program, bucket: str) -> list[str]:
    """Names and users of the events in all log files of a bucket."""
    s3 = sandbox.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    found: list[str] = []
    for key in keys:
        if "/CloudTrail/" in key:
            records = json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))["Records"]
            found += [f"{one['eventName']} {(one['requestParameters'] or {}).get('userName', '')}" for one in records]
    return found


def test_a_stop_is_the_last_event_of_its_trail(sandbox: Program) -> None:
    make_bucket(sandbox, "stopped-logs")
    trails, iam = sandbox.client("cloudtrail"), sandbox.client("iam")
    trails.create_trail(Name="stopped", S3BucketName="stopped-logs")
    iam.create_user(UserName="unseen")
    trails.start_logging(Name="stopped")
    iam.create_user(UserName="seen")
    trails.stop_logging(Name="stopped")
    iam.create_user(UserName="after")
    assert eventually(lambda: "StopLogging " in delivered(sandbox, "stopped-logs"), seconds=60)
    users = [one for one in delivered(sandbox, "stopped-logs") if one.startswith(("CreateUser", "StopLogging"))]
    assert sorted(users) == ["CreateUser seen", "StopLogging "]  # two files of one minute lie in no order
    trails.delete_trail(Name="stopped")


def test_destinations_in_the_sandbox(sandbox: Program) -> None:
    make_bucket(sandbox, "all-logs")
    key = make_key(sandbox)
    group, role = make_log_group(sandbox, "all-events")
    trails = sandbox.client("cloudtrail")
    logs = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
    made = trails.create_trail(Name="all", S3BucketName="all-logs", KmsKeyId=key, **logs)
    assert (made["KmsKeyId"], made["CloudWatchLogsLogGroupArn"]) == (key, group)
    with pytest.raises(ClientError, match="InsufficientSnsTopicPolicyException"):
        trails.update_trail(Name="all", SnsTopicName="missing")
    assert "KmsKeyId" not in trails.update_trail(Name="all", KmsKeyId="")
    trails.delete_trail(Name="all")


def test_trails_outlive_the_program(program: Program) -> None:
    folder = program.data_dir.parent / "buckets"
    (folder / "kept-logs").mkdir(parents=True)
    program.config = program.data_dir.parent / "opentrail.toml"
    program.config.write_text(
        f"[server]\nport = {program.port}\nconsole_port = {program.console_port}\n"
        f'[delivery]\ndirectory = "{folder}"\n'
        '[[principal]]\naccess_key_id = "AKIAKEPT"\nsecret_access_key = "secret"\n'
    )
    program.options = ()
    program.start()
    trails = program.client("cloudtrail", "AKIAKEPT", "secret")
    trails.create_trail(Name="kept", S3BucketName="kept-logs", IsMultiRegionTrail=True)
    trails.start_logging(Name="kept")
    program.kill()
    program.start()
    trails = program.client("cloudtrail", "AKIAKEPT", "secret")
    assert trails.get_trail_status(Name="kept")["IsLogging"] is True
    assert trails.get_trail(Name="kept")["Trail"]["IsMultiRegionTrail"] is True
    assert program.stop() == 0

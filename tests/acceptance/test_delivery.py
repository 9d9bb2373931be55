"""Trails of the sandbox end to end: files that the AWS CLI validates, messages, log groups, errors that are shown."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.buckets import keys_of, log_files, records
from tests.acceptance.program import ACCOUNT, REGION, Program, eventually
from tests.acceptance.trail_making import everything_is_delivered, make_bucket, make_key, make_log_group, make_topic

pytestmark = pytest.mark.acceptance

DIGEST_SECONDS = 3.0
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A sandbox that delivers every second and signs every three."""
    options = ("--delivery-interval", "1", "--digest-interval", str(DIGEST_SECONDS))
    program = Program(tmp_path_factory.mktemp("delivery") / "data", options).start()
    yield program
    assert program.stop() == 0, "".join(program.output[-40:])


def _trail(program: Program, name: str, **members: Any) -> str:
    """A trail that logs, with a bucket of its own; its ARN."""
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}"
    make_bucket(program, f"{name}-logs")
    cloudtrail = program.client("cloudtrail")
    cloudtrail.create_trail(Name=name, S3BucketName=f"{name}-logs", **members)
    cloudtrail.start_logging(Name=name)
    return arn


def _status(program: Program, name: str) -> dict[str, Any]:
    status: dict[str, Any] = program.client("cloudtrail").get_trail_status(Name=name)
    return status


def test_the_aws_cli_validates_three_windows_and_a_key_rotation_and_tells_what_was_touched(sandbox: Program) -> None:
    arn = _trail(sandbox, "audit", EnableLogFileValidation=True)
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    digests: list[str] = []

    def works(windows: int) -> bool:
        iam.list_users()
        digests[:] = keys_of(s3, "audit-logs", "/CloudTrail-Digest/")
        return len(digests) >= windows

    assert eventually(lambda: works(1), seconds=60)
    rotated = sandbox.opentrail("digest-keys", "rotate", "--region", REGION)
    assert rotated.returncode == 0 and REGION in rotated.stdout
    assert eventually(lambda: works(3), seconds=60)
    sandbox.client("cloudtrail").stop_logging(Name="audit")
    assert everything_is_delivered(sandbox, seconds=30) and eventually(lambda: works(4), seconds=30)

    files = keys_of(s3, "audit-logs", "/CloudTrail/")
    ask = ("cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", LONG_AGO)
    whole = sandbox.aws(*ask)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert f"{len(digests)}/{len(digests)} digest files valid" in whole.stdout
    assert f"{len(files)}/{len(files)} log files valid" in whole.stdout
    read = [json.loads(gzip.decompress(s3.get_object(Bucket="audit-logs", Key=key)["Body"].read())) for key in digests]
    assert len({digest["digestPublicKeyFingerprint"] for digest in read}) == 2
    ours = ("validate", "--trail-arn", arn, "--start-time", LONG_AGO)
    agreed = sandbox.opentrail(*ours)
    assert agreed.returncode == 0, agreed.stdout + agreed.stderr

    body = json.dumps({"Records": records(s3, "audit-logs", files[0])[1:]}).encode()
    s3.put_object(Bucket="audit-logs", Key=files[0], Body=gzip.compress(body))
    touched = sandbox.aws(*ask)
    assert touched.returncode == 1
    assert f"Log file\ts3://audit-logs/{files[0]}\tINVALID: hash value doesn't match" in touched.stdout + touched.stderr
    assert f"{len(files) - 1}/{len(files)} log files valid, 1/{len(files)} log files INVALID" in touched.stdout
    assert sandbox.opentrail(*ours).returncode == 1


def test_the_last_file_of_a_trail_holds_its_stop(sandbox: Program) -> None:
    _trail(sandbox, "stopped")
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    iam.list_users()
    sandbox.client("cloudtrail").stop_logging(Name="stopped")
    iam.list_roles()

    def stops() -> list[str]:
        found = log_files(s3, "stopped-logs")
        return [key for key, events in found.items() if any(e["eventName"] == "StopLogging" for e in events)]

    assert eventually(stops, seconds=30)
    time.sleep(2.0)
    found = log_files(s3, "stopped-logs")
    names = [event["eventName"] for events in found.values() for event in events]
    assert "ListUsers" in names and "ListRoles" not in names
    written = {key: s3.head_object(Bucket="stopped-logs", Key=key)["LastModified"] for key in found}
    assert max(written.values()) in [written[key] for key in stops()]  # several files may share a second


def test_a_reader_fed_by_sns_and_sqs_gets_every_event_once(sandbox: Program) -> None:
    topic = make_topic(sandbox, "delivered")
    sqs = sandbox.client("sqs")
    queue = sqs.create_queue(QueueName="delivered")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sandbox.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    _trail(sandbox, "notified", SnsTopicName=topic)
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    for _ in range(5):
        iam.list_users()
        time.sleep(0.5)
    sandbox.client("cloudtrail").stop_logging(Name="notified")
    read: list[dict[str, Any]] = []

    def reads() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ()):
            told = json.loads(json.loads(message["Body"])["Message"])
            for key in told["s3ObjectKey"]:
                read.extend(records(s3, told["s3Bucket"], key))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return any(event["eventName"] == "StopLogging" for event in read)

    assert eventually(reads, seconds=40)
    stored = [event["eventID"] for events in log_files(s3, "notified-logs").values() for event in events]
    assert sorted(event["eventID"] for event in read) == sorted(stored)
    assert len(set(stored)) == len(stored) and sum(event["eventName"] == "ListUsers" for event in read) == 5
    assert "LatestNotificationTime" in _status(sandbox, "notified")


def test_a_log_group_gets_the_same_events(sandbox: Program) -> None:
    group, role = make_log_group(sandbox, "audit")
    iam = sandbox.client("iam")
    allowed = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="deliver", PolicyDocument=document)
    _trail(sandbox, "grouped", CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role)
    iam.list_users()
    s3 = sandbox.client("s3")
    assert eventually(lambda: "LatestCloudWatchLogsDeliveryTime" in _status(sandbox, "grouped"), seconds=40), _status(
        sandbox, "grouped"
    )
    sandbox.client("cloudtrail").stop_logging(Name="grouped")
    assert everything_is_delivered(sandbox, seconds=30)
    stream = f"{ACCOUNT}_CloudTrail_{REGION}"
    events = sandbox.client("logs").get_log_events(
        logGroupName="audit", logStreamName=stream, startFromHead=True, limit=1000
    )["events"]
    sent = sorted(json.loads(event["message"])["eventID"] for event in events)
    assert sent == sorted(event["eventID"] for found in log_files(s3, "grouped-logs").values() for event in found)


def test_a_bucket_that_goes_is_named_in_the_status_and_the_others_go_on(sandbox: Program) -> None:
    _trail(sandbox, "homeless")
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    assert eventually(lambda: keys_of(s3, "homeless-logs"), seconds=30)
    for key in keys_of(s3, "homeless-logs"):
        s3.delete_object(Bucket="homeless-logs", Key=key)
    s3.delete_bucket(Bucket="homeless-logs")

    def error() -> str | None:
        iam.list_users()
        found: str | None = _status(sandbox, "homeless").get("LatestDeliveryError")
        return found

    assert eventually(error, seconds=30) == "NoSuchBucket"
    sandbox.client("cloudtrail").delete_trail(Name="homeless")


def test_deliveries_are_recorded_as_aws_records_its_own(sandbox: Program) -> None:
    _trail(sandbox, "seen")
    s3 = sandbox.client("s3")

    def asked() -> list[dict[str, Any]]:
        events = sandbox.lookup(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetBucketAcl"}])
        return [json.loads(event["CloudTrailEvent"]) for event in events]

    assert eventually(asked, seconds=20) and eventually(lambda: keys_of(s3, "seen-logs"), seconds=30)
    event = asked()[0]
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}
    assert event["sourceIPAddress"] == event["userAgent"] == "cloudtrail.amazonaws.com"
    puts = [event for event in sandbox.events("--category", "data") if event["eventName"] == "PutObject"]
    assert {event["userIdentity"].get("invokedBy") for event in puts} >= {"cloudtrail.amazonaws.com"}
    sandbox.client("cloudtrail").delete_trail(Name="seen")


def test_files_of_a_trail_are_put_with_what_aws_puts(sandbox: Program) -> None:
    _trail(sandbox, "headed", EnableLogFileValidation=True)
    s3 = sandbox.client("s3")
    assert eventually(lambda: keys_of(s3, "headed-logs", "/CloudTrail-Digest/"), seconds=30)
    for key in keys_of(s3, "headed-logs"):
        head = s3.head_object(Bucket="headed-logs", Key=key)
        assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")
        assert head["ServerSideEncryption"] == "AES256"
        assert ("signature" in head["Metadata"]) == ("/CloudTrail-Digest/" in key)
    sandbox.client("cloudtrail").delete_trail(Name="headed")


def test_what_a_trail_s_kms_key_sealed_stays_readable_after_a_restart(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", ("--delivery-interval", "1")).start()
    try:
        key = make_key(program)
        _trail(program, "sealed", KmsKeyId=key)
        assert eventually(lambda: keys_of(program.client("s3"), "sealed-logs"), seconds=60), _status(program, "sealed")
        program.kill()
        program.start()
        s3 = program.client("s3")
        name = keys_of(s3, "sealed-logs")[0]
        head = s3.head_object(Bucket="sealed-logs", Key=name)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
        assert records(s3, "sealed-logs", name)
        assert program.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    finally:
        assert program.stop() == 0


def test_a_folder_stands_for_a_bucket_where_there_is_no_s3(tmp_path: Path) -> None:
    bucket = tmp_path / "buckets" / "folder-logs"
    bucket.mkdir(parents=True)
    program = Program(tmp_path / "data", config=tmp_path / "opentrail.toml")
    (tmp_path / "opentrail.toml").write_text(
        f"[server]\nport = {program.port}\nconsole_port = {program.console_port}\n"
        f'[delivery]\ndirectory = "{tmp_path / "buckets"}"\ninterval_seconds = 1\ndigest_interval_seconds = 2\n'
        '[[principal]]\naccess_key_id = "test"\nsecret_access_key = "test"\n'
    )
    program.start()
    try:
        cloudtrail = program.client("cloudtrail")
        cloudtrail.create_trail(Name="folder", S3BucketName="folder-logs", EnableLogFileValidation=True)
        cloudtrail.start_logging(Name="folder")
        assert eventually(lambda: list(bucket.rglob("*_CloudTrail-Digest_*.json.gz")), seconds=60)
        files = list(bucket.rglob("*_CloudTrail_*.json.gz"))
        assert files and json.loads(gzip.decompress(files[0].read_bytes()))["Records"]
    finally:
        assert program.stop() == 0

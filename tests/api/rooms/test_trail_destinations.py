"""Destinations of trails over the wire: buckets, topics, keys and log groups are what they have to be, or refused."""

from pathlib import Path

import pytest

from opentrail.catalog.trail_status import report_failure
from opentrail.catalog.trails import Trails
from opentrail.server.settings import Delivery
from tests.api.rooms.conftest import ACCOUNT, MEMBER, Refused, TrailServer
from tests.cloud import REGION, Cloud, allow, bucket_statements

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"


def test_the_bucket_must_be_there_and_let_us_in(trails: TrailServer, cloud: Cloud) -> None:
    def refused(bucket: str, **members: object) -> tuple[str, str]:
        with pytest.raises(Refused) as found:
            trails.ask("create_trail", Name="audit", S3BucketName=bucket, **members)
        return found.value.code, found.value.message

    assert refused("logs") == ("S3BucketDoesNotExistException", "S3 bucket logs does not exist!")
    cloud.client("s3").create_bucket(Bucket="bare", CreateBucketConfiguration={"LocationConstraint": REGION})
    policy = ("InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: ")
    assert refused("bare") == (policy[0], policy[1] + "bare")
    acl, write = bucket_statements("logs")
    deny = write | {"Effect": "Deny", "Principal": "*"}
    other = {"StringEquals": {"aws:SourceArn": ARN + "2"}}
    for number, statements in enumerate(([acl], [write], [acl, write, deny], [acl | {"Condition": other}, write])):
        name = f"logs-{number}"
        text = [dict(one, Resource=one["Resource"].replace("logs", name)) for one in statements]
        assert refused(cloud.bucket(name, *text))[0] == policy[0]
    assert refused(cloud.bucket("prefixed", prefix="here"), S3KeyPrefix="elsewhere")[0] == policy[0]
    assert trails.ask("describe_trails") == {"trailList": []}


def test_a_policy_for_one_trail_is_for_that_trail(trails: TrailServer, cloud: Cloud) -> None:
    acl, write = bucket_statements("logs")
    ours = {"StringEquals": {"aws:SourceArn": ARN}}
    write["Condition"] = {"StringEquals": write["Condition"]["StringEquals"] | ours["StringEquals"]}
    cloud.bucket("logs", acl | {"Condition": ours}, write)
    code = trails.refusal("create_trail", Name="other", S3BucketName="logs")
    assert code == "InsufficientS3BucketPolicyException"
    assert trails.ask("create_trail", Name="audit", S3BucketName="logs")["TrailARN"] == ARN


def test_a_bucket_that_wants_everything_encrypted_by_kms(trails: TrailServer, cloud: Cloud) -> None:
    plain = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    deny = allow("s3:PutObject", "arn:aws:s3:::logs/*", Effect="Deny", Principal="*", Condition=plain)
    cloud.bucket("logs", *bucket_statements("logs"), deny)
    name = {"Name": "audit", "S3BucketName": "logs"}
    assert trails.refusal("create_trail", **name) == "InsufficientS3BucketPolicyException"
    key = cloud.key()
    assert trails.ask("create_trail", KmsKeyId=key, **name)["KmsKeyId"] == key
    assert trails.ask("update_trail", Name="audit", EnableLogFileValidation=True)["KmsKeyId"] == key
    code = trails.refusal("update_trail", Name="audit", KmsKeyId="")
    assert code == "InsufficientS3BucketPolicyException"


def test_topics(audit: TrailServer, cloud: Cloud) -> None:
    for name in (
        "a b",
        "a" * 257,
        "arn:aws:sqs:eu-west-1:123456789012:q",
        "topic.fifo",
        "arn:aws:sns:x y:123456789012:t",
    ):
        assert audit.refusal("update_trail", Name="audit", SnsTopicName=name) == "InvalidSnsTopicNameException"
    topic = cloud.topic("closed")
    for name in ("missing", "closed", topic):
        assert audit.refusal("update_trail", Name="audit", SnsTopicName=name) == "InsufficientSnsTopicPolicyException"
    open_topic = cloud.topic("open", allow("SNS:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:open"))
    answer = audit.ask("update_trail", Name="audit", SnsTopicName=open_topic)
    assert (answer["SnsTopicARN"], answer["SnsTopicName"]) == (open_topic, open_topic)


def test_keys(audit: TrailServer, cloud: Cloud) -> None:
    def refused(key: str) -> str:
        return audit.refusal("update_trail", Name="audit", KmsKeyId=key)

    for key in (
        "x",
        f"arn:aws:kms:x y:{ACCOUNT}:alias/a",
        "alias/aws/s3",
        "key/1",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:key",
        "alias/" + "a" * 251,
    ):
        assert refused(key) == "InvalidKmsKeyIdException"
    assert refused("alias/missing") == "KmsKeyNotFoundException"
    assert refused("11111111-2222-3333-4444-555555555555") == "KmsKeyNotFoundException"
    owner = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    assert refused(cloud.key(owner)) == "InsufficientEncryptionPolicyException"
    asymmetric = cloud.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    assert refused(asymmetric) == "KmsException"
    key = cloud.key()
    key_id = key.rpartition("/")[2]
    cloud.client("kms").disable_key(KeyId=key_id)
    assert refused(key) == "KmsException"
    cloud.client("kms").enable_key(KeyId=key_id)
    assert audit.ask("update_trail", Name="audit", KmsKeyId=key_id)["KmsKeyId"] == key


def test_log_groups_and_roles(audit: TrailServer, cloud: Cloud) -> None:
    group, role = cloud.log_group(), cloud.role()

    def refused(group: str | None, role: str | None) -> str:
        members = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
        given = {name: value for name, value in members.items() if value is not None}
        return audit.refusal("update_trail", Name="audit", **given)

    assert refused(group, None) == refused(None, role) == refused(group, "") == "InvalidParameterCombinationException"
    for wrong in (
        group[:-2],
        "audit",
        group.replace(REGION, "us-east-1"),
        group.replace(ACCOUNT, MEMBER),
        group[:-2] + "2:*",
    ):
        assert refused(wrong, role) == "InvalidCloudWatchLogsLogGroupArnException"
    nobody = cloud.role("nobody", {"Service": "lambda.amazonaws.com"})
    for wrong in ("to-logs", role + "2", role.replace(ACCOUNT, MEMBER), nobody):
        assert refused(group, wrong) == "InvalidCloudWatchLogsRoleArnException"
    both = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
    assert audit.ask("update_trail", Name="audit", **both).items() >= both.items()


def test_a_folder_can_stand_for_a_bucket(folder: Path, cloud: Cloud) -> None:
    (folder / "buckets" / "logs").mkdir(parents=True)
    server = TrailServer(folder, cloud, delivery=Delivery(directory=str(folder / "buckets")))
    try:
        for prefix in ("a/", "a//b", "../x", "/x"):
            code = server.refusal("create_trail", Name="audit", S3BucketName="logs", S3KeyPrefix=prefix)
            assert code == "InvalidS3PrefixException"
        assert server.ask("create_trail", Name="audit", S3BucketName="logs", S3KeyPrefix="a/b")["TrailARN"] == ARN
        assert server.refusal("create_trail", Name="other", S3BucketName="missing") == "S3BucketDoesNotExistException"
    finally:
        server.close()


def test_credentials_of_one_s_own_are_judged_by_the_store(folder: Path, cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="bare", CreateBucketConfiguration={"LocationConstraint": REGION})
    own = Delivery(s3_endpoint=cloud.url, access_key_id="AKIAOWN", secret_access_key="secret")
    server = TrailServer(folder, cloud, delivery=own)
    try:
        assert server.refusal("create_trail", Name="audit", S3BucketName="missing") == "S3BucketDoesNotExistException"
        key = cloud.key(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
        made = server.ask(
            "create_trail", Name="audit", S3BucketName="bare", SnsTopicName=cloud.topic("closed"), KmsKeyId=key
        )
        assert made["KmsKeyId"] == key
    finally:
        server.close()


def test_a_cloud_that_does_not_answer_is_no_missing_bucket(trails: TrailServer, tmp_path: Path) -> None:
    nowhere = type("Nowhere", (), {"url": "http://127.0.0.1:9"})()
    server = TrailServer(tmp_path / "other", nowhere)
    try:
        assert server.refusal("create_trail", Name="audit", S3BucketName="logs") == "ServiceUnavailable"
    finally:
        server.close()


def test_the_status_shows_no_error_of_a_topic_that_the_trail_has_no_more(audit: TrailServer, cloud: Cloud) -> None:
    """Messages that waited for it are tried for a month yet."""
    topic = cloud.topic("left", allow("SNS:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:left"))
    audit.ask("update_trail", Name="audit", SnsTopicName=topic)
    version = Trails(audit.engine).find(ARN)
    assert version is not None
    with audit.engine.begin() as connection:
        for what in ("notification", "logs"):
            report_failure(connection, version.trail_id, what, audit.clock.now_us(), "NotFound")
    shown = audit.ask("get_trail_status", Name="audit")
    assert shown["LatestNotificationError"] == "NotFound" and "LatestCloudWatchLogsDeliveryError" not in shown
    audit.ask("update_trail", Name="audit", SnsTopicName="")
    assert "LatestNotificationError" not in audit.ask("get_trail_status", Name="audit")

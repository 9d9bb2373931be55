"""What a trail needs in the sandbox, made with real clients."""

import json
from typing import Any

from tests.acceptance.program import ACCOUNT, Program, eventually

CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str, **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": CLOUDTRAIL, "Action": action, "Resource": resource} | members


def bucket_policy(bucket: str) -> str:
    """The policy that AWS's documentation gives for a trail's bucket."""
    arn = f"arn:aws:s3:::{bucket}"
    control = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return policy(allow("s3:GetBucketAcl", arn), allow("s3:PutObject", f"{arn}/AWSLogs/{ACCOUNT}/*", Condition=control))


def trails_position(program: Program) -> int:
    """Up to where the journal's events are cut into log files."""
    position: int = json.loads(program.get("/healthz")[1])["followers"]["trails"]
    return position


def everything_is_delivered(program: Program, seconds: float) -> bool:
    """Whether what the journal holds now comes to be cut in time, and then all that waits to be delivered."""
    head = int(json.loads(program.get("/healthz")[1])["journal"]["head"])
    return eventually(lambda: trails_position(program) >= head, seconds=seconds) and eventually(
        lambda: "opentrail_trail_outbox_files 0.0" in program.get("/metrics")[1], seconds=seconds
    )


def make_bucket(program: Program, bucket: str) -> str:
    s3 = program.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket))
    return bucket


def make_key(program: Program) -> str:
    owner = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    text = policy(owner, allow(["kms:GenerateDataKey*", "kms:DescribeKey"], "*"))
    return str(program.client("kms").create_key(Policy=text)["KeyMetadata"]["Arn"])


def make_log_group(program: Program, name: str) -> tuple[str, str]:
    """A log group and a role to write to it: what a trail names of both."""
    logs = program.client("logs")
    logs.create_log_group(logGroupName=name)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    trust = {"Effect": "Allow", "Principal": CLOUDTRAIL, "Action": "sts:AssumeRole"}
    role = program.client("iam").create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=policy(trust))
    return f"{group['arn'].removesuffix(':*')}:*", str(role["Role"]["Arn"])


def make_topic(program: Program, name: str) -> str:
    """A topic that CloudTrail may publish to; its ARN."""
    sns = program.client("sns")
    arn = str(sns.create_topic(Name=name)["TopicArn"])
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy(allow("SNS:Publish", arn)))
    return arn

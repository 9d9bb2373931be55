"""A real moto server and what a trail needs in it: buckets, topics, keys, log groups, roles with AWS's policies."""

import functools
import json
from typing import Any
from urllib.request import Request, urlopen

import boto3
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
REGION = "eu-west-1"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}

Json = dict[str, Any]


class Cloud:
    """One server for many tests; `reset` empties it."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"

    def reset(self) -> None:
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST")).close()

    def close(self) -> None:
        self._server.stop()

    @functools.cache  # noqa: B019 - there is one cloud
    def client(self, service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def bucket(self, name: str, *statements: Json, prefix: str = "") -> str:
        """A bucket with the statements, or with the policy that AWS's documentation gives."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_policy(Bucket=name, Policy=policy(*(statements or bucket_statements(name, prefix))))
        return name

    def topic(self, name: str, *statements: Json) -> str:
        sns = self.client("sns")
        arn = str(sns.create_topic(Name=name)["TopicArn"])
        if statements:
            sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy(*statements))
        return arn

    def key(self, *statements: Json, alias: str = "", **members: Any) -> str:
        kms = self.client("kms")
        arn = str(kms.create_key(Policy=policy(*(statements or key_statements())), **members)["KeyMetadata"]["Arn"])
        if alias:
            kms.create_alias(AliasName=alias, TargetKeyId=arn)
        return arn

    def log_group(self, name: str = "audit") -> str:
        self.client("logs").create_log_group(logGroupName=name)
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"

    def role(self, name: str = "to-logs", principal: Json | None = None) -> str:
        trust = {"Effect": "Allow", "Principal": principal or CLOUDTRAIL, "Action": "sts:AssumeRole"}
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        return str(role["Role"]["Arn"])


def policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str, **members: Any) -> Json:
    return {"Effect": "Allow", "Principal": CLOUDTRAIL, "Action": action, "Resource": resource} | members


def bucket_statements(name: str, prefix: str = "", owner: str = ACCOUNT) -> tuple[Json, ...]:
    bucket = f"arn:aws:s3:::{name}"
    written = f"{bucket}/{prefix}/AWSLogs/{owner}/*" if prefix else f"{bucket}/AWSLogs/{owner}/*"
    control = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return allow("s3:GetBucketAcl", bucket), allow("s3:PutObject", written, Condition=control)


def key_statements() -> tuple[Json, ...]:
    trails = {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}
    owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return (
        allow("kms:*", "*", Principal=owner),
        allow("kms:GenerateDataKey*", "*", Condition={"StringLike": trails}),
        allow("kms:DescribeKey", "*"),
    )

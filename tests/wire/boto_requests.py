"""Requests that real boto3 clients make and sign, caught before they leave, in the form the doors receive them."""

import contextlib
import hashlib
import io
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from opentrail.wire.http import HttpRequest

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class Caught(Exception):
    """The request is signed and need go no further."""


@dataclass(frozen=True)
class Sent:
    """One request as it came over the wire."""

    name: str
    request: HttpRequest
    body: bytes

    @property
    def body_sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def client(service: str, *, token: str | None = None, endpoint: str = "http://127.0.0.1:4566", **config: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, inject_host_prefix=False, **config),
    )


def capture(made: Any, operation: str, /, **parameters: Any) -> Sent:
    """What `made` sends for one call; the call itself comes to nothing."""
    caught: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: Any) -> None:
        caught.append(request)
        raise Caught

    made.meta.events.register_first("before-send", catch)
    with contextlib.suppress(Caught):
        getattr(made, operation)(**parameters)
    made.meta.events.unregister("before-send", catch)
    body = caught[0].body
    raw = body.read() if hasattr(body, "read") else body or b""
    return from_url(
        caught[0].method,
        caught[0].url,
        raw if isinstance(raw, bytes) else raw.encode(),
        {name: value if isinstance(value, str) else value.decode() for name, value in caught[0].headers.items()},
        f"{made.meta.service_model.service_name}.{operation}",
    )


def from_url(
    method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None, name: str = "presigned"
) -> Sent:
    """The request that a plain HTTP client sends to `url`."""
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    lowered = {name.lower(): value.encode().decode("latin-1") for name, value in (headers or {}).items()}
    lowered.setdefault("host", host)
    return Sent(name, HttpRequest(method, path or "/", query, tuple(lowered.items()), "127.0.0.1", scheme), body)


NASTY_KEYS = [
    "plain.txt",
    "with space",
    "a+b",
    "a%2Fb",
    "folder//double",
    "../up/./and/..",
    "/leading",
    "trailing/",
    "ünïcødé/日本語/😀",
    "question?mark#hash&amp=1",
    "tab\tnewline\n",
    "~tilde-_.!*'()",
    "%",
    "=;:@$,",
]


def s3_requests(made: Any) -> list[Sent]:
    sent = [capture(made, "put_object", Bucket="logs", Key=key, Body=b"hello") for key in NASTY_KEYS]
    sent += [capture(made, "get_object", Bucket="logs", Key=key, Range="bytes=0-1") for key in NASTY_KEYS]
    sent += [
        capture(made, "list_buckets"),
        capture(made, "create_bucket", Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
        capture(made, "list_objects_v2", Bucket="logs", Prefix="a b/ü+", Delimiter="/", StartAfter="x=&y"),
        capture(made, "get_bucket_acl", Bucket="logs"),
        capture(made, "create_multipart_upload", Bucket="logs", Key="big", Metadata={"a": "b   c", "x": " y "}),
        capture(made, "upload_part", Bucket="logs", Key="big", UploadId="u/+=", PartNumber=1, Body=io.BytesIO(b"z")),
        capture(made, "delete_objects", Bucket="logs", Delete={"Objects": [{"Key": "a"}, {"Key": "ü"}]}),
        capture(made, "copy_object", Bucket="logs", Key="copy", CopySource={"Bucket": "logs", "Key": "a b+ü"}),
        capture(made, "put_object", Bucket="logs", Key="typed", Body=b"", ContentType="text/plain; charset=utf-8"),
        capture(made, "put_object", Bucket="logs", Key="sha", Body=b"x", ChecksumAlgorithm="SHA256"),
    ]
    return sent


def service_requests(token: str | None) -> list[Sent]:
    def of(service: str, operation: str, /, **parameters: Any) -> Sent:
        return capture(client(service, token=token), operation, **parameters)

    return [
        of("cloudtrail", "lookup_events", MaxResults=5),
        of("cloudtrail", "describe_trails"),
        of(
            "cloudtrail-data",
            "put_audit_events",
            channelArn="arn:channel/ü +",
            auditEvents=[{"id": "e", "eventData": ""}],
        ),
        of("dynamodb", "put_item", TableName="t", Item={"k": {"S": "ü"}}),
        of("sqs", "send_message", QueueUrl="http://127.0.0.1:4566/123456789012/q", MessageBody="hello & =+"),
        of("sns", "publish", TopicArn="arn:aws:sns:eu-west-1:123456789012:t", Message="a+b c&d"),
        of("ec2", "run_instances", ImageId="ami-1", MinCount=1, MaxCount=1),
        of("iam", "create_user", UserName="dana", Path="/a/b/"),
        of("sts", "assume_role", RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="s1"),
        of("lambda", "get_function", FunctionName="arn:aws:lambda:eu-west-1:123456789012:function:f", Qualifier="1"),
        of("lambda", "invoke", FunctionName="f", Payload=b"{}"),
        of("kms", "encrypt", KeyId="k", Plaintext=b"p"),
        of("apigateway", "get_resource", restApiId="a b", resourceId="x/y+ü"),
        of("apigateway", "tag_resource", resourceArn="arn:aws:apigateway:eu-west-1::/restapis/a", tags={"a": "b"}),
        of("route53", "list_resource_record_sets", HostedZoneId="Z1", StartRecordName="a.*.example"),
        of("secretsmanager", "get_secret_value", SecretId="s"),
        of("iot-data", "publish", topic="a//b/../c d+", payload=b"1"),
        of("cloudwatch", "put_metric_data", Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}]),
        of("logs", "create_log_group", logGroupName="g"),
    ]

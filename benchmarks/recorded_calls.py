"""The calls whose recording is measured: requests as boto3 signs and sends them, and the answers of their services."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from opentrail.wire.http import HttpRequest

ACCESS_KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ACCOUNT, REGION = "111122223333", "eu-west-1"
REQUEST_ID = "0c0ffee1-0000-4000-8000-000000000002"
JSON_ANSWER = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": REQUEST_ID, "content-length": "0"}
XML_ANSWER = {"content-type": "text/xml", "x-amzn-requestid": REQUEST_ID, "content-length": "0"}
S3_ANSWER = {
    "x-amz-request-id": "4442587FB7D0A2F9",
    "x-amz-id-2": "a" * 76,
    "etag": '"5d41402abc4b2a76b9719d911017c592"',
}

_CREATED_USER = (
    b'<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/team/</Path>'
    b"<UserName>dana</UserName><UserId>AIDAEXAMPLEUSER00001</UserId><Arn>arn:aws:iam::111122223333:user/team/dana</Arn>"
    b"<CreateDate>2026-03-04T10:15:31Z</CreateDate></User></CreateUserResult><ResponseMetadata><RequestId>"
    b"0c0ffee1-0000-4000-8000-000000000002</RequestId></ResponseMetadata></CreateUserResponse>"
)
_CALLER = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::111122223333:user/bench</Arn><UserId>AIDAEXAMPLEUSER00002</UserId>"
    b"<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)
_INSTANCES = (
    b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>'
    b"0c0ffee1-0000-4000-8000-000000000002</requestId><reservationSet/></DescribeInstancesResponse>"
)
_TAGGED = (
    b'<CreateTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>'
    b"0c0ffee1-0000-4000-8000-000000000002</requestId><return>true</return></CreateTagsResponse>"
)
_ITEM = b'{"Item":{"id":{"S":"o-1"},"total":{"N":"12.5"},"lines":{"L":[{"S":"a"},{"S":"b"}]}}}'
_SENT = b'{"MessageId":"0c0ffee1-0000-4000-8000-000000000001","MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592"}'
_FUNCTION = (
    b'{"FunctionName":"resize","FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:resize","Runtime":'
    b'"python3.12","Role":"arn:aws:iam::111122223333:role/resize","Timeout":30,"MemorySize":256}'
)
_KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"

# service, operation, parameters, headers and body of the answer
_CALLS: tuple[tuple[str, str, dict[str, Any], dict[str, str], bytes], ...] = (
    ("dynamodb", "GetItem", {"TableName": "orders", "Key": {"id": {"S": "o-1"}}}, JSON_ANSWER, _ITEM),
    (
        "dynamodb",
        "PutItem",
        {"TableName": "orders", "Item": {"id": {"S": "o-1"}, "total": {"N": "12.5"}, "who": {"S": "dana"}}},
        JSON_ANSWER,
        b"{}",
    ),
    (
        "sqs",
        "SendMessage",
        {"QueueUrl": "http://127.0.0.1:4566/111122223333/orders", "MessageBody": "hello"},
        JSON_ANSWER,
        _SENT,
    ),
    ("kms", "Decrypt", {"CiphertextBlob": b"\x01\x02" * 80, "KeyId": _KEY_ID}, JSON_ANSWER, b'{"Plaintext":"AAAA"}'),
    ("ssm", "GetParameter", {"Name": "/app/db", "WithDecryption": True}, JSON_ANSWER, b'{"Parameter":{"Value":"x"}}'),
    ("sts", "GetCallerIdentity", {}, XML_ANSWER, _CALLER),
    ("iam", "CreateUser", {"UserName": "dana", "Path": "/team/"}, XML_ANSWER, _CREATED_USER),
    (
        "ec2",
        "DescribeInstances",
        {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "MaxResults": 50},
        XML_ANSWER,
        _INSTANCES,
    ),
    ("ec2", "CreateTags", {"Resources": ["i-1"], "Tags": [{"Key": "a", "Value": "b"}]}, XML_ANSWER, _TAGGED),
    (
        "lambda",
        "UpdateFunctionConfiguration",
        {"FunctionName": "resize", "Timeout": 30, "MemorySize": 256},
        JSON_ANSWER,
        _FUNCTION,
    ),
    ("s3", "PutObject", {"Bucket": "photos", "Key": "a/b.jpg", "Body": io.BytesIO(b"x" * 4096)}, S3_ANSWER, b""),
    ("s3", "GetObject", {"Bucket": "photos", "Key": "a/b.jpg"}, S3_ANSWER, b"x" * 4096),
)


@dataclass(frozen=True)
class Sample:
    """One call as the recorder gets it, and its answer."""

    service: str
    operation: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer_headers: dict[str, str]
    answer_body: bytes

    @property
    def name(self) -> str:
        """`sqs SendMessage`."""
        return f"{self.service} {self.operation}"

    def request(self) -> HttpRequest:
        """A fresh request: nothing of it is worked out yet."""
        return HttpRequest(self.method, self.path, self.query, self.headers, "192.0.2.7", "http")


class _CaughtError(Exception):
    """The request is signed and need go no further."""


def samples() -> list[Sample]:
    """The calls, signed now."""
    session = botocore.session.get_session()
    clients: dict[str, Any] = {}
    made = []
    for service, operation, parameters, headers, answer in _CALLS:
        if service not in clients:
            clients[service] = session.create_client(
                service,
                endpoint_url="http://127.0.0.1:4566",
                region_name=REGION,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET,
                config=Config(retries={"max_attempts": 0}),
            )
        made.append(_sample(clients[service], service, operation, parameters, headers, answer))
    return made


def _sample(
    client: Any, service: str, operation: str, parameters: dict[str, Any], answer_headers: dict[str, str], answer: bytes
) -> Sample:
    caught: list[AWSPreparedRequest] = []

    def catch(request: AWSPreparedRequest, **_: Any) -> None:
        caught.append(request)
        raise _CaughtError

    client.meta.events.register_first("before-send", catch)
    with contextlib.suppress(_CaughtError):
        client._make_api_call(operation, parameters)
    client.meta.events.unregister("before-send", catch)
    request = caught[0]
    raw = request.body.read() if hasattr(request.body, "read") else request.body or b""
    rest = request.url.partition("://")[2]
    host, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    headers = [("host", host), ("accept-encoding", "identity")]
    for name, value in request.headers.items():
        headers.append((name.lower(), value if isinstance(value, str) else value.decode("latin-1")))
    return Sample(
        service,
        operation,
        request.method,
        path or "/",
        query,
        tuple(headers),
        raw if isinstance(raw, bytes) else raw.encode(),
        200,
        answer_headers,
        answer,
    )

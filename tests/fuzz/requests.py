"""Hostile requests: real ones, signed by botocore, broken in every way that a seed can think of."""

import random
import string

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOST = "127.0.0.1"
TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
DEEP = b'{"a":' * 300 + b"1" + b"}" * 300
BODIES = [
    b"",
    b"{}",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe\x00",
    DEEP,
    b"[" * 100_000,
    b'{"MaxResults":1e999}',
    b'{"MaxResults":' + b"9" * 5000 + b"}",
    b'{"MaxResults":true,"StartTime":"x"}',
    b'{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"\\ud800"}]}',
    b'{"LookupAttributes":' + b'[{"AttributeKey":"EventName","AttributeValue":"a"}]' * 3 + b"}",
    b'{"NextToken":"AAAA"}',
    b'{"StartTime":-1e300,"EndTime":1e300}',
    b"Action=CreateUser&Version=2010-05-08&UserName=" + b"%F0%9F" * 100,
    b"Action=RunInstances&Version=2016-11-15&" + b"&".join(b"Filter.%d.Name=x" % n for n in range(2000)),
    b"Action=RunInstances&Version=2016-11-15&Filter.99999999999.Name=x&Filter.-1.Value.0=y",
    b"<Delete>" + b"<Object><Key>k</Key></Object>" * 5000 + b"</Delete>",
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
]
SERVICES = ["cloudtrail", "cloudtrail-data", "s3", "sqs", "dynamodb", "iam", "sts", "ec2", "lambda", "nonsense", ""]
PATHS = [
    "/",
    "/b/k",
    "//",
    "/..",
    "/%00",
    "/b/" + "a" * 8000,
    "/PutAuditEvents?channelArn=x",
    "/?delete",
    "/%",
    "/\\",
    "/b?uploads&x",
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
TARGETS = [
    TARGET + "LookupEvents",
    TARGET + "Nope",
    "DynamoDB_20120810.PutItem",
    "AmazonSQS.SendMessage",
    "x" * 5000,
    "",
]


def hostile(seed: int) -> bytes:
    """Request number `seed`, as bytes for a socket; the same seed gives the same request."""
    chance = random.Random(seed)
    method, path, body = chance.choice(METHODS), chance.choice(PATHS), chance.choice(BODIES)
    service = chance.choice(SERVICES)
    headers = {"Host": HOST, "Content-Type": chance.choice(["application/x-amz-json-1.1", "text/xml", "", "\x7f"])}
    if chance.random() < 0.7:
        headers["X-Amz-Target"] = chance.choice(TARGETS)
    if service and chance.random() < 0.8:
        request = AWSRequest(method, f"http://{HOST}{path}", data=body, headers=headers)
        SigV4Auth(Credentials("test", "test"), service, "us-east-1").add_auth(request)
        headers = dict(request.headers.items())
    if chance.random() < 0.2:
        headers["x-amz-content-sha256"] = chance.choice(
            ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "UNSIGNED-PAYLOAD", "zz"]
        )
    if chance.random() < 0.1:
        headers["Expect"] = "100-continue"
    length = len(body)
    if chance.random() < 0.1:
        length = chance.choice([2 * 1024**3, length + 10, 0])
    if chance.random() < 0.1:
        headers["Transfer-Encoding"] = "chunked"
        body = chance.choice([b"zz\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), b"ffffffffffffffff\r\n"])
    else:
        headers["Content-Length"] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "Connection: close"]
    raw = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body
    return _mutated(chance, raw) if chance.random() < 0.4 else raw


def _mutated(chance: random.Random, raw: bytes) -> bytes:
    broken = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(broken))
        kind = chance.randrange(4)
        if kind == 0:
            broken[at] = chance.randrange(256)
        elif kind == 1:
            del broken[at : at + chance.randint(1, 20)]
        elif kind == 2:
            broken[at:at] = "".join(chance.choices(string.printable, k=chance.randint(1, 50))).encode()
        else:
            broken[at:at] = broken[at : at + chance.randint(1, 200)]
        if not broken:
            return b"\r\n"
    return bytes(broken)

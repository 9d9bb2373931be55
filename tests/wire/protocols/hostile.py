"""Requests that no client would send: noise, broken encodings, nests, and good ones with bytes changed."""

import random

from opentrail.wire.http import HttpRequest

_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "", "BREW")
_PIECES = (
    "/", "//", "%", "%2F", "%ff", "%00", "..", "a", "bucket", "2015-03-31", "functions", "é", "\xff", "+", "?", "&",
    "=", "Action=RunInstances", "Action=", "Version=2010-05-08", "Filter.1.Name", ".", "Tags.member.", "1",
    "99999999999999999", "acl", "uploadId", "list-type=2", "v20180820", "service", "operation", " ", "\t",
    "{Key+}", "entry",
)  # fmt: skip
_BODIES = (
    b"", b"{}", b"[]", b"null", b'{"a":' * 300 + b"1" + b"}" * 300, b"[" * 5000, b"{", b'{"TableName":{"a":[1,{}]}}',
    b'{"a":"\\ud800"}', b"\xff\xfe<\x00a\x00/\x00>", b"<a/>", b"<a>" * 400 + b"</a>" * 400, b"<a", b"<a b='&x;'/>",
    b'<!DOCTYPE a [<!ENTITY x "xxxx">]><a>&x;</a>', b"Action=CreateUser&UserName=%ff%00", b"Action=" + b"A" * 5000,
    b"&".join(b"a.%d=1" % number for number in range(300)), b"a." * 3000 + b"=1", b"\xbf\xff", b"\x9f" * 300, b"\xa1",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", b"\xbf\x61a\x9f\xff\xff", b'{"a":1e999}', b'{"a":' + b"9" * 400 + b"}",
    b"Action=RunInstances&Filter=1&Filter.1=2&Filter.1.Name=3", b"Action=DescribeInstances&InstanceId..=1&.=2&..1=",
)  # fmt: skip
_HEADERS = (
    ("x-amz-target", "DynamoDB_20120810.GetItem"),
    ("x-amz-target", "."),
    ("x-amz-target", "A" * 3000),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "application/json"),
    ("smithy-protocol", "rpc-v2-cbor"),
    ("x-amz-copy-source", "%%%"),
    ("x-amz-meta-\xff", "\xff\xfe"),
    ("x-amz-object-attributes", '"a,\\"b"c,,,"'),
    ("host", "a.s3.amazonaws.com"),
    ("host", "[::1]:80"),
    ("host", "....."),
    ("x-amz-tagging", "\x80"),
)


def hostile_request(seed: int) -> tuple[HttpRequest, bytes | None]:
    """One of them; the same for the same seed."""
    chance = random.Random(seed)
    path = "/" + "".join(chance.choice(_PIECES) for _ in range(chance.randint(0, 7)))
    query = "".join(chance.choice(_PIECES) for _ in range(chance.randint(0, 6)))
    headers = tuple(chance.choice(_HEADERS) for _ in range(chance.randint(0, 4)))
    body: bytes | None = chance.choice(_BODIES) if chance.random() < 0.8 else chance.randbytes(chance.randint(0, 60))
    if chance.random() < 0.1:
        body = None
    return HttpRequest(chance.choice(_METHODS), path, query, headers, "192.0.2.1", "http"), body


def damaged(request: HttpRequest, body: bytes, seed: int) -> tuple[HttpRequest, bytes]:
    """A good request with some of its bytes changed, lost or doubled."""
    chance = random.Random(seed)

    def spoil(text: str) -> str:
        at = chance.randint(0, len(text))
        return (
            text[:at]
            + chance.choice(("", "%", "\xff", text[at : at + 9], "&", "."))
            + text[at + chance.randint(0, 3) :]
        )

    at = chance.randint(0, len(body))
    spoiled = (
        body[:at] + chance.choice((b"", b"\xff", b"{", b"<", body[at : at + 30])) + body[at + chance.randint(0, 4) :]
    )
    headers = tuple((name, spoil(value) if chance.random() < 0.1 else value) for name, value in request.headers)
    return HttpRequest(request.method, spoil(request.path), spoil(request.query), headers, "192.0.2.1", "http"), spoiled

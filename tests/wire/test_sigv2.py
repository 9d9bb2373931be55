"""Signature Version 2 for S3: boto3's presigned URLs and the Authorization header verify, changed ones do not."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import HmacV1Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from opentrail.wire import signature_errors as errors
from opentrail.wire.sigv4 import read_signature, verify
from tests.wire.boto_requests import ACCESS_KEY, NASTY_KEYS, SECRET, Sent, client, from_url

TOKEN = "session/token+with=signs"


def check(sent: Sent, secret: str = SECRET, now: datetime | None = None) -> None:
    signature = read_signature(sent.request)
    assert signature is not None and signature.is_version_2
    verify(sent.request, signature, secret, None, now or datetime.now(UTC))


def presigned(operation="get_object", method="GET", token=None, expires=60, headers=None, **parameters) -> Sent:
    parameters = {"Bucket": "logs", "Key": "k"} | parameters
    url = client("s3", token=token).generate_presigned_url(operation, parameters, ExpiresIn=expires)
    assert "AWSAccessKeyId" in url
    return from_url(method, url, b"", headers)


def test_what_boto3_presigns_by_default_verifies():
    for token in (None, TOKEN):
        for key in NASTY_KEYS:
            sent = presigned(token=token, Key=key)
            check(sent)
            assert read_signature(sent.request).session_token == token
        check(presigned(token=token, VersionId="3/L4+kqtJ=", ResponseContentType="text/plain; a=ü"))
        check(presigned("put_object", "PUT", token, ContentType="text/plain", headers={"Content-Type": "text/plain"}))
        check(presigned("put_object", "PUT", token, ACL="private", headers={"x-amz-acl": "private"}))
        check(presigned("upload_part", "PUT", token, UploadId="u", PartNumber=3))
    check(from_url("GET", client("s3").generate_presigned_url("list_objects_v2", {"Bucket": "b", "Prefix": "a b"})))


def test_the_authorization_header_of_version_2_verifies():
    for query in ("", "?acl", "?versionId=1&acl", "?prefix=a%20b"):
        request = AWSRequest("GET", f"http://127.0.0.1:4566/b/k%20ey{query}", headers={"x-amz-meta-a": " b "})
        request.headers["x-amz-security-token"] = TOKEN
        HmacV1Auth(Credentials(ACCESS_KEY, SECRET, TOKEN)).add_auth(request)
        sent = from_url("GET", request.url, b"", dict(request.headers.items()))
        check(sent)
        signature = read_signature(sent.request)
        assert (signature.kind, signature.access_key, signature.session_token) == ("v2-header", ACCESS_KEY, TOKEN)
        for minutes in (-16, 16):
            with pytest.raises(errors.SignatureExpired):
                check(sent, now=datetime.now(UTC) + timedelta(minutes=minutes))
        for changed in (
            dataclasses.replace(sent.request, method="PUT"),
            dataclasses.replace(sent.request, path="/b/other"),
            dataclasses.replace(sent.request, query=sent.request.query + "&policy"),
            dataclasses.replace(sent.request, headers=(*sent.request.headers, ("x-amz-acl", "public-read"))),
            dataclasses.replace(sent.request, headers=(*sent.request.headers, ("content-type", "text/html"))),
        ):
            with pytest.raises(errors.InvalidSignature):
                check(dataclasses.replace(sent, request=changed))


def test_every_change_is_refused():
    for token in (None, TOKEN):
        sent = presigned("put_object", "PUT", token, ContentType="text/plain", headers={"Content-Type": "text/plain"})
        request = sent.request
        expires = read_signature(request).expires
        changes = [
            dataclasses.replace(request, method="DELETE"),
            dataclasses.replace(request, path=request.path + "x"),
            dataclasses.replace(request, path=request.path + "#x"),
            dataclasses.replace(request, query=request.query + "&acl"),
            dataclasses.replace(request, query=request.query + "&retention"),
            dataclasses.replace(request, query=request.query + "&x-amz-acl=public-read"),
            dataclasses.replace(request, query=request.query.replace(str(expires), str(expires + 60))),
            dataclasses.replace(request, query=request.query.replace("Signature=", "Signature=A")),
            dataclasses.replace(request, headers=(*request.headers, ("x-amz-acl", "public-read"))),
            dataclasses.replace(request, headers=(*request.headers, ("content-md5", "AAAA"))),
            dataclasses.replace(request, headers=(("host", "h"), ("content-type", "text/html"))),
        ]
        for changed in changes:
            assert changed != request
            with pytest.raises(errors.SignatureError):
                check(dataclasses.replace(sent, request=changed))
                pytest.fail(f"accepted: {changed}")
        with pytest.raises(errors.InvalidSignature):
            check(sent, secret="another")


def test_parameters_that_version_2_does_not_sign_need_version_4():
    with pytest.raises(errors.SignatureVersionTooOld) as raised:
        sent = presigned()
        check(dataclasses.replace(sent, request=dataclasses.replace(sent.request, query=sent.request.query + "&torch")))
    assert (raised.value.s3_code, raised.value.s3_status) == ("InvalidRequest", 400)


def test_presigned_urls_end():
    sent = presigned(expires=60)
    check(sent, now=datetime.now(UTC) + timedelta(seconds=55))
    with pytest.raises(errors.PresignExpired) as raised:
        check(sent, now=datetime.now(UTC) + timedelta(seconds=65))
    assert (raised.value.s3_code, raised.value.s3_status) == ("AccessDenied", 403)
    with pytest.raises(errors.IncompleteQuerySignature):
        check(presigned(expires=8 * 86_400))


@pytest.mark.parametrize(
    "query",
    [
        "AWSAccessKeyId=A&Signature=",
        "AWSAccessKeyId=A&Signature=x",
        "AWSAccessKeyId=&Signature=x&Expires=1",
        "AWSAccessKeyId=A&Signature=x&Expires=soon",
        "AWSAccessKeyId=A&Signature=x&Expires=1&Expires=2",
    ],
)
def test_broken_queries_are_incomplete(query):
    with pytest.raises(errors.IncompleteSignature):
        read_signature(from_url("GET", f"http://127.0.0.1/b/k?{query}").request)


@pytest.mark.parametrize(
    ("authorization", "date"), [("AWS nocolon", "x"), ("AWS a:", "x"), ("AWS :b", "x"), ("AWS a:b", None)]
)
def test_broken_headers_are_incomplete(authorization, date):
    headers = {"Authorization": authorization} | ({"Date": date} if date else {})
    with pytest.raises(errors.IncompleteSignature):
        read_signature(from_url("GET", "http://127.0.0.1/b/k", b"", headers).request)


def test_a_date_that_is_none_is_refused():
    headers = {"Authorization": "AWS a:b", "Date": "someday"}
    with pytest.raises(errors.IncompleteSignature):
        check(from_url("GET", "http://127.0.0.1/b/k", b"", headers))


def test_buckets_in_the_host_name_are_part_of_what_is_signed():
    s3 = client("s3", s3={"addressing_style": "virtual"}, endpoint="http://s3.example.test")
    url = s3.generate_presigned_url("get_object", {"Bucket": "logs", "Key": "k"})
    assert "logs.s3.example.test" in url
    sent = from_url("GET", url)
    check(sent)
    moved = tuple((n, "other.s3.example.test" if n == "host" else v) for n, v in sent.request.headers)
    with pytest.raises(errors.InvalidSignature):
        check(dataclasses.replace(sent, request=dataclasses.replace(sent.request, headers=moved)))

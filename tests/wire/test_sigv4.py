"""Every signature that boto3 makes verifies; every changed request is refused."""

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrail.wire import signature_errors as errors
from opentrail.wire.http import HttpRequest
from opentrail.wire.sigv4 import check_payload, needs_body, read_signature, verify
from tests.wire.boto_requests import (
    ACCESS_KEY,
    NASTY_KEYS,
    SECRET,
    Sent,
    capture,
    client,
    from_url,
    s3_requests,
    service_requests,
)

TOKEN = "FwoGZXIvYXdzEJr//////////wEaDK+example/token=="


def check(sent: Sent, secret: str = SECRET, now: datetime | None = None) -> str:
    """The access key that signed; raises SignatureError where it did not."""
    signature = read_signature(sent.request)
    assert signature is not None
    verify(sent.request, signature, secret, sent.body_sha256, now or datetime.now(UTC))
    return signature.access_key


@pytest.fixture(scope="module")
def header_signed() -> list[Sent]:
    sent = []
    for token in (None, TOKEN):
        sent += service_requests(token)
        sent += s3_requests(client("s3", token=token))
        sent += s3_requests(client("s3", token=token, endpoint="https://127.0.0.1:4566"))
        sent += s3_requests(client("s3", token=token, s3={"payload_signing_enabled": False}))
        sent += s3_requests(client("s3", token=token, s3={"addressing_style": "virtual"}, endpoint="http://s3.local"))
    return sent


def test_every_form_that_boto3_sends_verifies(header_signed):
    for sent in header_signed:
        check(sent)
    hashes = {read_signature(sent.request).payload_hash for sent in header_signed}
    assert {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", None} < hashes
    assert len(header_signed) > 200


def test_what_is_read_of_a_signature():
    sent = capture(client("s3", token=TOKEN), "get_object", Bucket="b", Key="k")
    signature = read_signature(sent.request)
    assert (signature.kind, signature.access_key, signature.region, signature.service) == (
        "header",
        ACCESS_KEY,
        "eu-west-1",
        "s3",
    )
    assert signature.session_token == TOKEN
    assert signature.payload_hash == hashlib.sha256(b"").hexdigest()
    assert signature.scope == f"{signature.date[:8]}/eu-west-1/s3/aws4_request"
    assert not needs_body(signature)
    assert needs_body(read_signature(service_requests(None)[0].request))


def test_presigned_urls_of_s3_verify():
    for token in (None, TOKEN):
        s3 = client("s3", token=token, signature_version="s3v4")
        for key in NASTY_KEYS:
            for operation, method in (("get_object", "GET"), ("put_object", "PUT")):
                url = s3.generate_presigned_url(operation, {"Bucket": "b", "Key": key}, ExpiresIn=60)
                sent = from_url(method, url, b"whatever body")
                check(sent)
                signature = read_signature(sent.request)
                assert (signature.kind, signature.payload_hash) == ("query", "UNSIGNED-PAYLOAD")
                assert signature.session_token == token


def test_presigned_sts_call_verifies_with_its_empty_body():
    url = client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    check(from_url("GET", url))
    with pytest.raises(errors.InvalidSignature):
        check(from_url("GET", url, b"another body"))


def tampered(sent: Sent) -> list[tuple[str, Sent]]:
    """The same request with one thing changed that its signature covers."""
    request = sent.request
    signature = read_signature(request)
    authorization = request.header("authorization")

    def but(what: str, **change: object) -> tuple[str, Sent]:
        return what, dataclasses.replace(sent, request=dataclasses.replace(request, **change))

    def header(what: str, name: str, value: str) -> tuple[str, Sent]:
        return but(what, headers=tuple((n, value if n == name else v) for n, v in request.headers))

    changed = [
        but("method", method="DELETE" if request.method != "DELETE" else "GET"),
        but("path", path=request.path + "x"),
        but("path fragment", path=request.path + "#x"),
        but("path encoded", path=request.path + "%00"),
        but("path parent", path=request.path + "/../x"),
        but("parameter", query=request.query + ("&" if request.query else "") + "acl"),
        but("parameter value", query=request.query + ("&" if request.query else "") + "versionId=1"),
        header("host", "host", "elsewhere:4566"),
        but("amz header", headers=(*request.headers, ("x-amz-acl", "public-read"))),
        but("signed header twice", headers=(*request.headers, ("host", "x"))),
    ]
    if authorization:
        changed += [
            header("signature", "authorization", authorization[:-1] + ("0" if authorization[-1] != "0" else "1")),
            header("region", "authorization", authorization.replace("/eu-west-1/", "/us-east-1/")),
            header("service", "authorization", authorization.replace(f"/{signature.service}/", "/kinesis/", 1)),
            header("date", "x-amz-date", _later(signature.date)),
        ]
    else:
        changed += [
            but("signature", query=request.query[:-1] + ("0" if request.query[-1] != "0" else "1")),
            but("expiry", query=request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=61")),
            but("region", query=request.query.replace("eu-west-1%2F", "us-east-1%2F")),
            but("date", query=request.query.replace(f"Date={signature.date}", f"Date={_later(signature.date)}")),
        ]
    if signature.session_token and authorization:
        changed.append(header("token", "x-amz-security-token", "another"))
    if signature.payload_hash is None or len(signature.payload_hash) == 64:
        changed.append(("body", dataclasses.replace(sent, body=sent.body + b"x")))
    if "x-amz-target" in request.headers_by_name:
        changed.append(header("target", "x-amz-target", request.header("x-amz-target") + "x"))
    return changed


def _later(date: str) -> str:
    return (datetime.strptime(date, "%Y%m%dT%H%M%SZ") + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")


def test_every_change_is_refused(header_signed):
    sent = header_signed + [
        from_url("GET", client("s3", signature_version="s3v4").generate_presigned_url(
            "get_object", {"Bucket": "b", "Key": key}, ExpiresIn=60
        ))
        for key in NASTY_KEYS
    ]  # fmt: skip
    count = 0
    for one in sent:
        for what, changed in tampered(one):
            assert changed != one, what
            with pytest.raises(errors.SignatureError):
                check(changed)
                pytest.fail(f"{one.name}: a changed {what} was accepted: {changed.request}")
            count += 1
    assert count > 2000


def test_another_secret_is_refused(header_signed):
    for sent in header_signed:
        with pytest.raises(errors.InvalidSignature):
            check(sent, secret=SECRET + "x")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    query=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=4),
    header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    body=st.binary(max_size=50),
    s3=st.booleans(),
)
def test_any_request_that_botocore_signs_verifies(path, query, header, body, s3):
    from urllib.parse import quote

    pairs = "&".join(
        f"{quote(name.encode('utf-8', 'replace'), safe='-_.~')}={quote(value.encode('utf-8', 'replace'), safe='-_.~')}"
        for name, value in query
    )
    url = f"http://127.0.0.1:4566/{quote(path, safe='/~')}" + (f"?{pairs}" if pairs else "")
    request = AWSRequest("POST", url, headers={"x-amz-meta-a": header, "Content-Type": header}, data=body)
    kind = S3SigV4Auth if s3 else SigV4Auth
    kind(Credentials(ACCESS_KEY, SECRET), "s3" if s3 else "sns", "eu-west-1").add_auth(request)
    sent = from_url("POST", url, body, dict(request.headers.items()))
    check(sent)
    with pytest.raises(errors.SignatureError):
        check(dataclasses.replace(sent, body=body + b"!"))


def test_s3_accepts_bytes_that_mean_what_was_signed():
    """Clients that sign the encoded form of what they send bare are right at S3; elsewhere they are not."""
    sent = capture(client("s3"), "get_object", Bucket="b", Key="a(b)'*!$@:=,+c")
    bare = dataclasses.replace(sent.request, path="/b/a(b)'*!$@:=,+c")
    assert check(dataclasses.replace(sent, request=bare)) == ACCESS_KEY


@pytest.mark.parametrize(
    ("service", "minutes", "refusal"),
    [("sns", 5, errors.SignatureExpired), ("s3", 15, errors.SignatureExpired)],
)
def test_clocks_may_differ_only_so_far(service, minutes, refusal):
    sent = capture(client(service), "list_topics" if service == "sns" else "list_buckets")
    signed_at = datetime.now(UTC)
    for direction in (-1, 1):
        check(sent, now=signed_at + direction * timedelta(minutes=minutes, seconds=-5))
        with pytest.raises(refusal) as raised:
            check(sent, now=signed_at + direction * timedelta(minutes=minutes, seconds=5))
        assert f"{minutes} min." in raised.value.message
        assert raised.value.s3_code == "RequestTimeTooSkewed"


def test_message_of_an_expired_signature_is_awss():
    sent = capture(client("sns"), "list_topics")
    now = datetime.now(UTC) + timedelta(minutes=10)
    date = read_signature(sent.request).date
    earliest = (now - timedelta(minutes=5)).strftime("%Y%m%dT%H%M%SZ")
    with pytest.raises(errors.SignatureExpired) as raised:
        check(sent, now=now)
    clock = now.strftime("%Y%m%dT%H%M%SZ")
    assert raised.value.message == f"Signature expired: {date} is now earlier than {earliest} ({clock} - 5 min.)"


def test_presigned_urls_end():
    url = client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", {"Bucket": "b", "Key": "k"}, ExpiresIn=60
    )
    sent = from_url("GET", url)
    now = datetime.now(UTC)
    check(sent, now=now + timedelta(seconds=55))
    with pytest.raises(errors.PresignExpired) as raised:
        check(sent, now=now + timedelta(seconds=65))
    assert (raised.value.s3_code, raised.value.s3_message) == ("AccessDenied", "Request has expired")
    with pytest.raises(errors.PresignNotYetValid):
        check(sent, now=now - timedelta(minutes=16))


def test_presigned_urls_live_a_week_at_most():
    s3 = client("s3", signature_version="s3v4")
    check(from_url("GET", s3.generate_presigned_url("list_buckets", ExpiresIn=604_800)))
    url = s3.generate_presigned_url("list_buckets", ExpiresIn=604_801)
    with pytest.raises(errors.IncompleteQuerySignature, match="less than a week"):
        read_signature(from_url("GET", url).request)


def test_unsigned_calls_have_no_signature():
    assert read_signature(from_url("GET", "http://127.0.0.1/b/k").request) is None
    assert read_signature(from_url("GET", "http://127.0.0.1/", headers={"Authorization": "Bearer x"}).request) is None
    # words of a signature inside another value are none
    assert read_signature(from_url("GET", "http://127.0.0.1/b?prefix=x-amz-signature").request) is None


def with_authorization(value: str, **headers: str) -> HttpRequest:
    return from_url("POST", "http://127.0.0.1/", b"", {"Authorization": value, **headers}).request


GOOD = "AWS4-HMAC-SHA256 Credential=AK/20260302/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
DATE = {"X-Amz-Date": "20260302T101500Z"}


@pytest.mark.parametrize(
    ("authorization", "headers", "refusal"),
    [
        (GOOD.replace("Signature=", "Sig="), DATE, "requires 'Signature' parameter"),
        (GOOD.replace("Credential=", "Cred="), DATE, "requires 'Credential' parameter"),
        (GOOD.replace("SignedHeaders=host,", ""), DATE, "requires 'SignedHeaders' parameter"),
        (GOOD, {}, "'X-Amz-Date' or a 'Date' header"),
        (GOOD, {"X-Amz-Date": "yesterday"}, "ISO8601"),
        (GOOD, {"X-Amz-Date": "20269999T101500Z"}, "ISO8601"),
        (GOOD, {"Date": "no date"}, "valid Date"),
        (GOOD, {"X-Amz-Date": "20260303T101500Z"}, "does not match"),
        (GOOD.replace("aws4_request", "aws5"), DATE, "must be of the form"),
        (GOOD.replace("us-east-1/sns/", ""), DATE, "must be of the form"),
        (GOOD.replace("us-east-1", "us east"), DATE, "cannot be read"),
        (GOOD.replace("20260302/", "2026030/"), DATE, "cannot be read"),
        (GOOD.replace("=host", "=date"), DATE, "must be a 'SignedHeader'"),
        ("AWS4-HMAC-SHA256", DATE, "requires 'Credential' parameter"),
    ],
)
def test_broken_headers_are_incomplete(authorization, headers, refusal):
    with pytest.raises(errors.IncompleteSignature, match=refusal) as raised:
        read_signature(with_authorization(authorization, **headers))
    assert (raised.value.code, raised.value.s3_code) == ("IncompleteSignatureException", "AuthorizationHeaderMalformed")


@pytest.mark.parametrize(
    "query",
    ["X-Amz-Signature=00", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=x", "x-amz-algorithm=", "X-Amz-Signature="],
)
def test_broken_queries_are_incomplete(query):
    with pytest.raises(errors.IncompleteSignature):
        read_signature(from_url("GET", f"http://127.0.0.1/b/k?{query}").request)


@pytest.mark.parametrize("expires", ["-1", "abc", "1.5", "604801", "9" * 40])
def test_expiries_that_are_no_expiry(expires):
    url = client("s3", signature_version="s3v4").generate_presigned_url("list_buckets", ExpiresIn=60)
    changed = url.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}")
    with pytest.raises(errors.IncompleteQuerySignature, match="X-Amz-Expires"):
        read_signature(from_url("GET", changed).request)


def test_sigv4a_is_refused_by_name():
    with pytest.raises(errors.UnsupportedAlgorithm, match="SigV4"):
        read_signature(with_authorization("AWS5-HMAC-SHA512 Credential=AK/20260302/s3/aws4_request", **DATE))
    with pytest.raises(errors.UnsupportedAlgorithm):
        read_signature(from_url("GET", "http://h/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=1").request)


def test_two_signatures_are_one_too_many():
    sent = capture(client("s3"), "list_buckets")
    url = client("s3", signature_version="s3v4").generate_presigned_url("list_buckets")
    both = dataclasses.replace(sent.request, query=from_url("GET", url).request.query)
    twice = dataclasses.replace(
        sent.request, headers=(*sent.request.headers, ("authorization", sent.request.header("authorization")))
    )
    doubled = from_url("GET", url + "&x-amz-signature=00").request
    for request in (both, twice, doubled):
        with pytest.raises(errors.AmbiguousAuthentication):
            read_signature(request)


def test_s3_wants_the_hash_of_the_body_stated():
    sent = capture(client("s3"), "list_buckets")
    without = tuple((n, v) for n, v in sent.request.headers if n != "x-amz-content-sha256")
    with pytest.raises(errors.MissingPayloadHash):
        read_signature(dataclasses.replace(sent.request, headers=without))
    nonsense = tuple((n, "abc" if n == "x-amz-content-sha256" else v) for n, v in sent.request.headers)
    with pytest.raises(errors.InvalidPayloadHash):
        read_signature(dataclasses.replace(sent.request, headers=nonsense))


def test_a_body_that_comes_later_is_checked_later():
    sent = capture(client("s3"), "put_object", Bucket="b", Key="k", Body=b"hello")
    signature = read_signature(sent.request)
    verify(sent.request, signature, SECRET, None, datetime.now(UTC))
    check_payload(signature, sent.body_sha256)
    with pytest.raises(errors.PayloadMismatch) as raised:
        check_payload(signature, hashlib.sha256(b"other").hexdigest())
    assert raised.value.s3_code == "XAmzContentSHA256Mismatch"


def test_a_date_header_serves_where_x_amz_date_is_absent():
    request = AWSRequest("GET", "http://127.0.0.1:4566/", headers={"Date": "x"})
    SigV4Auth(Credentials(ACCESS_KEY, SECRET), "sns", "eu-west-1").add_auth(request)
    sent = from_url("GET", request.url, b"", dict(request.headers.items()))
    assert "x-amz-date" not in sent.request.headers_by_name
    check(sent)


def test_non_ascii_header_values_verify_as_utf8():
    request = AWSRequest("PUT", "http://127.0.0.1:4566/b/k", headers={"x-amz-meta-name": "Jürgen  日本"})
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET), "s3", "eu-west-1").add_auth(request)
    assert check(from_url("PUT", request.url, b"", dict(request.headers.items()))) == ACCESS_KEY

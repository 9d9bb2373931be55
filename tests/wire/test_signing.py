"""What we sign for an upstream verifies there, and nothing of the caller's own signature goes with it."""

import dataclasses
from datetime import UTC, datetime
from urllib.parse import urlsplit

from opentrail.wire.http import HttpRequest
from opentrail.wire.signing import Credentials, sign, without_signature
from opentrail.wire.sigv4 import read_signature, verify
from tests.wire.boto_requests import NASTY_KEYS, Sent, client, from_url, s3_requests, service_requests

OURS = Credentials("UPSTREAMKEY", "upstream secret", "upstream token")


def resigned(sent: Sent, service: str = "s3", payload_hash: str = "UNSIGNED-PAYLOAD") -> HttpRequest:
    request = sent.request
    signature = read_signature(request)
    query = without_signature(request.query, version_2=signature.is_version_2)
    headers = sign(
        request.method, "10.0.0.1:8333", request.path, query, request.headers, payload_hash, OURS, "us-east-1",
        service, datetime.now(UTC),
    )  # fmt: skip
    return dataclasses.replace(request, query=query, headers=headers)


def check(request: HttpRequest, sent: Sent) -> tuple[str, str | None]:
    """The access key and the session token that an upstream verifies; nothing else of a signature is there."""
    signature = read_signature(request)
    verify(request, signature, OURS.secret, None, datetime.now(UTC))
    names = [name for name, _ in request.headers]
    assert len(names) == len(set(names))
    assert request.host == "10.0.0.1:8333"
    assert "AKIAIOSFODNN7EXAMPLE" not in str(request)
    assert "caller's token" not in str(request)
    return signature.access_key, signature.session_token


def test_what_is_signed_anew_verifies():
    for sent in s3_requests(client("s3", token="caller's token")):
        assert check(resigned(sent), sent) == ("UPSTREAMKEY", "upstream token")
    for sent in service_requests("caller's token"):
        service = read_signature(sent.request).service
        assert check(resigned(sent, service, sent.body_sha256), sent) == ("UPSTREAMKEY", "upstream token")


def test_presigned_urls_lose_their_signature_alone():
    for version in ("s3v4", "s3"):
        s3 = client("s3", token="caller's token", signature_version=version)
        for key in NASTY_KEYS:
            url = s3.generate_presigned_url(
                "get_object", {"Bucket": "b", "Key": key, "VersionId": "v+/=", "ResponseContentType": "text/a b"}
            )
            sent = from_url("GET", url)
            request = resigned(sent)
            assert check(request, sent) == ("UPSTREAMKEY", "upstream token")
            assert sorted(request.query.split("&")) == [
                "response-content-type=text%2Fa%20b",
                "versionId=v%2B%2F%3D",
            ]
            assert urlsplit(url).path == request.path


def test_parameters_of_others_stay():
    assert without_signature("") == ""
    assert without_signature("acl&prefix=a%20b&X-Amz-Signature=1&x-amz-date=2") == "acl&prefix=a%20b"
    assert without_signature("Signature=x&acl") == "Signature=x&acl"
    assert without_signature("Signature=x&Expires=1&acl", version_2=True) == "acl"


def test_secrets_do_not_show():
    assert "secret" not in repr(OURS).lower().replace("upstreamkey", "")

"""Signature Version 4A: what a native signer made is accepted, anything changed is not."""

import datetime

import pytest

from opentrail.wire.http import HttpRequest
from opentrail.wire.signature_errors import IncompleteSignature, InvalidSignature
from opentrail.wire.sigv4 import read_signature, verify

SECRET = "very/secret+key"
NOW = datetime.datetime(2026, 3, 2, 10, 0, 0, tzinfo=datetime.UTC)
# Made by AWS's own native signer (awscrt 0.38.1) for this request.
SIGNATURE = (
    "304502210081598d21a5e33571aae164b684a54688e174208c3b8404ed5141daaae5a68bae02206c7e39bf5205a7746d982e5bbd0fef2424f"
    "05bd8d97ac624c5a1cf7fd4569b18"
)
SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date;x-amz-region-set"


def request(path="/key-value-stores/arn%3Aaws/keys", regions="*", signed=SIGNED_HEADERS, signature=SIGNATURE):
    scope = "AKIAEXAMPLEKEY000001/20260302/cloudfront-keyvaluestore/aws4_request"
    authorization = f"AWS4-ECDSA-P256-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={signature}"
    headers = (
        ("host", "h.example.org"),
        ("x-amz-date", "20260302T100000Z"),
        ("x-amz-region-set", regions),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("authorization", authorization),
    )
    return HttpRequest("GET", path, "a=b%20c", headers, "192.0.2.1", "http")


def test_a_signature_of_the_native_signer_is_accepted():
    signature = read_signature(request())
    assert (signature.kind, signature.service, signature.region) == ("v4a", "cloudfront-keyvaluestore", "")
    verify(request(), signature, SECRET, None, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        request(path="/key-value-stores/other"),
        request(regions="us-east-1"),
        request(signature=SIGNATURE[:-2] + "19"),
        request(signature="00"),
        request(signature="no hex"),
    ],
)
def test_any_change_is_noticed(changed):
    with pytest.raises(InvalidSignature):
        verify(changed, read_signature(changed), SECRET, None, NOW)


def test_another_secret_has_another_key():
    with pytest.raises(InvalidSignature):
        verify(request(), read_signature(request()), "another", None, NOW)


def test_the_region_set_names_the_region_and_must_be_signed():
    assert read_signature(request(regions="eu-west-1,us-east-1")).region == "eu-west-1"
    with pytest.raises(IncompleteSignature):
        read_signature(request(signed="host;x-amz-content-sha256;x-amz-date"))

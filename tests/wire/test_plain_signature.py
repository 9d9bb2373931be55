"""The short way to a signature comes to what the long way comes to, or to nothing."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail.wire import signature_errors as errors
from opentrail.wire import sigv4
from opentrail.wire.canonical import S3_PATH_SERVICES, canonical_request, hmac_hex, key_of, signing_text
from opentrail.wire.http import HttpRequest
from opentrail.wire.plain_signature import expected_signature, remember_form
from opentrail.wire.signature import Signature

SECRET = "a secret"
DATE = "20260304T101531Z"
NOW = datetime(2026, 3, 4, 10, 15, 31, tzinfo=UTC)
NAMES = ("host", "x-amz-date", "content-type", "x-amz-target", "%s", "x-%", "range", "x-amz-meta-a", "user-agent")
TEXTS = st.text(st.sampled_from("ab%s1 \t\x0b;:,/é\x85\xa0\x00\x7f="), max_size=12)
PATHS = st.sampled_from(["/", "", "/a/../b", "/a%2Fb//c", "/#x", "/ü"])
QUERIES = st.sampled_from(["", "b=2&a=1", "a&a=1", "a=%20+"])


def slow(request: HttpRequest, signature: Signature, payload_hash: str) -> str:
    headers = {name: [value for found, value in request.headers if found == name] for name in signature.signed_headers}
    s3 = signature.service in S3_PATH_SERVICES
    decoded = {name: [sigv4.as_utf8(value) for value in values] for name, values in headers.items()}
    canonical = canonical_request(request.method, request.path, request.query, decoded, payload_hash, s3=s3)
    return hmac_hex(key_of(signature, SECRET), signing_text(signature.date, signature.scope, canonical))


@st.composite
def forms(draw: st.DrawFn) -> tuple[list[str], tuple[str, ...]]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    signed = draw(st.lists(st.sampled_from(names), min_size=1, max_size=6))
    return names, tuple(signed)


@given(form=forms(), data=st.data(), service=st.sampled_from(["sqs", "s3"]))
def test_a_remembered_form_signs_as_the_canonical_request_does(form, data, service):
    names, signed = form
    signature = Signature("header", "AKIA", DATE, "eu-west-1", service, signed, "0" * 64, None, None)

    def drawn() -> HttpRequest:
        headers = tuple((name, data.draw(TEXTS)) for name in names)
        return HttpRequest("post", data.draw(PATHS), data.draw(QUERIES), headers, "192.0.2.1", "http")

    remember_form(drawn(), signature)
    request = drawn()
    found = expected_signature(request, signature, SECRET, "HASH")
    assert found is None or found == slow(request, signature, "HASH")


def test_a_plain_request_takes_the_short_way():
    names = ("host", "x-amz-date", "content-type")
    signature = Signature("header", "AKIA", DATE, "eu-west-1", "sqs", names, "0" * 64, None, None)
    headers = tuple((name, "a; b") for name in names)
    request = HttpRequest("POST", "/", "", headers, "192.0.2.1", "http")
    remember_form(request, signature)
    assert expected_signature(request, signature, SECRET, "HASH") == slow(request, signature, "HASH")


@pytest.mark.parametrize(
    "headers",
    [
        (("host", "h"), ("x-amz-date", DATE), ("x-amz-date", DATE)),
        (("host", "h"), ("x-amz-date", DATE + " ")),
        (("host", "h  i"), ("x-amz-date", DATE)),
        (("host", "h\x00"), ("x-amz-date", DATE)),
        (("host", "é"), ("x-amz-date", DATE)),
        (("host", "h"), ("x-amz-date", DATE), ("x-amz-acl", "public-read")),
    ],
)
def test_what_is_not_plain_has_no_short_way(headers):
    signature = Signature("header", "AKIA", DATE, "eu-west-1", "sqs", ("host", "x-amz-date"), "0" * 64, None, None)
    plain = HttpRequest("POST", "/", "", (("host", "h"), ("x-amz-date", DATE)), "192.0.2.1", "http")
    remember_form(plain, signature)
    request = HttpRequest("POST", "/", "", headers, "192.0.2.1", "http")
    assert expected_signature(request, signature, SECRET, "HASH") is None


def signed_request(**further: str) -> HttpRequest:
    fixed = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20260304/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature="
    )
    headers = {"host": "h", "x-amz-date": DATE, **{name.replace("_", "-"): value for name, value in further.items()}}
    unsigned = HttpRequest("POST", "/", "", tuple(headers.items()), "192.0.2.1", "http")
    signature = Signature("header", "AKIA", DATE, "eu-west-1", "sqs", ("host", "x-amz-date"), "", None, None)
    hexadecimal = slow(unsigned, signature, "e" * 64)
    return dataclasses.replace(unsigned, headers=(*unsigned.headers, ("authorization", fixed + hexadecimal)))


def test_a_header_that_was_added_after_signing_is_refused_however_often_the_form_was_seen():
    for _ in range(2):
        request = signed_request()
        signature = sigv4.read_signature(request)
        assert signature is not None
        sigv4.verify(request, signature, SECRET, "e" * 64, NOW)
    added = dataclasses.replace(request, headers=(*request.headers, ("x-amz-security-token", "t")))
    with pytest.raises(errors.HeadersNotSigned):
        sigv4.verify(added, signature, SECRET, "e" * 64, NOW)
    with pytest.raises(errors.InvalidSignature):
        sigv4.verify(dataclasses.replace(request, path="/other"), signature, SECRET, "e" * 64, NOW)


HEADERS = st.dictionaries(
    st.sampled_from(["x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "date"]),
    st.sampled_from(
        [DATE, "20260304T101531", "20260399T101531Z", "20260305T101531Z", "UNSIGNED-PAYLOAD", "f" * 64, "t"]
    ),
)
AUTHORIZATIONS = st.builds(
    "AWS4-HMAC-SHA256 Credential={}/{}/eu-west-1/{}/aws4_request, SignedHeaders={}{}Signature={}{}".format,
    st.sampled_from(["AKIA", "AK/IA", ""]),
    st.sampled_from(["20260304", "20260305", "2026"]),
    st.sampled_from(["sqs", "s3", "a b"]),
    st.sampled_from(["host;x-amz-date", "Host", "range"]),
    st.sampled_from([", ", ",", ",X", " "]),
    st.sampled_from(["0" * 64, "ab" * 32, "0" * 60 + ",a=b", "short", "a=" + "0" * 62, ""]),
    st.sampled_from(["", " ", ","]),
)


def told(request: HttpRequest) -> Signature | type[Exception] | None:
    try:
        return sigv4.read_signature(request)
    except errors.SignatureError as error:
        return type(error)


@given(AUTHORIZATIONS, HEADERS, HEADERS)
def test_a_remembered_scope_reads_as_the_header_does(authorization, first, second):
    def request(headers: dict[str, str]) -> HttpRequest:
        pairs = (("host", "h"), *headers.items(), ("authorization", authorization))
        return HttpRequest("POST", "/", "", pairs, "192.0.2.1", "http")

    sigv4._SCOPES.clear()
    expected = told(request(second))
    sigv4._SCOPES.clear()
    told(request(first))
    assert told(request(second)) == expected

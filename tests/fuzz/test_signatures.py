"""Hostile signatures: whatever a request, a form, a chunked body or a frame claims, it is refused by name, or it is
what was signed. Each input is something that a client really sent, broken at some places."""

import base64
import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import pytest

from opentrail.wire.aws_chunked import ChunkedDecoder
from opentrail.wire.event_stream import SignedEvents
from opentrail.wire.http import HttpRequest
from opentrail.wire.post_form import read_form, signature_of, verify_form
from opentrail.wire.signature import STREAMING_EVENTS, Signature
from opentrail.wire.signature_errors import SignatureError
from opentrail.wire.sigv2_form import read_form_signature, verify_form_signature
from opentrail.wire.sigv4 import read_signature, verify
from tests.wire.mutations import meaning
from tests.wire.other_signers import signed_events
from tests.wire.sent_by_clients import CLIENTS, SECRET, Sent, sent_by

BITS = [
    "", "=", "&", ",", ";", "/", "%", "%2F", "%25", "%00", "%zz", " ", "\t", "\x00", "\x7f", "\xa0", "\xff", "é", "+",
    "?", "#", "..", "//", "-1", "0", "9" * 40, "1e9", "604800", "604801", "None", "UNSIGNED-PAYLOAD", "host", "x-amz-",
    "AWS4-HMAC-SHA256 ", "AWS4-ECDSA-P256-SHA256 ", "AWS ", "Bearer ", "Credential=", "SignedHeaders=", "Signature=",
    "aws4_request", "20260302T101500Z", "99991231T235959Z", "00000101T000000Z", "20260230T000000Z", "s3", "sns", "*",
    "X-Amz-Signature=", "x-amz-algorithm=", "AWSAccessKeyId=A", "Expires=1", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "a" * 300,
]  # fmt: skip
NAMES = [
    "authorization",
    "x-amz-date",
    "date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "host",
    "x-amz-acl",
    "x",
]
BROKEN_BYTES = [
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b"0",
    b"ffffffffffffffff",
    b";",
    b":",
    b"\x00",
    b"\xff",
    b"--",
    b"chunk-signature=",
]


def broken(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + chance.choice(BITS) + text[at:]
    if kind == 1:
        return text[:at] + text[at + chance.randint(1, 12) :]
    if kind == 2:
        return text[:at] + chr(chance.randrange(256)) + text[at + 1 :]
    return text[:at] + text[at : at + 20] + text[at:]


def broken_bytes(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        return data[:at] + chance.choice(BROKEN_BYTES) + data[at:]
    if kind == 1:
        return data[:at] + data[at + chance.randint(1, 30) :]
    if kind == 2:
        return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data[: chance.randrange(len(data) + 1)]


def broken_request(chance: random.Random, request: HttpRequest) -> HttpRequest:
    headers = list(request.headers)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        kind = chance.randrange(8)
        at = chance.randrange(len(headers)) if headers else 0
        if kind <= 2 and headers:
            headers[at] = (headers[at][0], broken(chance, headers[at][1]))
        elif kind == 3 and headers:
            del headers[at]
        elif kind == 4:
            headers.insert(at, (chance.choice(NAMES), broken(chance, request.header(chance.choice(NAMES)))))
        elif kind == 5:
            request = replace(request, path=broken(chance, request.path))
        else:
            request = replace(request, query=broken(chance, request.query))
    return replace(request, headers=tuple(headers))


@lru_cache
def requests() -> list[Sent]:
    return [sent for client in CLIENTS for sent in sent_by(client)]


@lru_cache
def requests_of(form: bool) -> list[Sent]:
    return [sent for sent in requests() if (read_signature(sent.request) is None) is form]


def check_request(chance: random.Random) -> bool:
    sent = chance.choice(requests_of(False))
    changed = broken_request(chance, sent.request)
    try:
        signature = read_signature(changed)
        if signature is None:
            return False
        verify(changed, signature, SECRET, hashlib.sha256(sent.body).hexdigest(), sent.at)
    except SignatureError as refusal:
        assert 400 <= refusal.status < 500
        return False
    whole = read_signature(sent.request)
    assert whole is not None
    if signature.access_key != whole.access_key:
        return False  # Version 2 does not sign it: another key has another secret
    if whole.is_version_2:
        return True  # it leaves open what pages and filters a listing
    assert meaning(changed, sent.body, whole) == meaning(sent.request, sent.body, whole), changed
    return True


def check_form(chance: random.Random) -> bool:
    sent = chance.choice(requests_of(True))
    body = broken_bytes(chance, sent.body)
    request = replace(sent.request, headers=tuple((n, broken(chance, v)) for n, v in sent.request.headers))
    form = read_form(chance.choice((request, sent.request)), body)
    try:
        told = signature_of(form) if form is not None else None
        if form is None or told is None:
            return False
        verify_form(form, "logs", told, SECRET, sent.at)
    except SignatureError:
        return False
    whole = read_form(sent.request, sent.body)
    assert whole is not None
    names = {name for name in form.by_name if not name.startswith("x-ignore-")}
    differ = {name for name in names | set(whole.by_name) if form.by_name.get(name) != whole.by_name.get(name)}
    assert differ <= {"key"}, f"another form was accepted: {differ}"
    assert form.by_name["key"].startswith("form/"), "the policy leaves open what comes after"
    return True


def check_chunks(chance: random.Random) -> bool:
    streams = [sent for sent in requests_of(False) if "x-amz-decoded-content-length" in sent.request.headers_by_name]
    sent = chance.choice(streams)
    signature = read_signature(sent.request)
    assert signature is not None
    whole = ChunkedDecoder.of(sent.request, signature, SECRET)
    meant = whole.feed(sent.body) + whole.finish()
    decoder = ChunkedDecoder.of(sent.request, signature, SECRET)
    try:
        got = decoder.feed(broken_bytes(chance, sent.body)) + decoder.finish()
    except SignatureError:
        return False
    assert got == meant, "another body was accepted"
    return True


def check_events(chance: random.Random) -> bool:
    date, scope = "20260302T101500Z", "20260302/us-east-1/transcribe/aws4_request"
    stream = signed_events([b"one", b"two" * 40], date, 1772446500000, scope, SECRET, "0" * 64)
    signature = Signature("header", "AK", date, "us-east-1", "transcribe", (), "0" * 64, None, STREAMING_EVENTS)
    checker = SignedEvents(signature, SECRET)
    changed = broken_bytes(chance, stream)
    try:
        checker.feed(changed)
        checker.finish()
    except SignatureError:
        return False
    assert changed == stream, "other events were accepted"
    return True


def check_query_form(chance: random.Random) -> bool:
    form = (
        b"Action=X&AWSAccessKeyId=AK&SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=2026-03-02T10%3A15%3A00Z"
        b"&Signature=" + base64.b64encode(chance.randbytes(32)).replace(b"+", b"%2B")
    )
    sent = requests()[0]
    changed = broken_bytes(chance, form)
    try:
        signature = read_form_signature(sent.request, changed)
        if signature is None:
            return False
        verify_form_signature(sent.request, changed, signature, SECRET, sent.at)
    except SignatureError:
        return False
    raise AssertionError("a signature by nobody was accepted")


KINDS: tuple[tuple[int, Callable[[random.Random], bool]], ...] = (
    (80, check_request),
    (8, check_form),
    (2, check_chunks),
    (5, check_events),
    (5, check_query_form),
)  # of a hundred


def share_accepted(first: int, count: int) -> float:
    """Which part of `count` broken requests were still what was signed; none of the others was accepted."""
    chance = random.Random(first)
    checks = [check for share, check in KINDS for _ in range(share)]
    return sum(chance.choice(checks)(chance) for _ in range(count)) / count


def test_hostile_signatures_are_refused_or_what_was_signed() -> None:
    assert share_accepted(0, 6_000) < 0.25, "too many were what was signed to prove much"


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(20))
def test_a_million_hostile_signatures(part: int) -> None:
    assert share_accepted(1 + part, 50_000) < 0.25, "too many were what was signed to prove much"

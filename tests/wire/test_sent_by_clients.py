"""What real clients put on the wire is accepted, as far as signatures go; what becomes of it changed is refused."""

import hashlib
import random

import pytest

from opentrail.wire.aws_chunked import ChunkedDecoder
from opentrail.wire.post_form import read_form, signature_of, verify_form
from opentrail.wire.signature_errors import SignatureError
from opentrail.wire.sigv4 import read_signature, verify
from tests.wire.mutations import CHANGES, meaning, mutations
from tests.wire.sent_by_clients import CLIENTS, SECRET, Sent, sent_by


def check(sent: Sent) -> str:
    """Who signed it: `form` or the access key. Raises SignatureError where it is not signed as it should be."""
    signature = read_signature(sent.request)
    if signature is None:
        form = read_form(sent.request, sent.body)
        assert form is not None
        told = signature_of(form)
        assert told is not None
        verify_form(form, "logs", told, SECRET, sent.at)
        return "form"
    verify(sent.request, signature, SECRET, hashlib.sha256(sent.body).hexdigest(), sent.at)
    if signature.is_streaming:
        decoder = ChunkedDecoder.of(sent.request, signature, SECRET)
        decoder.feed(sent.body)
        decoder.finish()
    return signature.access_key


@pytest.mark.parametrize("client", CLIENTS)
def test_everything_that_a_client_sends_is_accepted(client):
    by_form = [sent for sent in sent_by(client) if check(sent) == "form"]
    assert all(sent.request.method == "POST" for sent in by_form)


def test_the_recordings_hold_every_kind_of_request():
    signatures = [read_signature(sent.request) for client in CLIENTS for sent in sent_by(client)]
    kinds = {(one.kind, one.payload_hash if len(one.payload_hash or "") != 64 else "hash") for one in signatures if one}
    assert {
        ("header", None),
        ("header", "hash"),
        ("header", "UNSIGNED-PAYLOAD"),
        ("header", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("query", "UNSIGNED-PAYLOAD"),
        ("v2-query", None),
    } <= kinds
    assert None in signatures, "no upload by form"
    assert {one.session_token is None for one in signatures if one} == {True, False}
    assert len(signatures) > 220


def test_every_change_of_what_a_client_sent_is_refused_or_means_the_same():
    chance = random.Random(20261121)
    refused, harmless, seen = 0, 0, set()
    for sent in [one for client in CLIENTS for one in sent_by(client)]:
        signature = read_signature(sent.request)
        if signature is None or signature.is_version_2:
            continue
        for changed in mutations(sent.request, sent.body, chance):
            try:
                check(Sent(sent.client, changed.request, changed.body, sent.at))
            except SignatureError:
                refused += 1
                seen.add(changed.what)
                continue
            assert meaning(changed.request, changed.body, signature) == meaning(sent.request, sent.body, signature), (
                f"{changed.what}: {changed.request}"
            )
            harmless += 1
    assert refused > 6_000
    assert harmless < refused / 4
    never_refused = {what for what, _ in CHANGES} - seen
    assert never_refused <= {"headers in another order", "parameters in another order", "white space around a value"}


def test_a_form_whose_bucket_is_not_the_one_of_its_address_is_refused():
    sent = next(one for one in sent_by("javascript") if read_signature(one.request) is None)
    body = sent.body.replace(b"\r\n\r\nlogs\r\n", b"\r\n\r\nother\r\n")
    assert body != sent.body
    with pytest.raises(SignatureError, match="bucket"):
        check(Sent(sent.client, sent.request, body, sent.at))

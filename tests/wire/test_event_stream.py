"""Signed event streams: frames pass unchanged, and what is not as it was signed is noticed."""

import pytest

from opentrail.wire.event_stream import SignedEvents
from opentrail.wire.signature import STREAMING_EVENTS, Signature
from opentrail.wire.signature_errors import InvalidSignature
from tests.wire.other_signers import frame, signed_events, text_header

SEED = "ab" * 32
SIGNATURE = Signature(
    "header", "AK", "20260302T100000Z", "us-east-1", "lex", ("host",), SEED, None, STREAMING_EVENTS
)  # fmt: skip
EVENTS = [frame(text_header(":event-type", "AudioInputEvent"), b"audio" * 100), frame(b"", b"x")]
STREAM = signed_events(EVENTS, "20260302T100001Z", 1_772_445_601_123, "20260302/us-east-1/lex/aws4_request", "s", SEED)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_signed_frames_pass_unchanged_however_they_are_cut(size):
    events = SignedEvents(SIGNATURE, "s")
    passed = b"".join(events.feed(STREAM[at : at + size]) for at in range(0, len(STREAM), size))
    assert passed + events.finish() == STREAM


@pytest.mark.parametrize("at", [3, 9, 20, 60, 200, len(STREAM) - 3])
def test_a_changed_byte_is_noticed(at):
    changed = STREAM[:at] + bytes([STREAM[at] ^ 1]) + STREAM[at + 1 :]
    events = SignedEvents(SIGNATURE, "s")
    with pytest.raises(InvalidSignature):
        events.feed(changed)
        events.finish()


def test_a_stream_that_stops_early_or_goes_on_is_noticed():
    frames = SignedEvents(SIGNATURE, "s")
    frames.feed(STREAM[: -len(STREAM) // 3])
    with pytest.raises(InvalidSignature):
        frames.finish()
    longer = SignedEvents(SIGNATURE, "s")
    with pytest.raises(InvalidSignature):
        longer.feed(STREAM + EVENTS[0])


def test_another_secret_signs_otherwise():
    with pytest.raises(InvalidSignature):
        SignedEvents(SIGNATURE, "another").feed(STREAM)

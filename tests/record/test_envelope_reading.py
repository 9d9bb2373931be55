"""An envelope read straight from a record is the envelope of its view."""

from pathlib import Path

import pytest

from opentrail.record.envelope import Envelope, envelope, read_envelope, read_envelopes
from opentrail.record.faults import BadRecord
from opentrail.record.text import split_records
from opentrail.record.view import view

WHOLE = (
    b'{"eventTime":"2023-07-10T12:00:00Z","awsRegion":"eu-west-1","eventID":"a","recipientAccountId":"111122223333",'
    b'"eventCategory":"Data","x":%s}'
)


def by_view(raw: bytes) -> Envelope | str:
    try:
        return envelope(view(raw), "999999999999")
    except BadRecord as fault:
        return fault.reason


def at_once(raw: bytes) -> Envelope | str:
    try:
        return read_envelope(raw, "999999999999")
    except BadRecord as fault:
        return fault.reason


def test_all_genuine_records_have_the_same_envelope_both_ways(sample_data: Path) -> None:
    raws = [raw for path in (sample_data / "records").iterdir() for raw in split_records(path.read_bytes())]
    assert len(raws) > 4000
    assert [at_once(raw) for raw in raws] == [by_view(raw) for raw in raws]


ODD_VALUES = (
    b'"\\q"',
    b'"\x01"',
    b'"\\ud800"',
    b'"\xff"',
    b"01",
    b"1e999",
    b"1.",
    b"nul",
    b"[1,]",
    b'{"b" 1}',
    b"[" * 300,
    b"[" * 300 + b"]" * 300,
    b'1,"eventID":7',
    b'1,"eventID":null',
    b'1,"eventID":"' + b"x" * 5000 + b'"',
    b'1,"eventCategory":["Data"]',
    b'1,"awsRegion":""',
    b'1,"eventTime":"soon"',
)


@pytest.mark.parametrize("value", ODD_VALUES)
def test_odd_and_broken_records_are_judged_alike(value: bytes) -> None:
    raw = WHOLE % value
    assert at_once(raw) == by_view(raw)


def test_records_read_together_have_the_envelopes_that_each_has_alone(sample_data: Path) -> None:
    together = 0
    for path in (sample_data / "records").iterdir():
        raws = split_records(path.read_bytes())
        for chunk in [raws, *([raw] for raw in raws)]:
            found = read_envelopes(chunk)
            if found is not None:
                assert [Envelope(*fields) for fields in zip(*found, strict=True)] == [at_once(raw) for raw in chunk]
                together += len(chunk)
    assert together > 4000


@pytest.mark.parametrize("value", ODD_VALUES)
def test_one_that_needs_a_closer_look_stops_all_of_them(value: bytes) -> None:
    odd = WHOLE % value
    found = read_envelopes([WHOLE % b"1", odd])
    if found is None:
        assert read_envelopes([WHOLE % b"1"]) is not None
    else:
        assert Envelope(*(column[1] for column in found)) == at_once(odd)

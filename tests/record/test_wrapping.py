"""Records come out of the envelopes of other services as they went in; nothing else is opened."""

import json

import pytest

from opentrail.record.faults import NotALogFile
from opentrail.record.text import split_records, split_with_faults
from opentrail.record.wrapping import opened

RECORD = b'{"eventVersion":"1.11","eventID":"a","eventName":"CreateThing","n":1.5E9,"s":"\\u003d \\" \\\\"}'
OTHER = b'{"eventVersion":"1.11","eventID":"b","eventName":"CreateThing"}'


def text(value: bytes) -> bytes:
    return json.dumps(value.decode()).encode()


def of_eventbridge(raw: bytes) -> bytes:
    return b'{"version":"0","id":"6f","detail-type":"AWS API Call via CloudTrail","time":"2026","detail":' + raw + b"}"


def of_log_event(raw: bytes) -> bytes:
    return b'{"id":"3","timestamp":1772619331000,"message":' + text(raw) + b"}"


def of_queue(raw: bytes) -> bytes:
    return b'{"messageId":"m","receiptHandle":"h","eventSource":"aws:sqs","body":' + text(raw) + b"}"


@pytest.mark.parametrize(
    "document",
    [
        b"[" + of_eventbridge(RECORD) + b"," + of_eventbridge(OTHER) + b"]",
        of_eventbridge(RECORD) + b"\n" + of_eventbridge(OTHER),
        b'{"messageType":"DATA_MESSAGE","logEvents":[' + of_log_event(RECORD) + b"," + of_log_event(OTHER) + b"]}",
        b'{"events":[{"eventId":"1",' + of_log_event(RECORD)[1:] + b"," + of_log_event(OTHER) + b"]}",
        b'{"Events":[{"CloudTrailEvent":' + text(RECORD) + b'},{"CloudTrailEvent":' + text(OTHER) + b"}]}",
        b'{"EventId":"a","CloudTrailEvent":' + text(RECORD) + b'}\n{"CloudTrailEvent":' + text(OTHER) + b"}",
        b"[" + text(RECORD) + b"," + text(OTHER) + b"]",
        text(RECORD) + b"\n" + text(OTHER),
        b'{"Records":[' + of_queue(of_eventbridge(RECORD)) + b"," + of_queue(of_eventbridge(OTHER)) + b"]}",
        b'{"Messages":[{"Body":' + text(b'{"Records":[' + RECORD + b"," + OTHER + b"]}") + b"}]}",
        b"2026-03-04T10:15:31.000Z " + RECORD + b"\n2026-03-04T10:15:32.123Z " + OTHER + b"\n",
    ],
)
def test_envelopes_give_the_records_byte_for_byte(document: bytes) -> None:
    assert split_records(document) == [RECORD, OTHER]


@pytest.mark.parametrize("document", [of_eventbridge(RECORD), of_log_event(RECORD), text(RECORD)])
def test_an_envelope_may_stand_alone(document: bytes) -> None:
    assert split_records(document) == [RECORD]


def test_what_an_envelope_carries_beside_records_is_told() -> None:
    other = of_log_event(b"rotated")
    good, faults = split_with_faults(b"[" + of_log_event(RECORD) + b"," + other + b"," + of_log_event(OTHER) + b"]")
    assert good == [(0, RECORD), (2, OTHER)]
    assert [(fault.index, fault.reason) for fault in faults] == [(1, "not an object but a string")]


@pytest.mark.parametrize(
    "document",
    [
        b'{"message":"hello"}',
        b'{"Events":[{"kind":"Pod"}]}',
        b'{"detail-type":"GuardDuty Finding","detail":{"severity":5}}',
        b'{"events":["a"],"body":"b"}',
    ],
)
def test_documents_of_others_stay_documents_of_others(document: bytes) -> None:
    with pytest.raises(NotALogFile) as caught:
        split_records(document)
    assert caught.value.kind == "other"


def test_records_are_not_opened() -> None:
    record = b'{"eventVersion":"1.11","message":' + text(RECORD) + b',"Records":[' + RECORD + b"]}"
    assert opened([record, of_eventbridge(OTHER)]) == [record, of_eventbridge(OTHER)]


def test_envelopes_in_envelopes_end() -> None:
    document = RECORD
    for _ in range(20):
        document = of_queue(document)
    assert len(opened([document])) == 1

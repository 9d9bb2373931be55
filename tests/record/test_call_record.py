"""A call's record put together from pieces has the bytes that encoding it whole gives."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opentrail import limits
from opentrail.record.call_record import EVENT_VERSION, CallRecord, identity_json
from opentrail.record.encoding import encode

TIME, EVENT_ID = "2026-03-04T10:15:31Z", "6b8c1c4e-0000-4000-8000-000000000001"
TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["", "é" * 600, "x" * 2000, '"\\\n', "\ud800", "{[" * 60, "[agent]"])
)
MAYBE_TEXTS = st.none() | TEXTS
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
OBJECTS = st.none() | st.dictionaries(TEXTS, VALUES, max_size=4)
RESOURCES = st.none() | st.lists(st.just({"accountId": "1", "type": "T", "ARN": "arn:a"}), max_size=2)

RECORDS = st.builds(
    CallRecord,
    identity=st.sampled_from([{"type": "Root"}, {"type": "IAMUser", "principalId": "é", "userName": '"'}]).map(
        identity_json
    ),
    event_source=TEXTS,
    event_name=TEXTS,
    region=TEXTS,
    source_address=TEXTS,
    user_agent=TEXTS,
    read_only=st.booleans(),
    category=st.sampled_from(["Management", "Data"]),
    account=TEXTS,
    host=MAYBE_TEXTS,
    tls=st.none() | st.tuples(TEXTS, TEXTS),
    api_version=MAYBE_TEXTS,
    shared_event_id=MAYBE_TEXTS,
    vpc_endpoint_id=MAYBE_TEXTS,
    event_type=TEXTS,
    request_parameters=OBJECTS,
    response_elements=OBJECTS,
    error_code=MAYBE_TEXTS,
    error_message=MAYBE_TEXTS,
    additional_event_data=OBJECTS,
    request_id=MAYBE_TEXTS,
    resources=RESOURCES,
)


def whole(record: CallRecord) -> bytes:
    return encode({**record.fields(), "eventVersion": EVENT_VERSION, "eventTime": TIME, "eventID": EVENT_ID})


@given(RECORDS)
def test_the_pieces_make_the_record(record: CallRecord) -> None:
    assert record.encoded(TIME, EVENT_ID) == whole(record)


def plain(**parts: Any) -> CallRecord:
    made = CallRecord(
        identity_json({"type": "Root"}), "a.amazonaws.com", "A", "eu-west-1", "192.0.2.1", "x", True, "Data", "1"
    )
    return replace(made, **parts)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_what_is_nested_too_deep_is_cut_at_the_same_level() -> None:
    for levels in (limits.RECORD_DEPTH - 2, limits.RECORD_DEPTH - 1, limits.RECORD_DEPTH, limits.RECORD_DEPTH + 3):
        record = plain(request_parameters=nested(levels))
        assert record.encoded(TIME, EVENT_ID) == whole(record)


def test_caps_are_those_of_any_record() -> None:
    record = plain(
        request_parameters={"a": "x" * limits.PARAMETERS_BYTES},
        response_elements={"a": "x" * 30_000},
        additional_event_data={"a": "x" * limits.ADDITIONAL_DATA_BYTES},
    )
    encoded = record.encoded(TIME, EVENT_ID)
    assert encoded == whole(record)
    found = msgspec.json.decode(encoded)
    assert found["requestParameters"] is None
    assert found["responseElements"] == {"a": "x" * 30_000}
    assert "additionalEventData" not in found

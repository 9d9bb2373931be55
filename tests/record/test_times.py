"""Event times: the form that is delivered, and those that other tools leave behind."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail.record.faults import BadEventTime, BadRecord
from opentrail.record.times import format_event_time, parse_event_time

AT = 1_772_619_331_000_000  # 2026-03-04T10:15:31Z


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2026-03-04T10:15:31Z", AT),
        ("2026-03-04 10:15:31", AT),
        ("2026-03-04T10:15:31.123Z", AT + 123_000),
        ("2026-03-04T10:15:31.123456789Z", AT + 123_456),
        ("2026-03-04T12:15:31+02:00", AT),
        ("2026-03-04T02:45:31-0730", AT),
        (" 2026-03-04T10:15:31z ", AT),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
    ],
)
def test_reads_every_known_form(text: str, us: int) -> None:
    assert parse_event_time(text) == us


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-04T10:15:31Z", "2026-02-30T10:15:31Z", "2026-03-04T24:15:31Z", "2026-03-04T10:60:31Z",
     "2026-03-04T10:15:61Z", "2026-03-04", "1772619331", "٢٠٢٦-03-04T10:15:31Z", "0000-01-01T00:00:00Z", "x" * 10_000],
)  # fmt: skip
def test_refuses_what_is_no_time_and_says_so(text: str) -> None:
    with pytest.raises(BadEventTime, match="eventTime") as caught:
        parse_event_time(text)
    assert isinstance(caught.value, BadRecord)
    assert len(caught.value.reason) < 200


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_formats_what_it_reads(time: datetime) -> None:
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert format_event_time(parse_event_time(text)) == text
    assert (
        parse_event_time(text) == (time.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6
    )


def test_formatting_cuts_to_the_second() -> None:
    assert format_event_time(AT + 999_999) == "2026-03-04T10:15:31Z"

"""Event times: the text of a record to microseconds since the epoch, and back.

CloudTrail writes `YYYY-MM-DDTHH:MM:SSZ`, whole seconds, UTC. Records that went through other tools also have fractions
of 1 to 9 digits (cut to microseconds), a space in place of the T, an offset in place of the Z, or no zone (read
as UTC).
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from opentrail.clock import MICROSECONDS
from opentrail.record.faults import BadEventTime

_DELIVERED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LENIENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s*(?:[Zz]|UTC|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _day_us(day: str) -> int:
    year, month, day_of_month = day.split("-")
    since = datetime(int(year), int(month), int(day_of_month), tzinfo=UTC) - _EPOCH
    return since.days * 86_400 * MICROSECONDS


@lru_cache(maxsize=16384)
def parse_event_time(text: str) -> int:
    """Microseconds since the epoch, UTC; raises BadEventTime naming the text."""
    if _DELIVERED.fullmatch(text) is not None:
        hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
        if hour < 24 and minute < 60 and second < 60:
            try:
                return _day_us(text[:10]) + (hour * 3600 + minute * 60 + second) * MICROSECONDS
            except ValueError as fault:
                raise BadEventTime(f"eventTime {text!r} is no date") from fault
    return _parse_leniently(text)


def _parse_leniently(text: str) -> int:
    match = _LENIENT.fullmatch(text.strip())
    if match is None:
        raise BadEventTime(f"eventTime {text[:64]!r} is not of the form YYYY-MM-DDTHH:MM:SSZ")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    leap = second == 60  # a leap second is read as the first second after it
    try:
        time = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    except ValueError as fault:
        raise BadEventTime(f"eventTime {text[:64]!r} is no time: {fault}") from fault
    since = time - _EPOCH
    us = (since.days * 86_400 + since.seconds + (1 if leap else 0)) * MICROSECONDS
    if fraction is not None:
        us += int(fraction.ljust(6, "0")[:6])
    if sign is not None:
        offset = (int(offset_hours) * 60 + int(offset_minutes)) * 60 * MICROSECONDS
        us += -offset if sign == "+" else offset
    return us


def format_event_time(us: int) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, cut to the whole second, of microseconds since the epoch."""
    time = _EPOCH + timedelta(seconds=us // MICROSECONDS)
    return time.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

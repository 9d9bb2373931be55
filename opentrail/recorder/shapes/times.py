"""Times inside parameters and answers as AWS's Java services write them."""

from datetime import UTC, datetime
from typing import Any, Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOON: Final = 12


def java_time(value: Any, *, comma: bool = True) -> Any:
    """`Jul 10, 2023, 1:27:13 PM` of epoch seconds or an ISO 8601 text; anything else stays what it is.

    Older Java leaves out the comma behind the year.
    """
    moment = _moment(value)
    if moment is None:
        return value
    hour = moment.hour % _NOON or _NOON
    half = "AM" if moment.hour < _NOON else "PM"
    day = f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}{',' if comma else ''}"
    return f"{day} {hour}:{moment.minute:02}:{moment.second:02} {half}"


def epoch_milliseconds(value: Any) -> Any:
    """Milliseconds since the epoch of an ISO 8601 text, as EC2 writes times; anything else stays what it is."""
    moment = _moment(value)
    return value if moment is None else int(moment.timestamp() * 1000)


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None

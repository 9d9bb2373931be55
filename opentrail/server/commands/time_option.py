"""Times as people type them: ISO times, dates, and how long ago."""

import re
from datetime import UTC, date, datetime, time, timedelta

from opentrail.clock import MICROSECONDS, Clock
from opentrail.errors import ClientError

_AGO = re.compile(r"(\d{1,9})\s*(s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadTime(ClientError):
    """The time cannot be understood."""


def parse_time(text: str, clock: Clock, *, end_of_day: bool = False) -> int:
    """Microseconds since the epoch, UTC, of `2h` (ago; s m h d w), `2026-03-04` or an ISO time.

    A time without an offset is UTC. A date alone is its first moment, or with `end_of_day` its last. Raises BadTime.
    """
    text = text.strip()
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return clock.now_us() - int(ago[1]) * _SECONDS[ago[2].lower()] * MICROSECONDS
    try:
        if len(text) == 10:
            moment = datetime.combine(date.fromisoformat(text), time.max if end_of_day else time.min, UTC)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime(
            f"{text!r} is no time: give 2026-03-04T10:15:31Z, 2026-03-04, or how long ago, as in 2h or 7d."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)

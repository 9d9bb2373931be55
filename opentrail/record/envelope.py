"""The envelope of a record: the little that the journal keeps beside its bytes."""

import msgspec

from opentrail import limits
from opentrail.record.classification import category_of
from opentrail.record.faults import BadRecord
from opentrail.record.times import parse_event_time
from opentrail.record.view import RecordView, generic


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Who may see the record (`account`, `region`), which kind it is, when it happened, and its identity.

    `time_us`: microseconds since the epoch, UTC. `account` and `region` may be empty where the record names none.
    """

    account: str
    region: str
    category: str
    time_us: int
    event_id: str


def envelope(view: RecordView, fallback_account: str = "") -> Envelope:
    """The envelope of a viewed record.

    `account` is the recipient's, else the caller's, else `fallback_account` (an importer knows it from the file's
    name). Raises BadRecord where eventTime or eventID is missing or cannot be used.
    """
    event_id = view.eventID or view.eventId
    if not event_id:
        raise BadRecord("eventID is missing")
    time = view.eventTime or _window_start(view)
    if not time:
        raise BadRecord("eventTime is missing")
    identity = view.userIdentity
    account = (
        view.recipientAccountId or (identity.accountId if identity is not None else None) or view.accountId
    ) or fallback_account
    region = view.awsRegion or ""
    category = view.eventCategory or category_of(view)
    if max(len(event_id), len(account), len(region), len(category)) > limits.ENVELOPE_TEXT_CHARS:
        raise BadRecord(
            f"eventID, account, awsRegion or eventCategory is longer than {limits.ENVELOPE_TEXT_CHARS} characters"
        )
    return Envelope(account, region, category, parse_event_time(time), event_id)


def _window_start(view: RecordView) -> str | None:
    """The time of an aggregated event, which has none of its own."""
    window = generic(view.timeWindow)
    start = window.get("windowStart") if isinstance(window, dict) else None
    return start if isinstance(start, str) else None

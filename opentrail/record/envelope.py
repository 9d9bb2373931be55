"""The envelope of a record: the little that the journal keeps beside its bytes."""

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard, cast

import msgspec

from opentrail import limits
from opentrail.record.classification import category_of
from opentrail.record.faults import BadRecord
from opentrail.record.times import parse_event_time
from opentrail.record.view import RecordView, generic, require_limits, view


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Who may see the record (`account`, `region`), which kind it is, when it happened, and its identity.

    `time_us`: microseconds since the epoch, UTC. `account` and `region` may be empty where the record names none.
    """

    account: str
    region: str
    category: str
    time_us: int
    event_id: str


class Envelopes(NamedTuple):
    """Envelopes of several records as parallel lists."""

    accounts: list[str]
    regions: list[str]
    categories: list[str]
    times_us: list[int]
    event_ids: list[str]


class _Essentials(msgspec.Struct, gc=False):
    """What most records say themselves of their envelope."""

    eventTime: str | None = None  # noqa: N815 - the record's own names
    awsRegion: str | None = None  # noqa: N815
    eventID: str | None = None  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815
    eventCategory: str | None = None  # noqa: N815


_decode_essentials = msgspec.json.Decoder(_Essentials).decode


def read_envelope(raw: bytes, fallback_account: str = "") -> Envelope:
    """`envelope(view(raw), fallback_account)`, a third of its cost where the record names all that it needs.

    The rest of the record is passed over, and so proved well-formed, but not decoded. Raises BadRecord.
    """
    require_limits(raw)
    try:
        found = _decode_essentials(raw)
    except (msgspec.DecodeError, RecursionError):
        return envelope(view(raw), fallback_account)  # it may still be readable, if leniently
    account, region, category = found.recipientAccountId, found.awsRegion, found.eventCategory
    event_id, time = found.eventID, found.eventTime
    if not (account and region and category and event_id and time):
        return envelope(view(raw), fallback_account)
    _require_short(account, region, category, event_id)
    return Envelope(account, region, category, parse_event_time(time), event_id)


def read_envelopes(raws: Sequence[bytes]) -> Envelopes | None:
    """What `read_envelope` says of many records, as columns; None where one of them needs a closer look.

    For records as AWS writes them, each check is one pass over a column: half the cost.
    """
    try:
        for raw in raws:
            require_limits(raw)
        found = [_decode_essentials(raw) for raw in raws]
        times = [record.eventTime for record in found]
        times_us = [parse_event_time(time) for time in times if time]
    except (msgspec.DecodeError, RecursionError, BadRecord):
        return None
    accounts = [record.recipientAccountId for record in found]
    regions = [record.awsRegion for record in found]
    categories = [record.eventCategory for record in found]
    event_ids = [record.eventID for record in found]
    if len(times_us) < len(found) or not (_are_usable(accounts) and _are_usable(regions)):
        return None
    if not (_are_usable(categories) and _are_usable(event_ids)):
        return None
    return Envelopes(accounts, regions, categories, times_us, event_ids)


def _are_usable(texts: list[str | None]) -> TypeGuard[list[str]]:
    """Whether each is there and no longer than an envelope has room for."""
    return all(texts) and max(map(len, cast(list[str], texts)), default=0) <= limits.ENVELOPE_TEXT_CHARS


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
    _require_short(account, region, category, event_id)
    return Envelope(account, region, category, parse_event_time(time), event_id)


def _require_short(account: str, region: str, category: str, event_id: str) -> None:
    if max(len(event_id), len(account), len(region), len(category)) > limits.ENVELOPE_TEXT_CHARS:
        raise BadRecord(
            f"eventID, account, awsRegion or eventCategory is longer than {limits.ENVELOPE_TEXT_CHARS} characters"
        )


def _window_start(view: RecordView) -> str | None:
    """The time of an aggregated event, which has none of its own."""
    window = generic(view.timeWindow)
    start = window.get("windowStart") if isinstance(window, dict) else None
    return start if isinstance(start, str) else None

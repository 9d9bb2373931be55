"""Stamping: what every record of our own making carries, whoever made it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opentrail.clock import MICROSECONDS
from opentrail.intake.event_ids import new_event_id
from opentrail.record.call_record import EVENT_VERSION, CallRecord
from opentrail.record.encoding import encode
from opentrail.record.envelope import Envelope
from opentrail.record.faults import BadRecord
from opentrail.record.times import format_event_time


def stamp(record: CallRecord | Mapping[str, Any], now_us: int) -> tuple[bytes, Envelope]:
    """The record's bytes and its envelope; raises BadRecord without an account, or where it stays too large.

    Sets eventVersion, eventID and eventTime (whole seconds, from `now_us`), and where mere fields lack them eventType,
    eventCategory, managementEvent and recipientAccountId.
    """
    # The envelope says what the record says: whole seconds, so that an index rebuilt from records is the same.
    second, event_id = now_us // MICROSECONDS, new_event_id()
    if isinstance(record, CallRecord):
        about = Envelope(record.account, record.region, record.category, second * MICROSECONDS, event_id)
        return record.encoded(_event_time(second), event_id), about
    return _stamp_fields(record, second, event_id)


def _stamp_fields(fields: Mapping[str, Any], second: int, event_id: str) -> tuple[bytes, Envelope]:
    record: dict[str, Any] = {
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        **fields,
        "eventVersion": EVENT_VERSION,
        "eventID": event_id,
        "eventTime": _event_time(second),
    }
    category = record["eventCategory"]
    record.setdefault("managementEvent", category == "Management")
    account = record.get("recipientAccountId")
    if not account:
        identity = record.get("userIdentity")
        account = identity.get("accountId") if isinstance(identity, Mapping) else None
        if not account:
            raise BadRecord("neither recipientAccountId nor userIdentity.accountId is known")
        record["recipientAccountId"] = account
    about = Envelope(account, record.get("awsRegion") or "", category, second * MICROSECONDS, event_id)
    return encode(record), about


@lru_cache(maxsize=256)
def _event_time(second: int) -> str:
    """Calls of one second share the text of its time."""
    return format_event_time(second * MICROSECONDS)

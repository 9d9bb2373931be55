"""Stamping: what every record of our own making carries, whoever made it."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from opentrail.clock import MICROSECONDS
from opentrail.record.encoding import encode
from opentrail.record.envelope import Envelope
from opentrail.record.faults import BadRecord
from opentrail.record.times import format_event_time

EVENT_VERSION = "1.11"


def stamp(fields: Mapping[str, Any], now_us: int) -> tuple[bytes, Envelope]:
    """The record's bytes and its envelope; raises BadRecord without an account, or where it stays too large.

    Sets eventVersion, eventID and eventTime (whole seconds, from `now_us`), and where `fields` lack them eventType,
    eventCategory, managementEvent and recipientAccountId.
    """
    event_id = str(uuid4())
    record: dict[str, Any] = {
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        **fields,
        "eventVersion": EVENT_VERSION,
        "eventID": event_id,
        "eventTime": format_event_time(now_us),
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
    # The envelope says what the record says: whole seconds, so that an index rebuilt from records is the same.
    time_us = now_us - now_us % MICROSECONDS
    return encode(record), Envelope(account, record.get("awsRegion") or "", category, time_us, event_id)

"""What an audit event says: AWS's integration schema, as the text that is sent and its checksum."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from opentrail import limits
from opentrail.errors import ClientError

VERSION: Final = "1.0"  # of the source's own format, which the schema wants to be told
_AROUND: Final = 200  # bytes of a call around an event's text: its id, checksum, names


class BadEvent(ClientError):
    """The event cannot be sent: it is no JSON, or longer than one call."""


@dataclass(frozen=True, slots=True)
class User:
    """Who did it: the kind of user, and the user's id in the source. `details` may say more."""

    type: str
    principal_id: str
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event as it is sent, the same with each attempt. `size`: bytes that it takes of a call."""

    id: str
    text: str
    checksum: str = field(repr=False)
    size: int


def prepared(event_id: str, members: Mapping[str, Any]) -> Prepared:
    """The event of these members of `eventData`; what is None is left out. Raises BadEvent."""
    told = {name: value for name, value in members.items() if value is not None}
    try:
        text = json.dumps(told, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise BadEvent(f"The event is no JSON: {fault}") from fault
    size = len(json.dumps(text)) + _AROUND
    if size > limits.AUDIT_CALL_BYTES:
        raise BadEvent(f"The event takes {size} bytes of a call, which has {limits.AUDIT_CALL_BYTES} at most.")
    # the text is ASCII, so that its bytes are the same wherever it is encoded
    checksum = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Prepared(event_id, text, checksum, size)


def as_event_time(time: datetime | None) -> str:
    """`yyyy-mm-ddThh:mm:ssZ` of a time with a zone, or of now. Raises BadEvent."""
    if time is None:
        time = datetime.now(UTC)
    if time.tzinfo is None:
        raise BadEvent("The time of an event needs a zone.")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(user: User) -> dict[str, Any]:
    """The event's `userIdentity`."""
    who: dict[str, Any] = {"type": user.type, "principalId": user.principal_id}
    if user.details is not None:
        who["details"] = dict(user.details)
    return who

# ruff: noqa: N815 - fields carry the record's own names
"""Events as matchers read them: the envelope's columns, and of a record only what some selector asks for.

One value serves all trails that look at a batch: a record is decoded when the first of them asks, and once.
"""

from collections.abc import Sequence

import msgspec

from opentrail.journal import Batch
from opentrail.record.faults import BadRecord
from opentrail.record.view import ABSENT, ResourceView, resource_entries, view
from opentrail.selectors.resource_types import IMPLIED_TYPES

Touched = Sequence[tuple[str | None, str | None]]  # type and ARN (or the beginning of ARNs) of each resource

_S3_OBJECT: str = "AWS::S3::Object"
_S3_BUCKET: str = "AWS::S3::Bucket"


class CallerFields(msgspec.Struct, gc=False):
    """Of `userIdentity` what selectors look at."""

    type: str | None = None
    arn: str | None = None
    invokedBy: str | None = None


class EventFields(msgspec.Struct, gc=False):
    """Of a record what selectors look at; fields as in RecordView."""

    userIdentity: CallerFields | None = None
    eventSource: str | None = None
    eventName: str | None = None
    errorCode: str | None = None
    readOnly: bool | None = None
    resources: msgspec.Raw = ABSENT
    eventType: str | None = None
    vpcEndpointId: str | None = None
    sessionCredentialFromConsole: str | None = None


class _Resource(msgspec.Struct, gc=False):
    type: str | None = None
    ARN: str | None = None
    ARNPrefix: str | None = None


_decode_fields = msgspec.json.Decoder(EventFields).decode
_decode_resources = msgspec.json.Decoder(list[_Resource] | None).decode


class Events:
    """Events in the journal's order, as parallel columns; fields and resources are decoded when asked for."""

    __slots__ = ("_fields", "_touched", "accounts", "bodies", "categories", "regions")

    def __init__(
        self, accounts: Sequence[str], regions: Sequence[str], categories: Sequence[str], bodies: Sequence[bytes]
    ) -> None:
        self.accounts = accounts
        self.regions = regions
        self.categories = categories
        self.bodies = bodies
        self._fields: list[EventFields | None] = [None] * len(bodies)
        self._touched: list[Touched | None] = [None] * len(bodies)

    def fields(self, index: int) -> EventFields:
        """The fields of one record; empty ones where nobody can read it."""
        known = self._fields[index]
        if known is None:
            known = self._fields[index] = read_fields(self.bodies[index])
        return known

    def touched(self, index: int) -> Touched:
        """The resources of one record."""
        known = self._touched[index]
        if known is None:
            known = self._touched[index] = read_touched(self.fields(index))
        return known


def events_of(batch: Batch) -> Events:
    """The events of a batch as matchers read them; decoded at most once for all that look at it."""
    entries = batch.entries
    return Events(entries.accounts, entries.regions, entries.categories, entries.bodies)


def read_fields(raw: bytes) -> EventFields:
    """The fields of a record that `record.view` has let through once; empty ones where nobody can read it."""
    try:
        return _decode_fields(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _leniently(raw)


def read_touched(fields: EventFields) -> Touched:
    """The resources that a record names; for one that names none its service's, of which no ARN is known.

    A call on a bucket that touches no object of its own is about whatever the bucket holds.
    """
    raw = bytes(fields.resources)
    try:
        found = _decode_resources(raw) if raw else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = [_Resource(one.type, one.ARN, one.ARNPrefix) for one in resource_entries(raw) or []]
    touched = [(one.type, one.ARN or one.ARNPrefix) for one in found or ()]
    implied = IMPLIED_TYPES.get(fields.eventSource or "")
    if implied is None or any(kind is not None and kind != _S3_BUCKET for kind, _ in touched):
        return touched
    bucket = next((arn for kind, arn in touched if kind == _S3_BUCKET and arn), None)
    touched.append((implied, f"{bucket}/" if bucket is not None and implied == _S3_OBJECT else None))
    return touched


def _leniently(raw: bytes) -> EventFields:
    """Of a record with odd types, or text that only the view's slower ways can read."""
    try:
        found = view(raw)
    except BadRecord:
        return EventFields()
    caller = found.userIdentity
    return EventFields(
        userIdentity=None if caller is None else CallerFields(caller.type, caller.arn, caller.invokedBy),
        eventSource=found.eventSource,
        eventName=found.eventName,
        errorCode=found.errorCode,
        readOnly=found.readOnly,
        resources=ABSENT if found.resources is None else _encoded(found.resources),
        eventType=found.eventType,
        vpcEndpointId=found.vpcEndpointId,
        sessionCredentialFromConsole=found.sessionCredentialFromConsole,
    )


def _encoded(resources: list[ResourceView]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(resources))

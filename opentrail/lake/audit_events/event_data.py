# ruff: noqa: N815 - fields carry the event's own names
"""What an audit event must say, why one is refused, and the form in which it is stored.

`eventData` is a JSON text of AWS's integration schema. One typed decode answers for nearly all events; only where it
fails are members looked at one by one, to say what is wrong. Members that the schema does not know are kept.

Stored, one line, in this order (source: AWS CloudTrail User Guide, "CloudTrail Lake integrations event schema"):

    {"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventID":UUID,"eventTime":TIME,
     "awsRegion":REGION,"recipientAccountId":ACCOUNT,"metadata":{"ingestionTime":TIME,"channelARN":ARN},"eventData":{..}}

Parameters inside `eventData` keep the bytes that they were sent with. An event without a checksum is taken as it came.
"""

import base64
import hashlib
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw

from opentrail import limits
from opentrail.record.depth import exceeds_depth
from opentrail.record.faults import BadEventTime
from opentrail.record.text import one_line
from opentrail.record.times import parse_event_time

_Type = Annotated[str, Meta(min_length=1, max_length=limits.AUDIT_EVENT_TYPE_TEXT)]
_Short = Annotated[str, Meta(min_length=1, max_length=limits.AUDIT_EVENT_SHORT_TEXT)]
_Long = Annotated[str, Meta(min_length=1, max_length=limits.AUDIT_EVENT_LONG_TEXT)]
_OptionalShort = Annotated[str, Meta(max_length=limits.AUDIT_EVENT_SHORT_TEXT)] | None
_OptionalLong = Annotated[str, Meta(max_length=limits.AUDIT_EVENT_LONG_TEXT)] | None
_Parameters = dict[str, Raw] | None  # a map: of equal names the last one counts, here as for whoever reads it later

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z?)", re.ASCII)
_AWS: Final = re.compile(r"(?:.*\.)?amazonaws\.com(?:\.cn)?", re.IGNORECASE | re.DOTALL)


class AuditEvent(msgspec.Struct, gc=False):
    """An event as PutAuditEvents brings it: the source's own id, the JSON text, and the text's checksum."""

    id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[-_A-Za-z0-9]+\Z")]
    eventData: str
    eventDataChecksum: str | None = None


class _Identity(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    type: _Type
    principalId: _Long
    details: _Parameters = None


class _EventData(msgspec.Struct, gc=False, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The schema, in its order."""

    version: _Short
    userIdentity: _Identity
    userAgent: _OptionalLong = None
    eventSource: _Long
    eventName: _Long
    eventTime: str
    UID: _Long
    requestParameters: _Parameters = None
    responseElements: _Parameters = None
    errorCode: _OptionalShort = None
    errorMessage: _OptionalShort = None
    sourceIPAddress: str | None = None
    recipientAccountId: str
    additionalEventData: _Parameters = None


class Refused(Exception):
    """An event cannot be taken: AWS's code for it, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Stamp:
    """Stores the events that come by one channel at one moment. `ingested`: the time as events have it."""

    def __init__(self, account: str, region: str, channel_arn: str, ingested: str) -> None:
        self._account = account
        self._after_time = (
            f'","awsRegion":"{region}","recipientAccountId":"{account}",'
            f'"metadata":{{"ingestionTime":"{ingested}","channelARN":"{channel_arn}"}},"eventData":'
        ).encode()

    def stored(self, event: AuditEvent, event_id: str) -> tuple[bytes, int]:
        """The event's stored form, and its time in microseconds since the epoch. Raises Refused."""
        text = event.eventData
        if event.eventDataChecksum is not None and event.eventDataChecksum != checksum(text):
            raise Refused("InvalidChecksum", "The checksum does not match the SHA-256 of eventData.")
        try:
            data = _decode(text)
            encoded = _encode(data)
        except (msgspec.DecodeError, RecursionError):
            data, encoded = _looked_at(text)
        time, time_us = _time(data.eventTime)
        if data.recipientAccountId != self._account:
            raise Refused("InvalidRecipient", "recipientAccountId is not the account that owns the channel.")
        _check_source(data.eventSource)
        if data.sourceIPAddress is not None:
            _check_address(data.sourceIPAddress)
        if len(text) * _UTF8 > limits.ADDITIONAL_DATA_BYTES:
            _check_sizes(data)
        body = b"".join((_HEAD, event_id.encode(), _TIME_MEMBER, time.encode(), self._after_time, encoded, b"}"))
        if len(body) > limits.FOREIGN_RECORD_BYTES:
            raise Refused("FieldTooLong", f"The event is larger than {limits.FOREIGN_RECORD_BYTES} bytes.")
        if exceeds_depth(body, limits.RECORD_DEPTH):
            raise Refused("InvalidData", f"eventData is nested more than {limits.RECORD_DEPTH} levels deep.")
        return one_line(body), time_us


_HEAD: Final = b'{"eventVersion":"1.0","eventCategory":"ActivityAuditLog","eventType":"ActivityLog","eventID":"'
_TIME_MEMBER: Final = b'","eventTime":"'
_UTF8: Final = 4  # bytes of a character at most

_decode = msgspec.json.Decoder(_EventData).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


def checksum(event_data: str) -> str:
    """What `eventDataChecksum` has to be: base64 of the SHA-256 of the exact text."""
    return base64.b64encode(hashlib.sha256(event_data.encode()).digest()).decode()


@lru_cache(maxsize=4096)
def _time(text: str) -> tuple[str, int]:
    """The time as stored, and in microseconds since the epoch."""
    form = _TIME.fullmatch(text)
    fault = Refused("InvalidData", "eventTime is not a UTC time of the form yyyy-MM-ddTHH:mm:ssZ.")
    if form is None:
        raise fault
    try:
        return (text if form[1] else text + "Z"), parse_event_time(text)
    except BadEventTime as bad:  # the form of a time, and no time: February 30
        raise fault from bad


@lru_cache(maxsize=1024)
def _check_source(source: str) -> None:
    if _AWS.fullmatch(source):
        raise Refused("InvalidEventSource", "eventSource names an AWS service, whose events do not come by channels.")


def _check_address(text: str) -> None:
    try:
        socket.inet_pton(socket.AF_INET, text)  # a tenth of the other's cost, and as strict
    except (OSError, ValueError):
        _check_other_address(text)


@lru_cache(maxsize=4096)
def _check_other_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError as none:
        raise Refused("InvalidData", "sourceIPAddress is not an IPv4 or IPv6 address.") from none


def _check_sizes(data: _EventData) -> None:
    for name, found, most in (
        ("requestParameters", data.requestParameters, limits.PARAMETERS_BYTES),
        ("responseElements", data.responseElements, limits.PARAMETERS_BYTES),
        ("additionalEventData", data.additionalEventData, limits.ADDITIONAL_DATA_BYTES),
    ):
        if found is not None and len(_encode(found)) > most:
            raise Refused("FieldTooLong", f"{name} is larger than {most} bytes.")


def _looked_at(text: str) -> tuple[_EventData, bytes]:
    """The event's data, member by member, and its JSON with the members that the schema does not know.

    Raises Refused, with what is wrong.
    """
    members = _members(text, "eventData")
    identity = _members(_required(members, "userIdentity"), "userIdentity")
    known = {name: _read(members, name, kind) for name, kind in _KINDS.items()}
    of_identity = {name: _read(identity, name, kind, "userIdentity.") for name, kind in _IDENTITY_KINDS.items()}
    who = _Identity(**of_identity)
    data = _EventData(userIdentity=who, **known)
    unknown = {name: raw for name, raw in members.items() if name not in _EventData.__struct_fields__}
    unknown_of_identity = {name: raw for name, raw in identity.items() if name not in _IDENTITY_KINDS}
    whole = _decode_members(_encode(data))
    whole["userIdentity"] = Raw(_encode({**_decode_members(_encode(who)), **unknown_of_identity}))
    return data, _encode({**whole, **unknown})


def _members(text: str | Raw, where: str) -> dict[str, Raw]:
    try:
        return _decode_members(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise Refused("InvalidData", f"{where} is not a JSON object.") from fault


def _required(members: Mapping[str, Raw], name: str, where: str = "") -> Raw:
    raw = members.get(name)
    if raw is None or bytes(raw) in (b"null", b'""'):
        raise Refused("FieldNotFound", f"{where}{name} is missing.")
    return raw


def _read(members: Mapping[str, Raw], name: str, kind: "_Kind", where: str = "") -> Any:
    """The member's value. Raises Refused where it is missing, of another type, or too long."""
    raw = _required(members, name, where) if kind.required else members.get(name)
    if raw is None:
        return None
    try:
        return kind.decode(raw)
    except msgspec.DecodeError:
        pass  # too long, or of another type: read once more to say which
    try:
        kind.decode_any_length(raw)
    except msgspec.DecodeError as fault:
        raise Refused("InvalidData", f"{where}{name} is not {kind.named}.") from fault
    raise Refused("FieldTooLong", f"{where}{name} is longer than {kind.most} characters.")


class _Kind:
    """What a member may be."""

    def __init__(self, kind: object, named: str = "a text", most: int = 0, *, required: bool = False) -> None:
        self.decode: Callable[[Raw], object] = msgspec.json.Decoder(kind).decode
        any_length = str | None if named == "a text" else _Parameters
        self.decode_any_length: Callable[[Raw], object] = msgspec.json.Decoder(any_length).decode
        self.required = required
        self.named = named
        self.most = most


_LONG_TEXT: Final = _Kind(_Long, most=limits.AUDIT_EVENT_LONG_TEXT, required=True)
_ANY_TEXT: Final = _Kind(str, required=True)
_OPTIONAL_SHORT_TEXT: Final = _Kind(_OptionalShort, most=limits.AUDIT_EVENT_SHORT_TEXT)
_OBJECT: Final = _Kind(_Parameters, "an object")

_IDENTITY_KINDS: Final = {
    "type": _Kind(_Type, most=limits.AUDIT_EVENT_TYPE_TEXT, required=True),
    "principalId": _LONG_TEXT,
    "details": _OBJECT,
}
_KINDS: Final = {
    "version": _Kind(_Short, most=limits.AUDIT_EVENT_SHORT_TEXT, required=True),
    "userAgent": _Kind(_OptionalLong, most=limits.AUDIT_EVENT_LONG_TEXT),
    "eventSource": _LONG_TEXT,
    "eventName": _LONG_TEXT,
    "eventTime": _ANY_TEXT,
    "UID": _LONG_TEXT,
    "requestParameters": _OBJECT,
    "responseElements": _OBJECT,
    "errorCode": _OPTIONAL_SHORT_TEXT,
    "errorMessage": _OPTIONAL_SHORT_TEXT,
    "sourceIPAddress": _Kind(str | None),
    "recipientAccountId": _ANY_TEXT,
    "additionalEventData": _OBJECT,
}

# ruff: noqa: N815 - fields carry the record's own names
"""Typed, lenient views over the raw bytes of a record.

The fast way is one msgspec decode that makes no dictionaries: parameters stay raw slices. Records with odd types (a
boolean written as text, a number as an account, parameters that are a string, lone surrogates) are read once more,
field by field; they never raise where a person could still tell what is meant. The view never changes the bytes.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

from opentrail import limits
from opentrail.record.depth import exceeds_depth
from opentrail.record.faults import BadRecord

_Kind = TypeVar("_Kind", bound=msgspec.Struct)

ABSENT = msgspec.Raw(b"")
_WITHOUT_ID: Final = "1.0"
_LAYOUT: Final = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|[ \t\r\n]++', re.DOTALL)  # a string, or white space


class SessionIssuerView(msgspec.Struct, gc=False):
    """`userIdentity.sessionContext.sessionIssuer`."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    userName: str | None = None


class SessionContextView(msgspec.Struct, gc=False):
    """`userIdentity.sessionContext`; the maps inside stay raw."""

    sessionIssuer: SessionIssuerView | None = None
    webIdFederationData: msgspec.Raw = ABSENT
    attributes: msgspec.Raw = ABSENT
    sourceIdentity: str | None = None
    ec2RoleDelivery: str | None = None


class IdentityView(msgspec.Struct, gc=False):
    """`userIdentity`; `sessionContext` stays raw until `session` is asked for."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accountId: str | None = None
    accessKeyId: str | None = None
    userName: str | None = None
    sessionContext: msgspec.Raw = ABSENT
    invokedBy: str | None = None
    identityProvider: str | None = None
    credentialId: str | None = None
    inScopeOf: msgspec.Raw = ABSENT
    onBehalfOf: msgspec.Raw = ABSENT


class ResourceView(msgspec.Struct, gc=False):
    """An entry of the record's `resources`."""

    ARN: str | None = None
    accountId: str | None = None
    type: str | None = None
    ARNPrefix: str | None = None


class RecordView(msgspec.Struct, gc=False):
    """The top level of a record. Raw fields are `b""` where absent and `b"null"` where null."""

    eventVersion: str | None = None
    userIdentity: IdentityView | None = None
    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    requestParameters: msgspec.Raw = ABSENT
    responseElements: msgspec.Raw = ABSENT
    additionalEventData: msgspec.Raw = ABSENT
    requestID: str | None = None
    eventID: str | None = None
    readOnly: bool | None = None
    resources: list[ResourceView] | None = None
    eventType: str | None = None
    apiVersion: str | None = None
    managementEvent: bool | None = None
    recipientAccountId: str | None = None
    sharedEventID: str | None = None
    vpcEndpointId: str | None = None
    vpcEndpointAccountId: str | None = None
    serviceEventDetails: msgspec.Raw = ABSENT
    addendum: msgspec.Raw = ABSENT
    eventCategory: str | None = None
    edgeDeviceDetails: msgspec.Raw = ABSENT
    tlsDetails: msgspec.Raw = ABSENT
    sessionCredentialFromConsole: str | None = None
    eventContext: msgspec.Raw = ABSENT
    insightDetails: msgspec.Raw = ABSENT
    annotation: msgspec.Raw = ABSENT
    eventId: str | None = None  # aggregated events spell their identity so
    accountId: str | None = None  # aggregated events
    timeWindow: msgspec.Raw = ABSENT  # aggregated events


class InsightView(msgspec.Struct, gc=False):
    """`insightDetails` of an Insights event."""

    state: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    errorCode: str | None = None
    insightType: str | None = None
    insightContext: msgspec.Raw = ABSENT


_record = msgspec.json.Decoder(RecordView)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_decode_record = _record.decode


def view(raw: bytes) -> RecordView:
    """The view of one raw record.

    Raises BadRecord: not a JSON object, not UTF-8, nested deeper than limits.RECORD_DEPTH, larger than
    limits.FOREIGN_RECORD_BYTES.
    """
    require_limits(raw)
    try:
        found = _decode_record(raw)
    except (msgspec.DecodeError, RecursionError):
        found = _view_leniently(raw)
    return found if found.eventID else _identified(found, raw)


def require_limits(raw: bytes) -> None:
    """Raise BadRecord where `raw` is too large, nested too deeply or not UTF-8; whether it is JSON is not asked."""
    if len(raw) > limits.FOREIGN_RECORD_BYTES:
        raise BadRecord(f"larger than {limits.FOREIGN_RECORD_BYTES} bytes")
    if not raw.isascii():
        _require_utf8(raw)
    if exceeds_depth(raw, limits.RECORD_DEPTH):
        raise BadRecord(f"nested more than {limits.RECORD_DEPTH} levels deep")


def views(raws: Iterable[bytes]) -> list[RecordView | BadRecord]:
    """The views of records that `view` has let through once: those of the journal, of segments, of this process.

    In their order; limits and UTF-8 are not checked again, which saves a third of the time. A record that cannot be
    read after all gives its fault in place of a view.
    """
    raws = raws if isinstance(raws, list) else list(raws)
    try:
        found = [_decode_record(raw) for raw in raws]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return [_view_or_fault(raw) for raw in raws]
    return [told if told.eventID else _identified(told, raw) for told, raw in zip(found, raws, strict=True)]


def _identified(record: RecordView, raw: bytes) -> RecordView:
    """Records of version 1.0 have no eventID (it came with 1.01): theirs follows from what they say.

    So the same record is known again, however it is laid out. Source: AWS CloudTrail User Guide, "record contents".
    """
    if record.eventVersion == _WITHOUT_ID and record.eventName and not record.eventId:
        said = _LAYOUT.sub(rb"\1", raw)
        record.eventID = str(uuid.UUID(bytes=hashlib.blake2b(said, digest_size=16).digest(), version=5))
    return record


def _view_or_fault(raw: bytes) -> RecordView | BadRecord:
    try:
        return view(raw)
    except BadRecord as fault:
        return fault


def session(identity: IdentityView) -> SessionContextView | None:
    """The session context of `identity`, or None where there is none."""
    return _nested(identity.sessionContext, SessionContextView)


def insight(record: RecordView) -> InsightView | None:
    """The insight details of `record`, or None where it is no Insights event."""
    return _nested(record.insightDetails, InsightView)


def is_object(raw: msgspec.Raw) -> bool:
    """Whether a raw field holds an object (it may be absent, null or, in edited records, anything)."""
    return bytes(raw)[:1] == b"{"


def generic(raw: msgspec.Raw | bytes) -> Any:
    """The JSON value of a raw field as Python has it (dict, list, str, ...); None where it is absent or unreadable."""
    text = bytes(raw)
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _loads(text)


def _require_utf8(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        raise BadRecord(f"not UTF-8 (byte {fault.start})") from fault


def _loads(text: bytes) -> Any:
    """A value that msgspec refuses: lone surrogates become U+FFFD; None where Python cannot read it either."""
    try:
        return _without_surrogates(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(value) else value
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _view_leniently(raw: bytes) -> RecordView:
    """Field by field; what cannot be given its type is left out."""
    try:
        fields = _fields.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        fields = _fields_by_json(raw)
    known = {name: value for name, value in fields.items() if name in RecordView.__struct_fields__}
    return _assemble(RecordView, known)


def _fields_by_json(raw: bytes) -> dict[str, msgspec.Raw]:
    """For text that msgspec refuses although JSON's grammar allows it. Raises BadRecord where that does not either."""
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError as fault:
        raise BadRecord("nested too deeply") from fault
    except ValueError as fault:
        raise BadRecord(f"not JSON: {fault}") from fault
    if not isinstance(value, dict):
        raise BadRecord("not a JSON object")
    clean = _without_surrogates(value)
    return {name: msgspec.Raw(json.dumps(item, ensure_ascii=False).encode()) for name, item in clean.items()}


def _nested(raw: msgspec.Raw, kind: type[_Kind]) -> _Kind | None:
    """The struct that a raw object holds, read leniently; None for anything but an object."""
    text = bytes(raw)
    if text[:1] != b"{":
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError):
        try:
            fields = _fields.decode(text)
        except (msgspec.DecodeError, RecursionError):
            fields = _fields_by_json(text)
        return _assemble(kind, fields)


def _assemble(kind: type[_Kind], fields: dict[str, msgspec.Raw]) -> _Kind:
    values: dict[str, Any] = {}
    for info in msgspec.structs.fields(kind):
        raw = fields.get(info.name)
        if raw is not None:
            values[info.name] = _convert(info.type, raw)
    return kind(**values)


def _convert(wanted: Any, raw: msgspec.Raw) -> Any:
    """`raw` as the type of a view's field, as far as it can be told; None otherwise."""
    if wanted is msgspec.Raw:
        return raw
    if wanted == str | None:
        return _as_text(raw)
    if wanted == bool | None:
        return _as_bool(raw)
    if wanted == list[ResourceView] | None:
        return resource_entries(raw)
    for kind in (IdentityView, SessionIssuerView):
        if wanted == kind | None:
            return _nested(raw, kind)
    raise TypeError(f"no conversion to {wanted}")


def _as_text(raw: msgspec.Raw) -> str | None:
    """A string as it is; a number or boolean as it is written; an object or array as its JSON text; null as None."""
    text = bytes(raw)
    if text[:1] == b'"':
        value = generic(raw)
        return value if isinstance(value, str) else None
    return None if text == b"null" else text.decode(errors="replace")


def _as_bool(raw: msgspec.Raw) -> bool | None:
    text = bytes(raw).strip(b'"').lower()
    return True if text in (b"true", b"yes", b"1") else False if text in (b"false", b"no", b"0") else None


def resource_entries(raw: msgspec.Raw | bytes) -> list[ResourceView] | None:
    """Of the value of `resources` the entries that are objects; a single object counts as a list of one."""
    text = bytes(raw)
    if text[:1] == b"{":
        items = [msgspec.Raw(text)]
    elif text[:1] == b"[":
        try:
            items = msgspec.json.decode(text, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            items = [msgspec.Raw(json.dumps(item).encode()) for item in generic(raw) or []]
    else:
        return None
    entries = [_nested(item, ResourceView) for item in items]
    return [entry for entry in entries if entry is not None]

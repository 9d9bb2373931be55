"""From JSON to the parameters of an operation: the types of the service's model, and nothing else, get through.

Members that the model does not know are ignored, null counts as absent. Times become microseconds since the epoch.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail import limits
from opentrail.api.faults import SerializationFault
from opentrail.clock import MICROSECONDS
from opentrail.lake.audit_events import AuditEvent

_RANGES: Final = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_JAVA_NAMES: Final = {"integer": "an Integer", "long": "a Long", "double": "a Double", "float": "a Float"}
_FURTHEST_SECONDS: Final = 2**42  # about 140,000 years either way
_FEW: Final = msgspec.Meta(min_length=limits.AUDIT_EVENTS[0], max_length=limits.AUDIT_EVENTS[1])
_decode = msgspec.json.Decoder().decode


def read_document(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body; an empty body counts as an empty one. Raises SerializationFault."""
    if not body:
        return {}
    try:
        document = _decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise SerializationFault from error
    if not isinstance(document, dict):
        raise SerializationFault(_unexpected(document))
    return document


def read_audit_events(body: bytes) -> list[AuditEvent] | None:
    """The events of a PutAuditEvents call that keeps all rules of the model, in one typed decode; else None."""
    try:
        return _decode_audit_events(body).auditEvents
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None


class _AuditEvents(msgspec.Struct, gc=False):
    auditEvents: Annotated[list[AuditEvent], _FEW]  # noqa: N815 - the wire's own name


_decode_audit_events = msgspec.json.Decoder(_AuditEvents).decode


def read_structure(shape: StructureShape, value: Any) -> dict[str, Any]:
    """The members of `shape` that `value` holds, by the model's names. Raises SerializationFault."""
    if not isinstance(value, dict):
        raise SerializationFault(_unexpected(value))
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        part = value.get(member.serialization.get("name", name))
        if part is not None:
            found[name] = _read(member, part)
    return found


def _read(shape: Shape, value: Any) -> Any:
    return _READERS[shape.type_name](shape, value)


def _read_list(shape: ListShape, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SerializationFault(_unexpected(value))
    return [None if part is None else _read(shape.member, part) for part in value]


def _read_map(shape: MapShape, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SerializationFault(_unexpected(value))
    return {key: _read(shape.value, part) for key, part in value.items() if part is not None}


def _read_string(_: Shape, value: Any) -> str:
    if not isinstance(value, str):
        raise SerializationFault(_not_convertible(value, "a String"))
    return value


def _read_boolean(_: Shape, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SerializationFault(_not_convertible(value, "a Boolean"))
    return value


def _read_integer(shape: Shape, value: Any) -> int:
    low, high = _RANGES[shape.type_name]
    if not _is_number(value) or value != value // 1 or not low <= value <= high:
        raise SerializationFault(_not_convertible(value, _JAVA_NAMES[shape.type_name]))
    return int(value)


def _read_float(shape: Shape, value: Any) -> float:
    if not _is_number(value):
        raise SerializationFault(_not_convertible(value, _JAVA_NAMES[shape.type_name]))
    return float(value)


def _read_timestamp(_: Shape, value: Any) -> int:
    if not _is_number(value):
        raise SerializationFault(_not_convertible(value, "a Timestamp"))
    if not -_FURTHEST_SECONDS <= value <= _FURTHEST_SECONDS:
        raise SerializationFault(_not_convertible(value, "a Timestamp"))
    us: int = round(value * MICROSECONDS)
    return us


def _read_blob(_: Shape, value: Any) -> bytes:
    if not isinstance(value, str):
        raise SerializationFault(_not_convertible(value, "a Blob"))
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SerializationFault("Invalid Base64 data") from error


_READERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "structure": read_structure,
    "list": _read_list,
    "map": _read_map,
    "string": _read_string,
    "boolean": _read_boolean,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unexpected(value: Any) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    return "Unexpected field type"


def _not_convertible(value: Any, wanted: str) -> str:
    if isinstance(value, dict | list):
        return _unexpected(value)
    kind = {str: "STRING_VALUE", bool: "TRUE_VALUE" if value is True else "FALSE_VALUE"}.get(
        type(value), "NUMBER_VALUE"
    )
    return f"{kind} can not be converted to {wanted}"

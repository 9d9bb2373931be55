"""From a record back to the values of the model: the parameters that a client gave, the output that a service gave."""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail.recorder.shapes.generic import keeps_wire_names, lower_first, unnamed_body
from tests.wire.protocols.made_requests import Maker

_HIDDEN = re.compile(r"^(HIDDEN_DUE_TO_SECURITY_REASONS|<sensitiveDataRemoved>|\*+)$")
_JAVA = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")


class Strangers(list[str]):
    """Names in a record that the model does not have: nothing that a client could send."""


def of_shape(service: str, shape: Shape, value: Any, strangers: Strangers) -> Any:
    """The value of `shape` that CloudTrail wrote as `value`."""
    if value is None:
        return None
    if isinstance(value, str) and _HIDDEN.match(value) and shape.type_name != "string":
        return Maker(1).value(shape, 0, "")
    if isinstance(shape, StructureShape):
        return value if shape.is_document_type else _structure(service, shape, value, strangers)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [of_shape(service, shape.member, item, strangers) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: of_shape(service, shape.value, item, strangers) for key, item in value.items()}
    return scalar(shape, value)


def _structure(service: str, shape: StructureShape, value: Any, strangers: Strangers) -> Any:
    if not isinstance(value, dict):
        strangers.append(f"{shape.name} as {type(value).__name__}")
        return {}
    members = {_written(service, name, member): (name, member) for name, member in shape.members.items()}
    found = {}
    body = unnamed_body(service, shape)
    if body is not None:
        inner = {written: item for written, item in value.items() if written not in members}
        found[body] = _structure(service, shape.members[body], inner, strangers)
    for written, item in value.items():
        if written not in members and body is not None:
            continue
        if written not in members:
            strangers.append(written)
            continue
        name, member = members[written]
        found[name] = of_shape(service, member, item, strangers)
    return found


def _written(service: str, name: str, member: Shape) -> str:
    return str(member.serialization.get("name", name)) if keeps_wire_names(service) else lower_first(name)


def scalar(shape: Shape, value: Any) -> Any:
    """A text, number, time or blob of the model."""
    kind = shape.type_name
    if kind == "string":
        return str(value) if not isinstance(value, bool) else str(value).lower()
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "timestamp":
        return moment(value)
    if kind == "blob":
        return _blob(value)
    return value


def moment(value: Any) -> datetime:
    """The time that was written in one of AWS's ways."""
    if isinstance(value, int | float):
        seconds = value / 1000 if value > 100_000_000_000 else value
        return datetime.fromtimestamp(seconds, tz=UTC)
    for layout in _JAVA:
        try:
            return datetime.strptime(value.replace("\u202f", " "), layout).replace(tzinfo=UTC)
        except ValueError:
            continue
    read = datetime.fromisoformat(value)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _blob(value: Any) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error:
        return str(value).encode()

"""The shape of most services: members of the model with the first letter lowered, maps' keys as the caller wrote them.

    JSON, Query, REST-JSON, CBOR, Route 53, CloudFront    {"DBInstanceIdentifier": ..} -> {"dBInstanceIdentifier": ..}

Bytes (blobs) stand in no record, neither alone nor in lists and maps. What the model marks as sensitive is hidden
here, however deep a shape contains itself. Compiled from the model once for each operation and direction.
"""

import functools
from collections.abc import Callable
from typing import Any, Final

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from opentrail.record.redaction import HIDDEN
from opentrail.recorder.shapes.times import java_time

Reshape = Callable[[Any], Any]

# REST-JSON services that show the names of the wire as they are: `RegionName` in a body, `name` in a path.
# Source: AWS's records (event-record 7.2); Amazon CloudWatch User Guide, "Logging ... with CloudTrail".
PASCAL_CASE: Final = frozenset(
    ("account", "ce", "devops-guru", "internetmonitor", "resource-explorer-2", "rum", "securityhub", "synthetics")
)
# Services that write times as older Java does, without a comma behind the year. Source: AWS's records.
_NO_COMMA: Final = frozenset(("apigateway", "cloudfront", "iam", "rds", "docdb", "neptune", "autoscaling"))
# REST-JSON services whose times are Java texts like those of the older protocols. Source: AWS's records.
_JAVA_TIMES: Final = frozenset(("apigateway", "appmesh"))


def lower_first(name: str) -> str:
    """`DBName` -> `dBName`; nothing but the first letter changes."""
    return name[:1].lower() + name[1:]


class Shaper:
    """Turns values of one shape, by the model's names, into CloudTrail's."""

    __slots__ = ("_reshape",)

    def __init__(self, service: str, shape: Shape | None, protocol: str) -> None:
        self._reshape = _Compiler(service, protocol).shape(shape) if shape is not None else _as_is

    def __call__(self, value: dict[str, Any]) -> dict[str, Any]:
        """A fresh object; `value` stays as it is."""
        reshaped = self._reshape(value)
        return reshaped if isinstance(reshaped, dict) else {}


@functools.lru_cache(maxsize=8192)
def request_shaper(service: str, operation: str, protocol: str, model: OperationModel) -> Shaper:
    """The shaper of an operation's parameters."""
    return Shaper(service, model.input_shape, protocol)


@functools.lru_cache(maxsize=8192)
def answer_shaper(service: str, operation: str, protocol: str, model: OperationModel) -> Shaper:
    """The shaper of an operation's output."""
    return Shaper(service, model.output_shape, protocol)


class _Compiler:
    def __init__(self, service: str, protocol: str) -> None:
        self._as_on_wire = service in PASCAL_CASE
        self._made: dict[str, Reshape] = {}
        if protocol in ("json", "query", "cbor", "rest-xml") or service in _JAVA_TIMES:
            comma = service not in _NO_COMMA
            self._time: Reshape = lambda value: java_time(value, comma=comma)
        else:
            self._time = _as_is

    def _name(self, name: str, member: Shape) -> str:
        return str(member.serialization.get("name", name)) if self._as_on_wire else lower_first(name)

    def reshape(self, shape: Shape) -> Reshape:
        return _hidden if shape.metadata.get("sensitive") else self.shape(shape)

    def shape(self, shape: Shape) -> Reshape:
        """Of a value that is not sensitive as a whole."""
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return _as_is
            found = self._made.get(shape.name)
            return found if found is not None else self._structure(shape)
        if isinstance(shape, ListShape):
            item = self.reshape(shape.member)
            if item is _as_is:
                return _as_is
            return lambda value: [item(part) for part in value] if type(value) is list else value
        if isinstance(shape, MapShape):
            item = self.reshape(shape.value)
            if item is _as_is:
                return _as_is
            return lambda value: {key: item(part) for key, part in value.items()} if type(value) is dict else value
        return self._time if shape.type_name == "timestamp" else _as_is

    def _structure(self, shape: StructureShape) -> Reshape:
        members: dict[str, tuple[str, Reshape] | None] = {}

        def reshape(value: Any) -> Any:
            if type(value) is not dict:
                return value
            reshaped = {}
            for name, item in value.items():
                try:
                    member = members[name]
                except KeyError:  # newer than the model
                    reshaped[name if self._as_on_wire else lower_first(name)] = item
                    continue
                if member is not None:
                    reshaped[member[0]] = item if member[1] is _as_is else member[1](item)
            return reshaped

        self._made[shape.name] = reshape
        for name, member in shape.members.items():
            members[name] = None if _left_out(member) else (self._name(name, member), self.reshape(member))
        return reshape


def _left_out(shape: Shape) -> bool:
    """Bytes, and the HTTP status that some models count as a member."""
    if shape.serialization.get("location") == "statusCode":
        return True
    return _is_bytes(shape) or bool(shape.serialization.get("eventstream"))


def _is_bytes(shape: Shape) -> bool:
    if isinstance(shape, ListShape):
        return _is_bytes(shape.member)
    if isinstance(shape, MapShape):
        return _is_bytes(shape.value)
    return str(shape.type_name) == "blob"


def _as_is(value: Any) -> Any:
    return value


def _hidden(value: Any) -> Any:
    """Nothing is hidden where there was nothing."""
    return value if value is None or value == "" or value == {} or value == [] else HIDDEN

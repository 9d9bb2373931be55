"""The shape of most services: members of the model with the first letter lowered, maps' keys as the caller wrote them.

    JSON, Query, REST-JSON, CBOR, Route 53, CloudFront    {"DBInstanceIdentifier": ..} -> {"dBInstanceIdentifier": ..}

Bytes (blobs) stand in no record, neither alone nor in lists and maps. What the model marks as sensitive is hidden
here, however deep a shape contains itself. Compiled from the model once for each operation and direction.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail.record.redaction import HIDDEN, Redaction
from opentrail.recorder.shapes.times import java_time
from opentrail.wire.service_models import service_model

Reshape = Callable[[Any], Any]

# REST-JSON services that show the names of the wire as they are: `RegionName` in a body, `name` in a path.
# Source: AWS's records (event-record 7.2), and those in the services' guides.
_AS_ON_WIRE: Final = frozenset(
    ("account", "application-signals", "ce", "chatbot", "codeguru-reviewer", "devops-guru", "greengrassv2",
     "internetmonitor", "oam", "resource-explorer-2", "rum", "securityhub", "synthetics")
)  # fmt: skip
# A name that API Gateway gives to a shape of the models it makes. Services behind it write bodies as they came, without
# a name for the whole, and values of the query string as texts. Source: the records in the guides of Pinpoint,
# Greengrass, MediaTailor and Data Exchange, of Macie in AWS's records.
_SHAPE_OF_GATEWAY: Final = "__string"
_QUERY_AS_TEXTS: Final = frozenset(("servicecatalog-appregistry",))  # beside those. Source: AWS's records
# Services that write times as older Java does, without a comma behind the year. Source: AWS's records and guides.
_NO_COMMA: Final = frozenset(
    ("apigateway", "cloudfront", "cognito-identity", "iam", "rds", "docdb", "neptune", "autoscaling", "redshift",
     "redshift-serverless")
)  # fmt: skip
# REST-JSON services whose times are Java texts like those of the older protocols. Source: AWS's records and guides.
_JAVA_TIMES: Final = frozenset(("apigateway", "appmesh", "backup", "ebs"))
_SCALARS: Final = frozenset((str, int, float, bool, type(None)))

# Members that a model marks as sensitive and AWS shows: they name something and prove nothing.
# Source: Amazon Cognito Developer Guide, "Example Amazon Cognito events".
_SHOWN: Final[Mapping[str, frozenset[str]]] = {"cognito-idp": frozenset(("ClientId",))}
_NONE: Final[frozenset[str]] = frozenset()


def lower_first(name: str) -> str:
    """`DBName` -> `dBName`; nothing but the first letter changes."""
    return name[:1].lower() + name[1:]


@functools.cache
def is_behind_gateway(service: str) -> bool:
    """Whether API Gateway made the service's model."""
    return _SHAPE_OF_GATEWAY in service_model(service).shape_names


def keeps_wire_names(service: str) -> bool:
    """Whether records show the names of the wire."""
    return service in _AS_ON_WIRE or is_behind_gateway(service)


def unnamed_body(service: str, shape: Shape) -> str | None:
    """The member that is the body as a whole and has no name in records; None where there is none."""
    payload = shape.serialization.get("payload") if is_behind_gateway(service) else None
    found = shape.members.get(payload) if payload and isinstance(shape, StructureShape) else None
    return str(payload) if isinstance(found, StructureShape) else None


class Shaper:
    """Turns values of one shape, by the model's names, into CloudTrail's."""

    __slots__ = ("_reshape",)

    def __init__(self, reshape: Reshape) -> None:
        self._reshape = reshape

    def __call__(self, value: dict[str, Any]) -> dict[str, Any]:
        """A fresh object; `value` stays as it is."""
        reshaped = self._reshape(value)
        return reshaped if isinstance(reshaped, dict) else {}


def shaper(service: str, shape: Shape | None, protocol: str, redaction: Redaction | None = None) -> Shaper:
    """The shaper of an operation's parameters or output.

    With `redaction` it also leaves out and hides what `redaction.without_secrets` would, in the same walk.
    """
    if shape is None:
        return Shaper(_as_is)
    compiler = _Compiler(service, protocol)
    reshape = (_Cleaning(compiler, redaction) if redaction is not None else compiler).shape(shape)
    body = unnamed_body(service, shape)
    return Shaper(reshape if body is None else lambda value: _without_name(reshape(value), body))


class _Compiler:
    def __init__(self, service: str, protocol: str) -> None:
        self._as_on_wire = keeps_wire_names(service)
        self._query_as_texts = service in _QUERY_AS_TEXTS or is_behind_gateway(service)
        self._shown = _SHOWN.get(service, _NONE)
        self._made: dict[str, Reshape] = {}
        if protocol in ("json", "query", "cbor", "rest-xml") or service in _JAVA_TIMES:
            comma = service not in _NO_COMMA
            self._time: Reshape = lambda value: java_time(value, comma=comma)
        else:
            self._time = _as_is

    def name(self, name: str, member: Shape) -> str:
        """CloudTrail's name of a member."""
        return str(member.serialization.get("name", name)) if self._as_on_wire else lower_first(name)

    def newer_name(self, name: str) -> str:
        """CloudTrail's name of a member that is newer than the model."""
        return name if self._as_on_wire else lower_first(name)

    def is_shown(self, name: str) -> bool:
        """Whether a member is shown although the model marks it as sensitive."""
        return name in self._shown

    def reshape(self, shape: Shape) -> Reshape:
        """Of a member."""
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
            if shape.key.metadata.get("sensitive"):
                return _hidden
            item = self.reshape(shape.value)
            if item is _as_is:
                return _as_is
            return lambda value: {key: item(part) for key, part in value.items()} if type(value) is dict else value
        if self._query_as_texts and shape.serialization.get("location") == "querystring":
            return _as_text
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
                except KeyError:
                    reshaped[self.newer_name(name)] = item
                    continue
                if member is not None:
                    reshaped[member[0]] = item if member[1] is _as_is else member[1](item)
            return reshaped

        self._made[shape.name] = reshape
        for name, member in shape.members.items():
            inner = self.shape(member) if self.is_shown(name) else self.reshape(member)
            members[name] = None if _left_out(member) else (self.name(name, member), inner)
        return reshape


class _Cleaning:
    """Compiles the shapes of `compiler` and the redaction of what they make into one walk.

    What is known of a member's name is settled here, once; only values of types that the model does not tell, and
    names that the model does not know, are looked at for each call.
    """

    def __init__(self, compiler: _Compiler, redaction: Redaction) -> None:
        self._plain = compiler
        self._redaction = redaction
        self._made: dict[str, Reshape] = {}
        clean = redaction.without_secrets

        def scalar(value: Any) -> Any:
            return value if type(value) in _SCALARS else clean(value)

        self._scalar: Reshape = scalar

    def shape(self, shape: Shape) -> Reshape:
        """Of a value that is not sensitive as a whole."""
        scalar = self._scalar
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return scalar
            found = self._made.get(shape.name)
            return found if found is not None else self._structure(shape)
        if isinstance(shape, ListShape):
            item = self._member(shape.member)
            return lambda value: [item(part) for part in value] if type(value) is list else scalar(value)
        if isinstance(shape, MapShape):
            if shape.key.metadata.get("sensitive"):
                return _hidden
            return self._map(self._plain.reshape(shape.value), self._member(shape.value))
        plain = self._plain.shape(shape)
        return scalar if plain is _as_is else lambda value: scalar(plain(value))

    def _member(self, shape: Shape) -> Reshape:
        return _hidden if shape.metadata.get("sensitive") else self.shape(shape)

    def _map(self, shown: Reshape, cleaned: Reshape) -> Reshape:
        scalar, entry = self._scalar, self._redaction.entry

        def reshape(value: Any) -> Any:
            if type(value) is not dict:
                return scalar(value)
            reshaped: dict[str, Any] = {}
            for key, item in value.items():
                entry(reshaped, key, item, shown, cleaned)
            return reshaped

        return reshape

    def _structure(self, shape: StructureShape) -> Reshape:
        scalar, entry, newer_name = self._scalar, self._redaction.entry, self._plain.newer_name
        members: dict[str, tuple[str, Reshape] | None] = {}

        def reshape(value: Any) -> Any:
            if type(value) is not dict:
                return scalar(value)
            reshaped: dict[str, Any] = {}
            for name, item in value.items():
                try:
                    member = members[name]
                except KeyError:
                    entry(reshaped, newer_name(name), item, _as_is, scalar)
                    continue
                if member is not None:
                    reshaped[member[0]] = member[1](item)
            return reshaped

        self._made[shape.name] = reshape
        for name, member in shape.members.items():
            members[name] = None
            if not _left_out(member):
                shown_name = self._plain.name(name, member)
                plain, cleaned = self._plain.reshape(member), self._member(member)
                if self._plain.is_shown(name):
                    plain, cleaned = self._plain.shape(member), self.shape(member)
                inner = self._redaction.member(shown_name, plain, cleaned)
                members[name] = (shown_name, inner) if inner is not None else None
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


def _without_name(shaped: Any, body: str) -> Any:
    inner = shaped.get(body) if type(shaped) is dict else None
    return {**{key: item for key, item in shaped.items() if key != body}, **inner} if type(inner) is dict else shaped


def _as_is(value: Any) -> Any:
    return value


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _hidden(value: Any) -> Any:
    """Nothing is hidden where there was nothing."""
    return value if value is None or value == "" or value == {} or value == [] else HIDDEN

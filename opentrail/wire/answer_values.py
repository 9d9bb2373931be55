"""Bodies of successful answers read by readers that are compiled from the model once for each operation.

A reader gives what botocore's parser gives (members of the model alone, in the model's order; timestamps and blobs as
sent), at a fraction of its cost, or raises Unusual: whatever is not as the model has it is left to botocore itself.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from opentrail.wire.protocols.call import UnreadableCall
from opentrail.wire.protocols.json_values import check_depth
from opentrail.wire.protocols.xml_values import local_name, parse_xml

ReadAnswer = Callable[[bytes], dict[str, Any]]
Read = Callable[[Any], Any]

_TEXT_TYPES: Final = frozenset(("string", "timestamp", "blob"))
_NUMBERS: Final = {"integer": int, "long": int, "float": float, "double": float}
_BOOLEANS: Final = {"true": True, "false": False}


class Unusual(Exception):
    """The body is not as the model has it."""


@functools.lru_cache(maxsize=8192)
def answer_reader(operation: OperationModel, protocol: str) -> ReadAnswer | None:
    """What reads the body of a successful answer, raising Unusual; None where parts of it are outside the body."""
    shape = operation.output_shape
    if shape is None:
        return _nothing
    if operation.has_event_stream_output or "payload" in shape.serialization:
        return None
    if any("location" in member.serialization for member in shape.members.values()):
        return None
    try:
        if protocol in ("json", "rest-json"):
            return _json_reader(_JsonCompiler(rest=protocol == "rest-json").value(shape))
        if protocol == "query":
            return _xml_reader(_XmlCompiler().value(shape), str(shape.serialization.get("resultWrapper", "")))
    except Unusual:
        return None  # a model that only botocore reads
    return None


def _nothing(body: bytes) -> dict[str, Any]:
    return {}


def _json_reader(read: Read) -> ReadAnswer:
    def read_body(body: bytes) -> dict[str, Any]:
        try:
            value = msgspec.json.decode(body) if body else {}
            check_depth(value, body)
        except (msgspec.DecodeError, RecursionError, ValueError, UnreadableCall) as error:
            raise Unusual from error
        if type(value) is not dict:
            raise Unusual
        found: dict[str, Any] = read(value)
        return found

    return read_body


def _xml_reader(read: Read, wrapper: str) -> ReadAnswer:
    def read_body(body: bytes) -> dict[str, Any]:
        try:
            root = parse_xml(body)
        except UnreadableCall as error:
            raise Unusual from error
        start = root
        if wrapper:
            wrapped = [child for child in root if local_name(child.tag) == wrapper]
            if len(wrapped) != 1:
                raise Unusual
            start = wrapped[0]
        found: dict[str, Any] = read(start)
        return found

    return read_body


class _JsonCompiler:
    def __init__(self, *, rest: bool) -> None:
        self._scalars = _REST_SCALARS if rest else {}  # botocore converts those of REST-JSON
        self._made: dict[str, Read] = {}

    def value(self, shape: Shape) -> Read:
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return _as_is
            found = self._made.get(shape.name)
            return found if found is not None else self._structure(shape)
        if isinstance(shape, ListShape):
            return _list_of(self.value(shape.member))
        if isinstance(shape, MapShape):
            return _map_of(self.value(shape.value))
        return self._scalars.get(shape.type_name, _as_is)

    def _structure(self, shape: StructureShape) -> Read:
        places: dict[str, int] = {}
        members: list[tuple[str, str, Read | None]] = []
        union = bool(shape.is_tagged_union)

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise Unusual
            found = {}
            for place in sorted([places[name] for name in value if name in places]):
                wire_name, name, inner = members[place]
                item = value[wire_name]
                if item is not None:
                    found[name] = item if inner is None else inner(item)
            if union and (len(found) != 1 or len(value) != 1):
                raise Unusual
            return found

        self._made[shape.name] = read
        for name, member in shape.members.items():
            wire_name = str(member.serialization.get("name", name))
            if wire_name in places:
                raise Unusual
            inner = self.value(member)
            places[wire_name] = len(members)
            members.append((wire_name, name, None if inner is _as_is else inner))
        return read


def _list_of(item: Read) -> Read:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Unusual
        if item is _as_is:
            return value
        return [None if part is None else item(part) for part in value]

    return read


def _map_of(item: Read) -> Read:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict or None in value.values():
            raise Unusual
        return value if item is _as_is else {key: item(part) for key, part in value.items()}

    return read


def _only_boolean(value: Any) -> Any:
    if type(value) is not bool:
        raise Unusual
    return value


def _only_integer(value: Any) -> Any:
    if type(value) is not int:
        raise Unusual
    return value


def _only_float(value: Any) -> Any:
    if type(value) is not float and type(value) is not int:
        raise Unusual
    return float(value)


_REST_SCALARS: Final[Mapping[str, Read]] = {
    "boolean": _only_boolean,
    "integer": _only_integer,
    "long": _only_integer,
    "float": _only_float,
    "double": _only_float,
}


class _XmlCompiler:
    """Readers take an element, or the list of them where they are repeated."""

    def __init__(self) -> None:
        self._made: dict[str, Read] = {}

    def value(self, shape: Shape) -> Read:
        if isinstance(shape, StructureShape):
            found = self._made.get(shape.name)
            return found if found is not None else self._structure(shape)
        if isinstance(shape, ListShape):
            return _elements_of(self.value(shape.member), flattened=bool(shape.serialization.get("flattened")))
        if isinstance(shape, MapShape):
            raise Unusual
        return _scalar(shape.type_name)

    def _structure(self, shape: StructureShape) -> Read:
        if shape.is_tagged_union or shape.metadata.get("exception"):
            raise Unusual
        places: dict[str, int] = {}
        members: list[tuple[str, Read]] = []

        def read(element: Any) -> dict[str, Any]:
            if type(element) is list:
                raise Unusual
            there: dict[int, Any] = {}
            for child in element:
                place = places.get(child.tag.rpartition("}")[2])
                if place is None:
                    continue
                if place not in there:
                    there[place] = child
                elif type(there[place]) is list:
                    there[place].append(child)
                else:
                    there[place] = [there[place], child]
            found = {}
            for place in sorted(there):
                name, inner = members[place]
                found[name] = inner(there[place])
            return found

        self._made[shape.name] = read
        for name, member in shape.members.items():
            wire_name = _element_name(name, member)
            if wire_name in places or member.serialization.get("xmlAttribute"):
                raise Unusual
            places[wire_name] = len(members)
            members.append((name, self.value(member)))
        return read


def _element_name(name: str, member: Shape) -> str:
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        inner = member.member.serialization.get("name")
        if inner is not None:
            return str(inner)
    return str(member.serialization.get("name", name))


def _elements_of(item: Read, *, flattened: bool) -> Read:
    def read(element: Any) -> list[Any]:
        if flattened:
            return [item(part) for part in (element if type(element) is list else [element])]
        if type(element) is list:
            raise Unusual
        return [item(part) for part in element]

    return read


def _scalar(type_name: str) -> Read:
    if type_name == "boolean":
        return _boolean
    convert = _NUMBERS.get(type_name)
    if convert is not None:
        return lambda element: _number(element, convert)
    if type_name not in _TEXT_TYPES:
        raise Unusual
    return _text


def _text(element: Any) -> str:
    if type(element) is list:
        raise Unusual
    return element.text or ""


def _boolean(element: Any) -> bool:
    value = _BOOLEANS.get(_text(element))
    if value is None:
        raise Unusual
    return value


def _number(element: Any, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(_text(element))
    except ValueError as error:
        raise Unusual from error


def _as_is(value: Any) -> Any:
    return value

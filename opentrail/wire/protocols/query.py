"""AWS Query and EC2 Query: Action and dotted parameter names in a form body or a query string."""

import functools
from collections.abc import Callable
from typing import Any, Final

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from opentrail import limits
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.protocols.scalars import converter, form_pairs, query_pairs
from opentrail.wire.service_models import service_model

# A tree of the dotted names: {"Filter": {"1": {"Name": "x", "Value": {"1": "y"}}}}
Tree = dict[str, Any]
Read = Callable[[Any], Any]

_NOT_PARAMETERS: Final = frozenset(
    (
        "Action",
        "Version",
        "AWSAccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
        "Expires",
        "SecurityToken",
    )
)


def read(service: str, request: HttpRequest, body: bytes | None) -> ParsedRequest:
    """The call in a Query request; where the body was not held, UnreadableCall (with the operation, if in the URL)."""
    pairs = query_pairs(request.query)
    if body:
        pairs += form_pairs(body)
    elif body is None and request.method == "POST":
        raise UnreadableCall("body was not held", operation_name=dict(pairs).get("Action", ""))
    name = ""
    kept = []
    for pair in pairs:
        if pair[0] == "Action":
            name = pair[1]
        elif pair[0] not in _NOT_PARAMETERS and not pair[0].startswith(("X-Amz-", "x-amz-")):
            kept.append(pair)
    operation, reader = compiled(service, name)
    try:
        parameters = reader(tree(kept)) if reader is not None else {}
    except UnreadableCall as error:
        raise UnreadableCall(error.reason, operation) from error
    protocol = "ec2" if operation.service_model.metadata.get("protocol") == "ec2" else "query"
    return ParsedRequest(service, operation, protocol, parameters)


def tree(pairs: list[tuple[str, str]]) -> Tree:
    """The dotted names as a tree. Raises UnreadableCall where a name is nested too deep."""
    root: Tree = {}
    for name, value in pairs:
        if "." not in name:
            root[name] = value
            continue
        steps = name.split(".")
        if len(steps) > limits.PARAMETER_DEPTH:
            raise UnreadableCall("parameters are nested too deep")
        node = root
        for step in steps[:-1]:
            below = node.get(step)
            if type(below) is not dict:
                below = node[step] = {}
            node = below
        node[steps[-1]] = value
    return root


@functools.lru_cache(maxsize=4096)
def compiled(service: str, name: str) -> tuple[OperationModel, Read | None]:
    """The operation and what reads its tree. Raises UnreadableCall where the service has no such operation."""
    model = service_model(service)
    if name not in model.operation_names:
        raise UnreadableCall("no such operation", operation_name=name)
    operation = model.operation_model(name)
    shape = operation.input_shape
    ec2 = model.metadata.get("protocol") == "ec2"
    return operation, None if shape is None else _reader(shape, _Naming(ec2), {})


class _Naming:
    """How a protocol writes the names of members."""

    def __init__(self, ec2: bool) -> None:
        self.ec2 = ec2

    def member(self, name: str, shape: Shape) -> str:
        serialization = shape.serialization
        if self.ec2:
            if "queryName" in serialization:
                return str(serialization["queryName"])
            if "name" in serialization:
                return str(serialization["name"][0].upper() + serialization["name"][1:])
            return name
        if isinstance(shape, ListShape) and serialization.get("flattened") and shape.member.serialization.get("name"):
            return str(shape.member.serialization["name"])
        return str(serialization.get("name", name))


def _reader(shape: Shape, naming: _Naming, made: dict[str, Read]) -> Read:
    if isinstance(shape, StructureShape):
        found = made.get(shape.name)
        return found if found is not None else _Structure(shape, naming, made)
    if isinstance(shape, ListShape):
        return _List(shape, naming, made)
    if isinstance(shape, MapShape):
        return _Map(shape, naming, made)
    convert = converter(shape.type_name)
    return lambda value: convert(value) if type(value) is str else value


class _Structure:
    __slots__ = ("_members",)

    def __init__(self, shape: StructureShape, naming: _Naming, made: dict[str, Read]) -> None:
        made[shape.name] = self
        self._members: dict[str, tuple[str, Read]] = {}
        for name, member in shape.members.items():
            self._members[naming.member(name, member)] = (name, _reader(member, naming, made))

    def __call__(self, value: Any) -> Any:
        if type(value) is not dict:
            return value
        found = {}
        for wire_name, item in value.items():
            known = self._members.get(wire_name)
            if known is None:
                found[wire_name] = item
            else:
                found[known[0]] = known[1](item)
        return found


class _List:
    __slots__ = ("_item", "_wrapper")

    def __init__(self, shape: ListShape, naming: _Naming, made: dict[str, Read]) -> None:
        flattened = naming.ec2 or shape.serialization.get("flattened")
        self._wrapper = None if flattened else str(shape.member.serialization.get("name", "member"))
        self._item = _reader(shape.member, naming, made)

    def __call__(self, value: Any) -> Any:
        if value == "":
            return []  # Query writes an empty list as an empty value
        if type(value) is not dict:
            return [self._item(value)]
        if self._wrapper is not None:
            inner = value.get(self._wrapper, value.get("member", value))
            value = inner if type(inner) is dict else value
        return [self._item(item) for item in in_order(value)]


class _Map:
    __slots__ = ("_flattened", "_item", "_key_name", "_value_name")

    def __init__(self, shape: MapShape, naming: _Naming, made: dict[str, Read]) -> None:
        self._flattened = bool(shape.serialization.get("flattened"))
        self._key_name = str(shape.key.serialization.get("name", "key"))
        self._value_name = str(shape.value.serialization.get("name", "value"))
        self._item = _reader(shape.value, naming, made)

    def __call__(self, value: Any) -> Any:
        if value == "":
            return {}
        if type(value) is not dict:
            return value
        entries = value if self._flattened else value.get("entry", value)
        found = {}
        for entry in in_order(entries) if type(entries) is dict else ():
            if type(entry) is dict and type(entry.get(self._key_name)) is str:
                found[entry[self._key_name]] = self._item(entry.get(self._value_name, ""))
        return found


def in_order(numbered: Tree) -> list[Any]:
    """The values of `{"1": .., "2": ..}` by their numbers; other names come last, in the order of arrival."""
    if len(numbered) == 1:
        return list(numbered.values())
    return [numbered[key] for key in sorted(numbered, key=_position)]


def _position(key: str) -> int:
    return int(key) if key.isascii() and key.isdigit() and len(key) < 10 else 1 << 40

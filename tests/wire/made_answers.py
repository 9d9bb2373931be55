"""Answers as services write them: bodies of random outputs, and of outputs that are not as the model has them."""

import base64
import random
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.wire.protocols.made_requests import Maker

ODD: list[Any] = [None, [], {}, "", "x", 1, 1.5, True, [None], [[]], {"a": None}, {"__type": "x"}, [{"b": [1]}]]


def json_body(operation: OperationModel, maker: Maker) -> bytes:
    """The body of a JSON answer."""
    shape = operation.output_shape
    return msgspec.json.encode(_json(shape, maker.structure(shape)) if shape is not None else {})


def odd_json(body: bytes, source: random.Random) -> bytes:
    """`body` with some value in it replaced by one of another type, or a member that nobody knows."""
    value = msgspec.json.decode(body)
    places: list[tuple[Any, Any]] = []
    _places(value, places)
    for container, key in source.sample(places, min(len(places), 1 + source.randrange(2))):
        container[key] = source.choice(ODD)
    if source.random() < 0.3:
        value["unheardOf"] = source.choice(ODD)
    return msgspec.json.encode(value)


def _places(value: Any, found: list[tuple[Any, Any]]) -> None:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(item, dict | list):
            _places(item, found)


def _json(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = shape.members
        return {
            str(members[name].serialization.get("name", name)): _json(members[name], item)
            for name, item in value.items()
        }
    if isinstance(shape, ListShape):
        return [_json(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _json(shape.value, item) for key, item in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def xml_body(operation: OperationModel, maker: Maker) -> bytes:
    """The body of a Query answer."""
    shape = operation.output_shape
    inner = _members(shape, maker.structure(shape)) if shape is not None else ""
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    return f'<{operation.name}Response xmlns="urn:x">{inner}</{operation.name}Response>'.encode()


def odd_xml(body: bytes, source: random.Random) -> bytes:
    """`body` with an element doubled, emptied or wrapped."""
    text = body.decode()
    starts = [at for at, character in enumerate(text) if character == "<" and text[at + 1] not in "/?"]
    if len(starts) < 2:
        return body
    at = source.choice(starts[1:])
    name = text[at + 1 :].split(">")[0].split(" ")[0].rstrip("/")
    end = text.find(f"</{name}>", at) + len(name) + 3
    element = text[at:end]
    changed = source.choice([element * 2, f"<{name}/>", f"<{name}><a>1</a></{name}>", f"<{name}>maybe</{name}>", ""])
    return (text[:at] + changed + text[end:]).encode()


def _members(shape: StructureShape, value: dict[str, Any]) -> str:
    written = []
    for name, item in value.items():
        member = shape.members[name]
        wire_name = str(member.serialization.get("name", name))
        if isinstance(member, ListShape) and member.serialization.get("flattened"):
            wire_name = str(member.member.serialization.get("name", wire_name))
            written += [_element(wire_name, member.member, part) for part in item]
        else:
            written.append(_element(wire_name, member, item))
    return "".join(written)


def _element(name: str, shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        inner = _members(shape, value)
    elif isinstance(shape, ListShape):
        item_name = str(shape.member.serialization.get("name", "member"))
        inner = "".join(_element(item_name, shape.member, part) for part in value)
    elif isinstance(shape, MapShape):
        key_name = str(shape.key.serialization.get("name", "key"))
        value_name = str(shape.value.serialization.get("name", "value"))
        inner = "".join(
            f"<entry><{key_name}>{escape(key)}</{key_name}>{_element(value_name, shape.value, part)}</entry>"
            for key, part in value.items()
        )
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(base64.b64encode(value).decode() if isinstance(value, bytes) else str(value))
    return f"<{name}>{inner}</{name}>"

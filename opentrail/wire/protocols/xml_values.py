"""XML bodies: parsed within bounds, and read by a model's shape into member names."""

from collections.abc import Callable
from typing import Any, cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail import limits
from opentrail.wire.protocols.call import UnreadableCall
from opentrail.wire.protocols.scalars import converter

ReadElement = Callable[[Element], Any]
ReadNamed = Callable[[list[Element]], Any]


def parse_xml(body: bytes) -> Element:
    """The root element. Document types, and with them entities, are refused. Raises UnreadableCall."""
    if b"<!DOCTYPE" in body or b"\x00" in body or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableCall("body is not plain XML")
    try:
        parser = ElementTree.XMLParser()  # as ElementTree.fromstring, which asks a builder of its own what it can do
        parser.feed(body)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableCall("body is not XML") from error
    if body.count(b"<") >= 2 * limits.PARAMETER_DEPTH:  # fewer cannot be nested deeper
        _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    level: list[Element] = [root]
    for _ in range(limits.PARAMETER_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise UnreadableCall("parameters are nested too deep")


def local_name(tag: str) -> str:
    """The name of an element or attribute without its namespace."""
    return tag.rpartition("}")[2]


def namespace(tag: str) -> str:
    """The namespace of an element, or an empty text."""
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def element_reader(shape: Shape, made: dict[str, ReadElement] | None = None) -> ReadElement:
    """What reads one element as a value of `shape`."""
    made = {} if made is None else made
    if isinstance(shape, StructureShape):
        found = made.get(shape.name)
        return found if found is not None else _Structure(shape, made)
    if isinstance(shape, ListShape):
        item = element_reader(shape.member, made)
        return lambda element: [item(child) for child in element]
    if isinstance(shape, MapShape):
        return _Map(shape, made)
    convert = converter(shape.type_name)
    return lambda element: convert(element.text or "")


class _Structure:
    __slots__ = ("_attributes", "_members")

    def __init__(self, shape: StructureShape, made: dict[str, ReadElement]) -> None:
        made[shape.name] = self
        self._members: dict[str, tuple[str, ReadNamed]] = {}
        self._attributes: dict[str, str] = {}
        for name, member in shape.members.items():
            if member.serialization.get("xmlAttribute"):
                self._attributes[str(member.serialization["name"]).rpartition(":")[2]] = name
            elif "location" not in member.serialization:
                wire_name, reader = _member(name, member, made)
                self._members[wire_name] = (name, reader)

    def __call__(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attribute, value in element.attrib.items():
            known_attribute = self._attributes.get(local_name(attribute))
            if known_attribute is not None:
                found[known_attribute] = value
        grouped: dict[str, list[Element]] = {}
        for child in element:
            grouped.setdefault(local_name(child.tag), []).append(child)
        for wire_name, children in grouped.items():
            known = self._members.get(wire_name)
            if known is not None:
                found[known[0]] = known[1](children)
        return found


def _member(name: str, member: Shape, made: dict[str, ReadElement]) -> tuple[str, ReadNamed]:
    flattened = bool(member.serialization.get("flattened"))
    wire_name = str(member.serialization.get("name", name))
    if isinstance(member, ListShape) and flattened:
        if "name" in member.member.serialization and "name" not in member.serialization:
            wire_name = str(member.member.serialization["name"])
        item = element_reader(member.member, made)
        return wire_name, lambda elements: [item(element) for element in elements]
    if isinstance(member, MapShape) and flattened:
        entries = cast(_Map, element_reader(member, made))
        return wire_name, entries.from_entries
    one = element_reader(member, made)
    return wire_name, lambda elements: one(elements[-1])


class _Map:
    __slots__ = ("_key_name", "_value", "_value_name")

    def __init__(self, shape: MapShape, made: dict[str, ReadElement]) -> None:
        self._key_name = str(shape.key.serialization.get("name", "key"))
        self._value_name = str(shape.value.serialization.get("name", "value"))
        self._value = element_reader(shape.value, made)

    def __call__(self, element: Element) -> dict[str, Any]:
        return self.from_entries(list(element))

    def from_entries(self, entries: list[Element]) -> dict[str, Any]:
        found = {}
        for entry in entries:
            children = {local_name(child.tag): child for child in entry}
            key, value = children.get(self._key_name), children.get(self._value_name)
            if key is not None and value is not None:
                found[key.text or ""] = self._value(value)
        return found

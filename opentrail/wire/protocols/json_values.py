"""JSON bodies: decoded within bounds, and members under the model's names where the wire has others."""

from collections.abc import Callable
from typing import Any

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail import limits
from opentrail.wire.protocols.call import UnreadableCall

Rename = Callable[[Any], Any]


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; an empty body is an empty object. Raises UnreadableCall."""
    if not body or body.isspace():
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UnreadableCall("body is not JSON") from error
    if not isinstance(value, dict):
        raise UnreadableCall("body is not a JSON object")
    check_depth(value, body)
    return value


def check_depth(value: Any, encoded: bytes) -> None:
    """Refuse a value nested deeper than a record may be. Raises UnreadableCall."""
    if encoded.count(b"{") + encoded.count(b"[") > limits.PARAMETER_DEPTH and _deeper_than(
        value, limits.PARAMETER_DEPTH
    ):
        raise UnreadableCall("parameters are nested too deep")


def _deeper_than(value: Any, levels: int) -> bool:
    # Level by level: a body of 1 MiB may hold 100,000 values, and a call for each would keep the event loop.
    holders = [value] if isinstance(value, dict | list) else []
    while holders and levels:
        levels -= 1
        holders = [
            item
            for holder in holders
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list))
        ]
    return bool(holders)


def renamer(shape: Shape | None) -> Rename | None:
    """What puts decoded JSON of `shape` under member names; None where the wire has them already."""
    if shape is None or not _differs(shape, set()):
        return None
    return _renamer(shape, {})


def _differs(shape: Shape, seen: set[str]) -> bool:
    if isinstance(shape, StructureShape):
        if shape.name in seen:
            return False
        seen.add(shape.name)
        return any(
            member.serialization.get("name", name) != name or _differs(member, seen)
            for name, member in shape.members.items()
        )
    if isinstance(shape, ListShape):
        return _differs(shape.member, seen)
    if isinstance(shape, MapShape):
        return _differs(shape.value, seen)
    return False


def _renamer(shape: Shape, made: dict[str, Rename]) -> Rename:
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        found = made.get(shape.name)
        return found if found is not None else _Structure(shape, made)
    if isinstance(shape, ListShape):
        inner = _renamer(shape.member, made)
        return lambda value: [inner(item) for item in value] if isinstance(value, list) else value
    if isinstance(shape, MapShape):
        inner = _renamer(shape.value, made)
        return lambda value: {key: inner(item) for key, item in value.items()} if isinstance(value, dict) else value
    return _same


def _same(value: Any) -> Any:
    return value


class _Structure:
    """Renames the members of one structure; members the model does not know stay as they came."""

    __slots__ = ("_members",)

    def __init__(self, shape: StructureShape, made: dict[str, Rename]) -> None:
        made[shape.name] = self
        self._members: dict[str, tuple[str, Rename]] = {}
        for name, member in shape.members.items():
            self._members[member.serialization.get("name", name)] = (name, _renamer(member, made))

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        renamed = {}
        for wire_name, item in value.items():
            known = self._members.get(wire_name)
            if known is None:
                renamed[wire_name] = item
            else:
                renamed[known[0]] = known[1](item)
        return renamed

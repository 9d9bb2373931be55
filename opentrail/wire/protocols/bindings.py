"""Members of a REST request outside its body: path labels, query string, headers."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape

from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.scalars import converter, integer, number, percent_decoded

FromText = Callable[[str], Any]


class Bindings:
    """Where the members of one operation are, compiled from the model."""

    def __init__(self, operation: OperationModel) -> None:
        self._labels: dict[str, tuple[str, FromText]] = {}
        self._query: dict[str, tuple[str, FromText, bool]] = {}
        self._query_map: tuple[str, bool] | None = None  # member that takes all other names; of lists or of texts
        self._headers: dict[str, tuple[str, FromText]] = {}
        self._prefixes: list[tuple[str, str]] = []
        shape = operation.input_shape
        for name, member in (shape.members if shape is not None else {}).items():
            self._bind(name, member)

    def _bind(self, name: str, member: Shape) -> None:
        wire_name = str(member.serialization.get("name", name))
        location = member.serialization.get("location")
        if location == "uri":
            self._labels[wire_name] = (name, converter(member.type_name))
        elif location == "querystring" and isinstance(member, MapShape):
            self._query_map = (name, isinstance(member.value, ListShape))
        elif location == "querystring":
            listed = isinstance(member, ListShape)
            inner = member.member if isinstance(member, ListShape) else member
            self._query[wire_name] = (name, _text_reader(inner), listed)
        elif location == "header":
            self._headers[wire_name.lower()] = (name, _header_reader(member))
        elif location == "headers":
            self._prefixes.append((wire_name.lower(), name))

    def read(
        self, request: HttpRequest, labels: Mapping[str, str], pairs: list[tuple[str, str]], fixed: frozenset[str]
    ) -> dict[str, Any]:
        """The members found in path, query string and headers; `fixed` names belong to the template itself."""
        found: dict[str, Any] = {}
        for label, raw in labels.items():
            known_label = self._labels.get(label)
            if known_label is not None:
                found[known_label[0]] = known_label[1](percent_decoded(raw))
        for name, value in pairs:
            known = self._query.get(name)
            if known is not None:
                if known[2]:
                    found.setdefault(known[0], []).append(known[1](value))
                else:
                    found[known[0]] = known[1](value)
            elif self._query_map is not None and name not in fixed:
                member, of_lists = self._query_map
                into = found.setdefault(member, {})
                if of_lists:
                    into.setdefault(name, []).append(value)
                else:
                    into[name] = value
        if self._headers or self._prefixes:
            self._read_headers(request, found)
        return found

    def _read_headers(self, request: HttpRequest, found: dict[str, Any]) -> None:
        by_name, known = request.headers_by_name, self._headers
        for name in [name for name in by_name if name in known]:
            found[known[name][0]] = known[name][1](_utf8(by_name[name]))
        for prefix, member in self._prefixes:
            names = [name for name in by_name if name.startswith(prefix) and name not in known]
            if names:
                found[member] = {name[len(prefix) :]: _utf8(by_name[name]) for name in names}


def _text_reader(member: Shape) -> FromText:
    """Times are texts as they were sent, but for seconds since the epoch."""
    if member.type_name == "timestamp" and member.serialization.get("timestampFormat", "").lower() == "unixtimestamp":
        return _seconds
    return converter(member.type_name)


def _seconds(text: str) -> int | float | str:
    whole = integer(text)
    return number(whole) if isinstance(whole, str) else whole


def _utf8(value: str) -> str:
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")


def _header_reader(member: Shape) -> FromText:
    if isinstance(member, ListShape):
        inner = converter(member.member.type_name)
        return lambda text: [inner(part) for part in split_list(text)]
    if member.serialization.get("jsonvalue"):
        return _json_value
    return converter(member.type_name)


def split_list(text: str) -> list[str]:
    """The parts of a comma-separated header; a part in double quotes may hold commas and escaped quotes."""
    if '"' not in text:
        return [part.strip() for part in text.split(",")]
    parts: list[str] = []
    current: list[str] = []
    quoted = escaped = False
    for character in text:
        if escaped:
            current.append(character)
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append("".join(current).strip())
            current = []
        else:
            current.append(character)
    parts.append("".join(current).strip())
    return parts


def _json_value(text: str) -> Any:
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, msgspec.DecodeError, RecursionError, ValueError):
        return text

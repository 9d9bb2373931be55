"""Random valid parameters, and the requests that botocore's own serializers make of them."""

import base64
import random
import string
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.serialize import create_serializer

from opentrail.wire.http import HttpRequest

_TEXTS = string.ascii_letters + string.digits + "-"
_ODD_TEXTS = _TEXTS + " /+&=%:;,.é\"'<>\\Ω"


class Maker:
    """Makes values of shapes, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def structure(self, shape: StructureShape, depth: int = 0) -> dict[str, Any]:
        made = {}
        for name, member in shape.members.items():
            required = name in shape.required_members
            if not required and (depth > 3 or self.random.random() < 0.35):
                continue
            if getattr(member, "is_document_type", False) or member.serialization.get("eventstream"):
                continue
            value = self.value(member, depth + 1, _place(member))
            if value is not None:
                made[name] = value
        return made

    def value(self, shape: Shape, depth: int, place: str) -> Any:
        if isinstance(shape, StructureShape):
            return (self.structure(shape, depth) or None) if depth < 8 else None  # Query cannot say an empty structure
        if isinstance(shape, ListShape):
            return self._list(shape, depth, place)
        if isinstance(shape, MapShape):
            return self._map(shape, depth, place)
        return self._scalar(shape, place)

    def _list(self, shape: ListShape, depth: int, place: str) -> list[Any] | None:
        items = [self.value(shape.member, depth + 1, place) for _ in range(self.random.randint(1, 3))]
        items = [item for item in items if item is not None and item != {}]
        return items or None

    def _map(self, shape: MapShape, depth: int, place: str) -> dict[str, Any] | None:
        made = {}
        for _ in range(self.random.randint(1, 3)):
            key = self.random.choice(getattr(shape.key, "enum", None) or [self.word(6)])
            value = self.value(shape.value, depth + 1, place)
            if value is not None and value != {}:
                made[key.lower() if place == "headers" else key] = value
        return made or None

    def _scalar(self, shape: Shape, place: str) -> Any:
        kind = shape.type_name
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind in ("integer", "long"):
            return self.random.choice([0, 1, 7, 443, 86400, 2_000_000_000, -1])
        if kind in ("float", "double"):
            return self.random.choice([0.5, 70.25, 1024.0])
        if kind == "timestamp":
            return 1_700_000_000 + self.random.randint(0, 10_000_000)
        if kind == "blob":
            return self.random.randbytes(self.random.randint(1, 12))
        enum = getattr(shape, "enum", None)
        if enum:
            return self.random.choice(enum)
        return self.word(
            self.random.randint(1, 12), _ODD_TEXTS if place not in ("header", "headers", "host") else _TEXTS
        )

    def word(self, length: int, alphabet: str = _TEXTS) -> str:
        return "a" + "".join(self.random.choice(alphabet) for _ in range(length)) + "z"


def _place(member: Shape) -> str:
    return "host" if member.serialization.get("hostLabel") else str(member.serialization.get("location", ""))


def request_of(operation: OperationModel, parameters: dict[str, Any], protocol: str) -> tuple[HttpRequest, bytes]:
    """The request as botocore would send it."""
    made = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
    made["context"] = {}
    prepare_request_dict(made, endpoint_url="http://127.0.0.1:4566", user_agent="test")
    prepared = create_request_object(made).prepare()
    url = urlsplit(prepared.url)
    headers = tuple(
        (name.lower(), value.decode("latin-1") if isinstance(value, bytes) else str(value).encode().decode("latin-1"))
        for name, value in prepared.headers.items()
    )
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    body = body.encode() if isinstance(body, str) else bytes(body)
    request = HttpRequest(
        prepared.method, url.path or "/", url.query, (("host", url.netloc), *headers), "127.0.0.1", "http"
    )
    return request, body


def expected(shape: Shape | None, value: Any) -> Any:
    """What reading back should give: blobs as base64 text, streaming members absent, times unread (None)."""
    if isinstance(shape, StructureShape):
        payload = shape.serialization.get("payload")
        return {
            name: expected(shape.members[name], item)
            for name, item in value.items()
            if not (name == payload and shape.members[name].type_name == "blob")
        }
    if isinstance(shape, ListShape):
        return [expected(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: expected(shape.value, item) for key, item in value.items()}
    if shape is not None and shape.type_name == "blob":
        return base64.b64encode(value).decode()
    if shape is not None and shape.type_name == "timestamp":
        return None
    return value


def without_times(shape: Shape | None, value: Any) -> Any:
    """`value` as it was read, with every time that is there as None."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name: without_times(shape.members.get(name), item) for name, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [without_times(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: without_times(shape.value, item) for key, item in value.items()}
    if shape is not None and shape.type_name == "timestamp" and value not in ("", None):
        return None
    return value

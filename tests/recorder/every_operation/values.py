"""Random valid values of a model's shapes, for requests and answers; the same ones for the same seed."""

import hashlib
import random
import string
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

_PLAIN = string.ascii_letters + string.digits + "-"
_ODD = _PLAIN + " /+&=%:;,.é\"'<>\\Ω_~*()|{}[]#?@!"
_IN_HEADER = _PLAIN + "/+=:._ "
_DEEPEST = 7  # of shapes that contain themselves
_DOCUMENTS: tuple[Any, ...] = ({"k": [1, "x", None, {"n": 1.5}]}, ["a", 2], "text", 7, True)

# What botocore itself checks or takes apart, and no shape says.
_TEXTS: dict[tuple[str, str], str] = {
    ("s3", "Bucket"): "logs-bucket",
    ("s3", "CopySource"): "other-bucket/some%20key%C3%A9",
    ("s3", "RequestRoute"): "route",
    ("s3control", "AccountId"): "123456789012",
    ("s3control", "Bucket"): "logs-bucket",
    ("s3control", "Name"): "point-name",
    ("s3control", "ResourceArn"): "arn:aws:s3:us-east-1:123456789012:storage-lens/report",
    ("s3control", "OutpostId"): "op-0123456789",
    ("s3", "ChecksumAlgorithm"): "CRC32",
    ("s3control", "ChecksumAlgorithm"): "CRC32",
    ("glacier", "accountId"): "-",
    ("cloudfront-keyvaluestore", "KvsARN"): "arn:aws:cloudfront::123456789012:key-value-store/store",
    ("sesv2", "EndpointId"): "abcde",
    ("neptune-graph", "graphIdentifier"): "g-0123456789",
    ("machinelearning", "PredictEndpoint"): "http://127.0.0.1:9",
    ("sts", "EncodedMessage"): "message",
    ("events", "EndpointId"): "abcde.veo",
}
_OMITTED = {("s3", "ContentLength")}  # botocore sends the true one


class Values:
    """Makes values of shapes. `can_be_empty`: whether the protocol can say an empty list, map or structure."""

    def __init__(self, seed: str, service: str, protocol: str) -> None:
        self.random = random.Random(seed)
        self._service = service
        self._can_be_empty = protocol in ("json", "smithy-rpc-v2-cbor", "rest-json")
        self._share = 0.5  # of optional members

    def input(self, operation: OperationModel) -> dict[str, Any]:
        """Parameters of one call: all members in one call of eight, the required ones alone in another."""
        shape = operation.input_shape
        if shape is None:
            return {}
        self._share = self.random.choice((1.0, 0.0, 0.5, 0.5, 0.35, 0.35, 0.2, 0.7))
        made = self._structure(shape, 0)
        if "assetSHA256" in made:  # is the hash that the signature declares
            made["assetSHA256"] = hashlib.sha256(made.get("assetContent", b"")).hexdigest()
        return made

    def output(self, operation: OperationModel) -> dict[str, Any]:
        """What a service might answer."""
        shape = operation.output_shape
        if shape is None:
            return {}
        self._share = self.random.choice((1.0, 0.5, 0.5, 0.8))
        return self._structure(shape, 0)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        members = dict(shape.members)
        if shape.is_tagged_union:
            names = list(members)
            if depth >= 4:  # one that ends soon
                names = sorted(names, key=lambda name: _height(members[name], ()))[:1]
            name = self.random.choice(names)
            members = {name: members[name]}
        made = {}
        for name, member in members.items():
            if (self._service, name) in _OMITTED:
                continue
            needed = name in shape.required_members or shape.is_tagged_union
            if member.serialization.get("eventstream"):
                if needed:
                    made[name] = {}
                continue
            if not needed and not self._wanted(depth):
                continue
            value = self._value(name, member, depth + 1, _place(member))
            if value is not None:
                made[name] = value
        return made

    def _not_empty(self, shape: StructureShape, depth: int) -> dict[str, Any] | None:
        """With one member, where the protocol cannot say a structure of none."""
        if depth > _DEEPEST + 3:
            return None
        for name, member in sorted(shape.members.items(), key=lambda pair: _is_nested(pair[1])):
            value = self._value(name, member, depth + 1, _place(member))
            if value is not None:
                return {name: value}
        return None

    def _wanted(self, depth: int) -> bool:
        return depth < _DEEPEST and self.random.random() < self._share * (1.0 if depth < 3 else 0.4)

    def _value(self, name: str, shape: Shape, depth: int, place: str) -> Any:
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return self.random.choice(_DOCUMENTS)
            made = self._structure(shape, depth)
            return made if made or self._can_be_empty else self._not_empty(shape, depth)
        if isinstance(shape, ListShape):
            return self._list(name, shape, depth, place)
        if isinstance(shape, MapShape):
            return self._map(name, shape, depth, place)
        return self._scalar(name, shape, place)

    def _count(self, shape: Shape, depth: int, place: str) -> int:
        least = int(shape.metadata.get("min", 0))
        most = int(shape.metadata.get("max", 3))
        if least == 0 and (not self._can_be_empty or place):
            least = 1
        chosen = self.random.choice((0, 1, 1, 2, 3)) if depth < 4 else 1
        return max(least, min(chosen, max(most, 1)))

    def _list(self, name: str, shape: ListShape, depth: int, place: str) -> list[Any] | None:
        if depth > _DEEPEST + 3:
            return [] if self._can_be_empty and not shape.metadata.get("min") else None
        made = [self._value(name, shape.member, depth + 1, place) for _ in range(self._count(shape, depth, place))]
        return None if any(item is None for item in made) else made

    def _map(self, name: str, shape: MapShape, depth: int, place: str) -> dict[str, Any] | None:
        if depth > _DEEPEST + 3:
            return None
        made = {}
        keys = list(getattr(shape.key, "enum", None) or ())
        self.random.shuffle(keys)
        for index in range(self._count(shape, depth, place)):
            if keys:
                key = keys.pop()
            elif place == "headers":
                key = f"name-{index}"
            else:
                key = self._text(shape.key, _PLAIN + " :.")
            value = self._value(name, shape.value, depth + 1, place)
            if value is None:
                return None
            made[key] = value
            if getattr(shape.key, "enum", None) and not keys:
                break
        return made

    def _scalar(self, name: str, shape: Shape, place: str) -> Any:
        kind = shape.type_name
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind in ("integer", "long", "short", "byte", "bigInteger"):
            return self._within(shape, self.random.choice((0, 1, 7, 443, 86_400, 2_000_000_000, -1)))
        if kind in ("float", "double"):
            return float(self._within(shape, self.random.choice((0.5, 70.25, 1024.0, -3.0))))
        if kind == "timestamp":
            return datetime.fromtimestamp(1_600_000_000 + self.random.randint(0, 200_000_000), UTC)
        if kind == "blob":
            return self.random.randbytes(max(int(shape.metadata.get("min", 0)), self.random.randint(1, 12)))
        if shape.serialization.get("jsonvalue") and place == "header":
            return self.random.choice(({"a": [1, "é"]}, {"b": {"c": None}}))
        fixed = _TEXTS.get((self._service, name))
        if fixed is not None:
            return fixed
        enum = getattr(shape, "enum", None)
        if enum:
            return self.random.choice(enum)
        if place == "host":
            return self._text(shape, string.ascii_lowercase + string.digits)
        return self._text(shape, _IN_HEADER if place in ("header", "headers") else _ODD)

    def _text(self, shape: Shape, alphabet: str) -> str:
        least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 40))
        length = max(least, min(most, self.random.randint(3, 14)), 1)
        middle = "".join(self.random.choice(alphabet) for _ in range(max(0, length - 2)))
        return ("a" + middle + "z")[:length]

    def _within(self, shape: Shape, chosen: float) -> Any:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and chosen < float(least):
            return type(chosen)(float(least)) if float(least).is_integer() else float(least)
        if most is not None and chosen > float(most):
            return type(chosen)(float(most)) if float(most).is_integer() else float(most)
        return chosen


def _is_nested(member: Shape) -> bool:
    return isinstance(member, StructureShape | ListShape | MapShape)


def _height(shape: Shape, within: tuple[str, ...]) -> int:
    """How deep a value of this shape must be at least; many levels where it cannot end."""
    if shape.name in within:
        return 99
    within = (*within, shape.name)
    if isinstance(shape, StructureShape):
        heights = {name: _height(member, within) for name, member in shape.members.items()}
        if shape.is_tagged_union:
            return 1 + min(heights.values(), default=0)
        return 1 + max((heights[name] for name in shape.required_members), default=0)
    if isinstance(shape, ListShape):
        return 1 + _height(shape.member, within)
    if isinstance(shape, MapShape):
        return 1 + _height(shape.value, within)
    return 0


def _place(member: Shape) -> str:
    return "host" if member.serialization.get("hostLabel") else str(member.serialization.get("location", ""))

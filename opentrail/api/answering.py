"""From outputs and faults to answers on the wire: AWS JSON 1.1 for `cloudtrail`, REST-JSON for `cloudtrail-data`."""

import base64
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail.api.operations import Service
from opentrail.errors import OpenTrailError
from opentrail.wire.http import HttpResponse
from opentrail.wire.signature_errors import SignatureError

CONTENT_TYPES: Final[dict[Service, str]] = {
    "cloudtrail": "application/x-amz-json-1.1",
    "cloudtrail-data": "application/json",
}
_MILLISECONDS: Final = 1000
_PLAIN_BELOW: Final = 10_000_000  # seconds: Java writes a double in scientific notation from here on

_encode = msgspec.json.Encoder().encode


def success(service: Service, shape: StructureShape | None, output: Mapping[str, Any], about: "Stamp") -> HttpResponse:
    """The answer of a call that went well; `{}` where there is nothing to say."""
    body = _encode(_write_structure(shape, output)) if shape is not None else b"{}"
    return about.response(200, service, body)


def refusal(service: Service, fault: OpenTrailError, about: "Stamp") -> HttpResponse:
    """The answer of a call that cannot be done."""
    message = {"message": fault.message} if fault.message else {}
    if service == "cloudtrail":
        return about.response(fault.status, service, _encode({"__type": fault.code, **message}))
    status = fault.rest_json_status if isinstance(fault, SignatureError) else fault.status
    return about.response(status, service, _encode(message), ("x-amzn-ErrorType", fault.code))


class Stamp:
    """What every answer carries: its request id and the time it was given."""

    def __init__(self, request_id: str, now_seconds: float) -> None:
        self._request_id = request_id
        self._date = formatdate(now_seconds, usegmt=True)

    def response(self, status: int, service: Service, body: bytes, *more: tuple[str, str]) -> HttpResponse:
        """The whole answer."""
        headers = (
            ("x-amzn-RequestId", self._request_id),
            *more,
            ("Content-Type", CONTENT_TYPES[service]),
            ("Content-Length", str(len(body))),
            ("Date", self._date),
        )
        return HttpResponse(status, headers, body)


def epoch_seconds(us: int) -> str:
    """A time in microseconds as AWS writes it: seconds with milliseconds, in Java's form of a double."""
    milliseconds = us // 1000
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    seconds, fraction = divmod(milliseconds, _MILLISECONDS)
    decimals = f"{fraction:03d}".rstrip("0")
    if seconds < _PLAIN_BELOW:
        return f"{sign}{seconds}.{decimals or '0'}"
    digits = str(seconds)
    mantissa = (digits[1:] + decimals).rstrip("0") or "0"
    return f"{sign}{digits[0]}.{mantissa}E{len(digits) - 1}"


def _write(shape: Shape, value: Any) -> Any:
    write = _WRITERS.get(shape.type_name)
    return value if write is None else write(shape, value)


def _write_structure(shape: StructureShape, value: Mapping[str, Any]) -> dict[str, Any]:
    members = shape.members
    return {
        members[name].serialization.get("name", name): _write(members[name], part)
        for name, part in value.items()
        if part is not None
    }


def _write_list(shape: ListShape, value: list[Any]) -> list[Any]:
    member = shape.member
    plain = _plain_names(member)
    if plain and all(part.keys() <= plain and None not in part.values() for part in value):
        return value  # a hundred answers to audit events are written as they are
    return [_write(member, part) for part in value]


@lru_cache(maxsize=1024)
def _plain_names(shape: Shape) -> frozenset[str]:
    """The members of a structure of nothing but texts, numbers and truth values under their own names; else none."""
    if not isinstance(shape, StructureShape):
        return frozenset()
    plain = [
        name
        for name, member in shape.members.items()
        if member.type_name not in _WRITERS and member.serialization.get("name", name) == name
    ]
    return frozenset(plain) if len(plain) == len(shape.members) else frozenset()


def _write_map(shape: MapShape, value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _write(shape.value, part) for key, part in value.items()}


def _write_timestamp(_: Shape, value: int) -> msgspec.Raw:
    return msgspec.Raw(epoch_seconds(value).encode())


def _write_blob(_: Shape, value: bytes) -> str:
    return base64.b64encode(value).decode()


_WRITERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "structure": _write_structure,
    "list": _write_list,
    "map": _write_map,
    "timestamp": _write_timestamp,
    "blob": _write_blob,
}

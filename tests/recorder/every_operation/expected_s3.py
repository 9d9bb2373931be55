"""S3's parameters: the HTTP request as the model says it must look, not as it was read."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.recorder.every_operation.sending import Sent

_NOT_PARAMETERS = re.compile(
    r"x-amz-(?:meta-.*|checksum-.*|sdk-.*|content-sha256|date|security-token|te|trailer|decoded-content-length|mfa"
    r"|account-id|object-lambda-.*|request-id|id-2|(?:copy-source-)?server-side-encryption-customer-key(?:-md5)?)",
    re.IGNORECASE,
)
_LEFT_OUT = ("DeleteObjects", "CompleteMultipartUpload", "SelectObjectContent", "PutObjectAnnotation")


def s3_parameters(sent: Sent) -> dict[str, Any]:
    given, operation = sent.parameters, sent.operation
    shape: Any = operation.input_shape
    shaped: dict[str, Any] = {"Host": urlsplit(sent.url).netloc}
    members = shape.members if shape is not None else {}
    if "Bucket" in given:
        shaped["bucketName"] = given["Bucket"]
    if "{Key+}" in operation.http["requestUri"]:
        shaped["key"] = given["Key"]
    if operation.name == "WriteGetObjectResponse":
        shaped["bucketName"] = "WriteGetObjectResponse"
    shaped.update(_query(sent, members))
    for name, value in given.items():
        member = members[name]
        wire = str(member.serialization.get("name", name)).lower()
        if member.serialization.get("location") != "header" or not wire.startswith("x-amz-"):
            continue
        if not _NOT_PARAMETERS.fullmatch(wire):
            shaped[wire] = _text(member, value, header=True)
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload in given and operation.name not in _LEFT_OUT:
        shaped.update(_document(members[payload], given[payload], operation.name))
    return shaped


def control_parameters(sent: Sent) -> dict[str, Any]:
    given, operation = sent.parameters, sent.operation
    shape: Any = operation.input_shape
    members = shape.members
    shaped: dict[str, Any] = {"Host": urlsplit(sent.url).netloc}
    for name, value in given.items():
        if members[name].serialization.get("location") == "uri":
            shaped[name[0].lower() + name[1:]] = value
    shaped.update(_query(sent, members))
    payload = shape.serialization.get("payload")
    if payload in given:
        shaped.update(_document(members[payload], given[payload], operation.name))
    elif payload is None:
        body = {name: value for name, value in given.items() if "location" not in members[name].serialization}
        if body or any("location" not in member.serialization for member in members.values()):
            shaped.update(_whole_body(sent, shape, body))
    return shaped


def _whole_body(sent: Sent, shape: StructureShape, body: dict[str, Any]) -> dict[str, Any]:
    if not sent.body:
        return {}
    wrapper = shape.serialization.get("locationName", shape.name)
    uri = shape.serialization.get("xmlNamespace", {}).get("uri")
    value = _xml(shape, body)
    if uri:
        value = {"xmlns": uri, **(value if isinstance(value, dict) else {})}
    return {sent.operation.input_shape.serialization.get("name", wrapper) or wrapper: value}


def _query(sent: Sent, members: Any) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    _, _, fixed = sent.operation.http["requestUri"].partition("?")
    for name, value in parse_qsl(fixed, keep_blank_values=True):
        shaped[name] = value
    for name, value in sent.parameters.items():
        member = members[name]
        if member.serialization.get("location") != "querystring":
            continue
        wire = str(member.serialization.get("name", name))
        if isinstance(member, MapShape):
            shaped.update({key: str(item) for key, item in value.items()})
        elif isinstance(member, ListShape):
            if value:
                shaped[wire] = _text(member.member, value[-1], header=False)
        else:
            shaped[wire] = _text(member, value, header=False)
    return shaped


def _text(shape: Shape, value: Any, *, header: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    if isinstance(value, datetime):
        if shape.serialization.get("timestampFormat", "rfc822" if header else "iso8601") == "rfc822":
            return format_datetime(value, usegmt=True)
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def _document(shape: Shape, value: Any, operation: str) -> dict[str, Any]:
    if shape.type_name in ("blob",):
        return {}
    if shape.type_name == "string":
        return {}
    root = shape.serialization.get("name", shape.name)
    shaped = _xml(shape, value)
    uri = (shape.serialization.get("xmlNamespace") or {}).get("uri")
    if uri:
        shaped = {"xmlns": uri, **(shaped if isinstance(shaped, dict) else {})}
    return {root: shaped}


def _xml(shape: Shape, value: Any) -> Any:
    """Elements as objects: repeated ones as arrays, one as no array, nothing as an empty text."""
    if isinstance(shape, StructureShape):
        return _structure(shape, value)
    if isinstance(shape, ListShape):
        items = [_xml(shape.member, item) for item in value]
        name = shape.member.serialization.get("name", "member")
        return {name: items[0] if len(items) == 1 else items} if items else ""
    if isinstance(shape, MapShape):
        entries = [
            {
                shape.key.serialization.get("name", "key"): _scalar(shape.key, key),
                shape.value.serialization.get("name", "value"): _xml(shape.value, item),
            }
            for key, item in value.items()
        ]
        return {"entry": entries[0] if len(entries) == 1 else entries} if entries else ""
    return _scalar(shape, value)


def _structure(shape: StructureShape, value: dict[str, Any]) -> Any:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        if name not in value or "location" in member.serialization:
            continue
        wire = str(member.serialization.get("name", name))
        if member.serialization.get("xmlAttribute"):
            uri = shape.serialization.get("xmlNamespace", {}).get("uri")
            found["xmlns:xsi"] = uri
            found[wire] = value[name]
        elif isinstance(member, ListShape) and member.serialization.get("flattened"):
            items = [_xml(member.member, item) for item in value[name]]
            if items:
                before = found.get(wire, [])
                items = [*(before if isinstance(before, list) else [before]), *items]  # two members share an element
                found[wire] = items[0] if len(items) == 1 else items
        elif wire in found:
            before = found[wire]
            found[wire] = [*(before if isinstance(before, list) else [before]), _xml(member, value[name])]
        else:
            found[wire] = _xml(member, value[name])
    return found or ""


def _scalar(shape: Shape, value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    text = _text(shape, value, header=False)
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text) and text != "-0":
        return int(text)
    if re.fullmatch(r"-?(0|[1-9]\d{0,14})\.\d{1,15}", text):
        return float(text)
    return text if text.strip() else ""

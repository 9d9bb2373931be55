"""Random valid answers of any operation, written by moto's serializers (CBOR: by botocore's), and read back."""

import base64
import functools
import json
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.serialize import create_serializer
from botocore.utils import parse_timestamp
from moto.core.model import ServiceModel
from moto.core.serialize import get_serializer_class

from opentrail.wire.answers import read_answer
from opentrail.wire.service_models import service_model
from tests.recorder.every_operation.values import Values

Answer = tuple[int, dict[str, str], bytes]
_SPOKEN = {"smithy-rpc-v2-cbor": "cbor"}


@functools.lru_cache(maxsize=4)
def _motos(service: str) -> ServiceModel:
    """The same model in moto's own classes."""
    return ServiceModel(service_model(service)._service_description, service)


def answer_of(operation: OperationModel, output: dict[str, Any], protocol: str) -> Answer:
    """Status, headers and body."""
    if protocol == "smithy-rpc-v2-cbor":
        body = bytearray()
        if operation.output_shape is not None:
            serializer = create_serializer(protocol, include_validation=False)
            serializer._serialize_data_item(body, output, operation.output_shape)
        return 200, {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}, bytes(body)
    service = operation.service_model.service_name
    made = get_serializer_class(service, protocol)(_motos(service).operation_model(operation.name)).serialize(output)
    text = made["body"] or b""
    body_bytes = text.encode() if isinstance(text, str) else bytes(text)
    headers = {name.lower(): str(value) for name, value in made["headers"].items()}
    shape: Any = operation.output_shape
    for name, member in shape.members.items() if shape is not None else ():
        if member.serialization.get("name", "").lower() == "content-type" and name in output:
            headers["content-type"] = output[name]  # moto has its own there
    return int(made["status_code"]), headers, body_bytes


def difference(service: str, name: str, protocol: str, seed: str) -> str | None:
    """What reading a random answer gives otherwise than it was meant; None where nothing."""
    operation = service_model(service).operation_model(name)
    meant = Values(f"{seed}/{service}/{name}/{protocol}", service, protocol).output(operation)
    try:
        status, headers, body = answer_of(operation, meant, protocol)
    except TypeError as fault:
        return f"cannot be written: {fault}"
    if operation.has_event_stream_output:
        meant = {}
    found = read_answer(operation, status, headers, body, _SPOKEN.get(protocol, protocol))
    if found.unreadable or found.output is None:
        return f"unreadable: {body[:200]!r}"
    return _difference(operation.output_shape, meant, found.output, ())


def _difference(shape: Shape | None, meant: Any, found: Any, path: tuple[str, ...]) -> str | None:
    if shape is None:
        return None
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        return _in_structure(shape, meant, found, path)
    if isinstance(shape, ListShape):
        if not isinstance(found, list) or len(found) != len(meant):
            return _told(path, meant, found)
        pairs = [(str(index), shape.member, item, found[index]) for index, item in enumerate(meant)]
    elif isinstance(shape, MapShape):
        if not isinstance(found, dict) or found.keys() != meant.keys():
            return _told(path, meant, found)
        pairs = [(key, shape.value, item, found[key]) for key, item in meant.items()]
    else:
        return None if _same(shape, meant, found) else _told(path, meant, found)
    return next((told for step, part, *both in pairs if (told := _difference(part, *both, (*path, step)))), None)


def _in_structure(shape: StructureShape, meant: Any, found: Any, path: tuple[str, ...]) -> str | None:
    if not isinstance(found, dict):
        return _told(path, meant, found)
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        if name == payload and member.type_name in ("blob", "string") and not path:
            if member.type_name == "blob" and name in found:
                return f"bytes of the body are in {name}"
            continue
        if member.serialization.get("location") == "statusCode" or name not in meant:
            continue
        if name not in found:
            return None if meant[name] in ([], {}) else _told((*path, name), meant[name], "nothing")
        told = _difference(member, meant[name], found[name], (*path, name))
        if told is not None:
            return told
    return None


def _same(shape: Shape, meant: Any, found: Any) -> bool:
    if isinstance(meant, datetime):
        if isinstance(found, int | float):
            return int(found) == int(meant.timestamp())
        moment = found if isinstance(found, datetime) else parse_timestamp(found)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return int(aware.timestamp()) == int(meant.timestamp())
    if isinstance(meant, bytes):
        return found in (meant, base64.b64encode(meant).decode())
    if shape.serialization.get("jsonvalue") and not isinstance(meant, str):
        return (json.loads(found) if isinstance(found, str) else found) == meant
    return bool(meant == found)


def _told(path: tuple[str, ...], meant: Any, found: Any) -> str:
    return f"{'.'.join(path)}: meant {meant!r}, found {found!r}"[:500]

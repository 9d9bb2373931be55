"""The HTTP requests that genuine records tell of, and the answers that their services gave."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from botocore.model import OperationModel
from moto.core.serialize import SERIALIZERS
from moto.core.utils import get_service_model

from opentrail.recorder.shapes.ec2 import is_of_soap_days
from opentrail.recorder.shapes.habits import UNWRAPPED
from opentrail.wire.service_models import service_model
from tests.fidelity import ec2_values
from tests.fidelity.genuine import Genuine
from tests.fidelity.values import Strangers, of_shape
from tests.wire.protocols.made_requests import request_of

REQUEST_ID = "5c0ffee1-0000-4000-8000-000000000001"
# Written by the service, not sent by the client.
_DERIVED = {"s3control": ("Host",), "lambda": ("fullyQualifiedArn",), "ssm": ("interactive",)}
_S3_SUB_DOCUMENTS = (dict, list)


@dataclass
class Rebuilt:
    """One call: what the client sends and what the upstream answers. `strangers` could not be sent."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    status: int = 200
    answer: bytes = b""
    answer_headers: dict[str, str] = field(default_factory=dict)
    strangers: Strangers = field(default_factory=Strangers)


def rebuilt(genuine: Genuine) -> Rebuilt:
    """The call that `genuine` tells of."""
    record, operation = genuine.record, genuine.operation
    written = record.get("requestParameters") or {}
    call = _s3_call(operation, written) if genuine.service == "s3" else _call(genuine, written)
    if record.get("errorCode"):
        _refuse(call, genuine)
    else:
        _answer(call, genuine)
    return call


def _call(genuine: Genuine, written: dict[str, Any]) -> Rebuilt:
    strangers = Strangers()
    operation = genuine.operation
    if genuine.service == "ec2":
        values = ec2_values.parameters(operation, written, strangers) if written else {}
    elif operation.input_shape is None:
        strangers.extend(written)
        values = {}
    else:
        values = of_shape(genuine.service, operation.input_shape, _flat(genuine.service, written), strangers)
    if genuine.service == "s3control":  # in the Host and in a header, and in no record
        values["AccountId"] = genuine.record["recipientAccountId"]
        if operation.name == "GetStorageLensConfiguration":
            values["ConfigId"] = "default-account-dashboard"
    protocol = service_model(genuine.service).resolved_protocol
    request, body = request_of(operation, values, protocol)
    path = request.path + (f"?{request.query}" if request.query else "")
    left = {name: value for name, value in request.headers if name not in ("host", "content-length")}
    return Rebuilt(request.method, path, body, left, strangers=strangers)


def _flat(service: str, written: dict[str, Any]) -> dict[str, Any]:
    """What the client sent: without what services derive, and of API Gateway without the name around the body."""
    if service != "apigateway":
        return {name: value for name, value in written.items() if name not in _DERIVED.get(service, ())}
    flat: dict[str, Any] = {}
    for name, value in written.items():
        flat |= value if name.endswith("Input") and isinstance(value, dict) else {name: value}
    flat.pop("template", None)
    return flat


def _s3_call(operation: OperationModel, written: dict[str, Any]) -> Rebuilt:
    rest = dict(written)
    rest.pop("Host", None)
    path = "/" + quote(rest.pop("bucketName", "")) + ("/" + quote(rest.pop("key")) if "key" in rest else "")
    headers, query, body = {}, [], b""
    for name, value in rest.items():
        if name == "bucketPolicy":
            body = json.dumps(value).encode()
        elif isinstance(value, _S3_SUB_DOCUMENTS):
            body = b'<?xml version="1.0" encoding="UTF-8"?>' + _xml(name, value)
        elif name.lower().startswith("x-amz-"):
            headers[name] = str(value)
        else:
            query.append(f"{quote(name)}={quote(str(value))}" if value != "" else quote(name))
    path += "?" + "&".join(query) if query else ""
    return Rebuilt(operation.http["method"], path, body, headers)


def _answer(call: Rebuilt, genuine: Genuine) -> None:
    written = genuine.record.get("responseElements")
    operation = genuine.operation
    if genuine.service == "s3":
        call.answer_headers = {name: str(value) for name, value in (written or {}).items()}
        call.answer_headers["x-amz-request-id"] = REQUEST_ID
        return
    if genuine.service == "ec2":
        call.answer = _ec2_answer(operation, written or {})
        call.answer_headers = {"content-type": "text/xml;charset=UTF-8"}
        return
    values: dict[str, Any] = {}
    if written and operation.output_shape is not None:
        values = of_shape(genuine.service, operation.output_shape, _wrapped(genuine, written), call.strangers)
    model = get_service_model(genuine.service).operation_model(operation.name)  # its serializers want its own kind
    made = SERIALIZERS[_protocol(genuine.service)](model).serialize(values)
    call.status = made["status_code"]
    if call.status != HTTPStatus.NO_CONTENT:
        call.answer = made["body"].encode() if isinstance(made["body"], str) else made["body"] or b""
    call.answer_headers = {**made["headers"], "x-amzn-requestid": REQUEST_ID}


def _wrapped(genuine: Genuine, written: dict[str, Any]) -> dict[str, Any]:
    shape = genuine.operation.output_shape
    if genuine.service in UNWRAPPED and shape is not None and len(shape.members) == 1:
        name = next(iter(shape.members))
        return {name[:1].lower() + name[1:]: written}
    if genuine.service == "secretsmanager" and set(written) == {"arn"}:
        return {"aRN": written["arn"]}
    return written


def _protocol(service: str) -> str:
    protocol = str(service_model(service).resolved_protocol)
    return "json" if protocol == "smithy-rpc-v2-cbor" else protocol


def _ec2_answer(operation: OperationModel, written: dict[str, Any]) -> bytes:
    if not is_of_soap_days(operation.name) and written:
        name, inner = next(iter(written.items()))
        return _xml(name, inner)
    parts = [_ec2_element(name, value) for name, value in written.items()]
    inner = b"".join(parts) or f"<requestId>{REQUEST_ID}</requestId>".encode()
    return f"<{operation.name}Response>".encode() + inner + f"</{operation.name}Response>".encode()


def _ec2_element(name: str, value: Any) -> bytes:
    tag = "return" if name == "_return" else name
    if isinstance(value, dict):
        items = value.get("items", value.get("item"))
        if isinstance(items, list):
            inner = b"".join(_ec2_element("item", item) for item in items)
        else:
            inner = b"".join(_ec2_element(key, item) for key, item in value.items())
    elif isinstance(value, int) and not isinstance(value, bool) and value > 100_000_000_000:
        inner = _iso(value).encode()
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value)).encode()
    return f"<{tag}>".encode() + inner + f"</{tag}>".encode()


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _xml(name: str, value: Any) -> bytes:
    """XML of an object as S3's and newer EC2's records have it: `xmlns` an attribute, lists repeated elements."""
    if isinstance(value, list):
        return b"".join(_xml(name, item) for item in value)
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>".encode()
    attributes = "".join(f' {key}="{escape(str(value[key]))}"' for key in value if key.startswith("xmlns"))
    attributes += "".join(f' {key}="{escape(str(value[key]))}"' for key in value if key == "xsi:type")
    if "content" in value:
        return f"<{name}{attributes}>{escape(str(value['content']))}</{name}>".encode()
    inner = b"".join(
        _xml(key, item) for key, item in value.items() if not key.startswith("xmlns") and key not in ("xsi:type", "tag")
    )
    return f"<{name}{attributes}>".encode() + inner + f"</{name}>".encode()


def _refuse(call: Rebuilt, genuine: Genuine) -> None:
    record = genuine.record
    code, message = record["errorCode"], escape(record.get("errorMessage") or "")
    call.status = 403 if "Denied" in code or "Unauthorized" in code else 400
    request_id = f"<RequestId>{REQUEST_ID}</RequestId>"
    protocol = service_model(genuine.service).resolved_protocol
    if genuine.service == "ec2":
        short = code.removeprefix("Client.").removeprefix("Server.")
        errors = f"<Errors><Error><Code>{short}</Code><Message>{message}</Message></Error></Errors>"
        text = f"<Response>{errors}<RequestID>{REQUEST_ID}</RequestID></Response>"
    elif genuine.service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message>{request_id}</Error>"
        if call.method == "HEAD":
            text = ""
            call.status = {"NoSuchBucket": 404, "NoSuchKey": 404}.get(code, call.status)
    elif protocol in ("query", "rest-xml"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        text = f"<ErrorResponse>{error}{request_id}</ErrorResponse>"
    else:
        text = json.dumps({"__type": code, "message": record.get("errorMessage") or ""})
        call.answer_headers["x-amzn-errortype"] = code
    call.answer = text.encode()

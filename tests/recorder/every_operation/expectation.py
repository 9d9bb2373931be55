"""What the record of a call must say, made from the parameters alone by the rules that docs/PROTOCOLS.md states.

It knows nothing of how requests are read back: parameters come in as botocore was given them and go out in
CloudTrail's shape. Tables of names (EC2's lists, names of events, what is redacted by name) are the project's own.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from opentrail.record.redaction import HIDDEN, redact_parameters
from opentrail.recorder.shapes.generic import is_behind_gateway, keeps_wire_names
from opentrail.recorder.shapes.habits import finish_parameters
from opentrail.recorder.understanding.event_names import event_name, event_source
from tests.recorder.every_operation.expected_ec2 import ec2_parameters
from tests.recorder.every_operation.expected_s3 import control_parameters, s3_parameters
from tests.recorder.every_operation.sending import Sent

_JAVA_TIMES = ("apigateway", "appmesh", "backup", "ebs")
_NO_COMMA = (
    "apigateway", "cloudfront", "cognito-identity", "iam", "rds", "docdb", "neptune", "autoscaling", "redshift",
    "redshift-serverless",
)  # fmt: skip
_DYNAMODB_ITEMS = (
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems",
    "TransactWriteItems", "UpdateItem", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction",
)  # fmt: skip
_ABSENT = object()
_SIGNED_FOR = re.compile(r"/([^/]*)/aws4_request")


class Secret:
    """A value that the model marks as sensitive."""

    def __init__(self, value: Any) -> None:
        self.value = value


def expected_source(sent: Sent) -> str:
    signed_for = _SIGNED_FOR.search(sent.headers.get("Authorization", ""))
    return event_source(sent.service, signed_for[1] if signed_for is not None else "")


def expected_name(service: str, operation: str) -> str:
    return event_name(service, operation)


def expected_parameters(sent: Sent) -> dict[str, Any] | None:
    """The record's requestParameters."""
    service, operation = sent.service, sent.operation
    source, name = expected_source(sent), expected_name(service, operation.name)
    if service == "s3":
        shaped: Any = s3_parameters(sent)
    elif service == "s3control":
        shaped = control_parameters(sent)
    elif service == "ec2":
        return ec2_parameters(operation, sent.parameters)
    else:
        shaped = _generic(service, operation, sent.parameters, sent.protocol)
    cleaned = _revealed(redact_parameters(source, name, shaped))
    return cleaned or None


def _revealed(value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _revealed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return value


def _generic(service: str, operation: OperationModel, parameters: dict[str, Any], protocol: str) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    shaped = Shaping(service, protocol).structure(shape, parameters, payload=payload)
    if payload in shaped and is_behind_gateway(service) and isinstance(shape.members[payload], StructureShape):
        unnamed = shaped.pop(payload)
        shaped = {**shaped, **unnamed}
    if service == "apigateway":
        if not shaped:
            return {}
        outer = {}
        inner = {}
        for name, member in shape.members.items():
            key = name[0].lower() + name[1:]
            if key in shaped:
                (outer if "location" in member.serialization else inner)[key] = shaped[key]
        if inner:
            outer[operation.name[0].lower() + operation.name[1:] + "Input"] = inner
        return {**outer, "template": False}
    if service == "dynamodb" and operation.name in _DYNAMODB_ITEMS:
        return _dynamodb(shaped)
    return finish_parameters(service, operation, shaped)


class Shaping:
    """Values by the model's names to CloudTrail's, for requests (`answer=False`) and answers."""

    def __init__(self, service: str, protocol: str, *, answer: bool = False) -> None:
        self._service = service
        self._as_on_wire = keeps_wire_names(service)
        self._java = protocol != "rest-json" or service in _JAVA_TIMES
        self._comma = service not in _NO_COMMA
        self._protocol = protocol
        self._answer = answer

    def structure(self, shape: StructureShape, value: dict[str, Any], payload: str | None = None) -> dict[str, Any]:
        shaped = {}
        for name, member in shape.members.items():
            if name not in value or member.serialization.get("location") == "statusCode":
                continue
            item = self.value(member, value[name])
            if name == "ClientId" and self._service == "cognito-idp" and isinstance(item, Secret):
                item = item.value
            if item is _ABSENT or (name == payload and item == {} and self._protocol == "rest-json"):
                continue
            key = member.serialization.get("name", name) if self._as_on_wire else name[0].lower() + name[1:]
            shaped[key] = item
        for name, item in value.items():
            if name not in shape.members:  # of a service with the same call and one member more
                shaped[name if self._as_on_wire else name[0].lower() + name[1:]] = item
        return shaped

    def value(self, shape: Shape, value: Any) -> Any:
        if _all_bytes(shape):
            return _ABSENT
        shaped = self._value(shape, value)
        secret = shape.metadata.get("sensitive") and shaped not in ("", {}, [], None)
        return Secret(shaped) if secret else shaped

    def _value(self, shape: Shape, value: Any) -> Any:
        if isinstance(shape, StructureShape):
            return value if shape.is_document_type else self.structure(shape, value)
        if isinstance(shape, ListShape):
            return [self.value(shape.member, item) for item in value]
        if isinstance(shape, MapShape):
            if shape.key.metadata.get("sensitive") and value:
                return Secret(value)
            return {key: self.value(shape.value, item) for key, item in value.items()}
        in_query = shape.serialization.get("location") == "querystring"
        if in_query and (is_behind_gateway(self._service) or self._service == "servicecatalog-appregistry"):
            if isinstance(value, bool | int | float):
                return str(value).lower() if isinstance(value, bool) else str(value)
            return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
        if shape.type_name == "timestamp":
            return self._time(shape, value)
        return value

    def _time(self, shape: Shape, value: datetime) -> Any:
        location = shape.serialization.get("location")
        written = shape.serialization.get("timestampFormat")
        if written is None:
            written = "rfc822" if location in ("header", "headers") else None
        if written is None:
            numeric = self._protocol in ("json", "rest-json", "smithy-rpc-v2-cbor") and location is None
            written = "unixtimestamp" if numeric else "iso8601"
        if written.lower() == "rfc822":
            return format_datetime(value, usegmt=True)
        if self._java:
            half = value.strftime("%p")
            comma = "," if self._comma else ""
            return f"{value:%b} {value.day}, {value.year}{comma} {value.hour % 12 or 12}:{value:%M:%S} {half}"
        if written.lower() == "unixtimestamp":
            return int(value.timestamp())
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _all_bytes(shape: Shape) -> bool:
    """Bytes stand in no record: neither alone nor in lists and maps."""
    if isinstance(shape, ListShape):
        return _all_bytes(shape.member)
    if isinstance(shape, MapShape):
        return _all_bytes(shape.value)
    if shape.serialization.get("eventstream"):
        return True
    return shape.type_name == "blob"


def _dynamodb(shaped: dict[str, Any]) -> dict[str, Any]:
    """Keys in plain values, of items the names of their attributes, no expression's values; batches as requestItems."""

    def item_of(value: Any, listed: str) -> Any:
        if isinstance(value, list):
            return [item_of(part, listed) for part in value]
        if not isinstance(value, dict):
            return value
        kept = {}
        for name, part in value.items():
            if name in ("attributeUpdates", "expected", "expressionAttributeValues", "parameters"):
                continue
            if name == "item":
                kept[listed] = list(part)
            elif name == "key" and isinstance(part, dict):
                kept[name] = {key: plain(inner) for key, inner in part.items()}
            elif name == "keys" and isinstance(part, list):
                kept[name] = [{key: plain(inner) for key, inner in each.items()} for each in part]
            elif name == "statement":
                kept[name] = re.sub(r"'(?:[^']|'')*'", "***(Redacted)", part)
            else:
                kept[name] = item_of(part, listed)
        return kept

    def plain(value: Any) -> Any:
        return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value

    actions, batch = shaped.pop("transactItems", None), shaped.pop("requestItems", None)
    batch = batch or shaped.pop("statements", None)
    cleaned: dict[str, Any] = item_of(shaped, "item")
    if actions is not None:
        cleaned["requestItems"] = [
            next(
                ({"operation": kind[0].upper() + kind[1:], **item_of(part, "items")} for kind, part in each.items()), {}
            )
            for each in actions
        ]
    elif batch is not None:
        cleaned["requestItems"] = item_of(batch, "items")
    return cleaned

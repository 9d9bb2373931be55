"""REST-JSON and REST-XML: the operation by method and path, members in path, query string, headers and body."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
from botocore.model import OperationModel, Shape, StructureShape

from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.bindings import Bindings
from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.protocols.json_values import check_depth, decode_object, renamer
from opentrail.wire.protocols.routes import Routes
from opentrail.wire.protocols.s3_addressing import is_for_directory_buckets, path_style
from opentrail.wire.protocols.scalars import form_pairs, query_pairs
from opentrail.wire.protocols.xml_values import element_reader, parse_xml
from opentrail.wire.service_models import service_model

_SEARCHED = "cloudsearchdomain"
_FORM = "application/x-www-form-urlencoded"
ReadBody = Callable[[bytes], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    bindings: Bindings
    body: ReadBody | None  # None: nothing of the body belongs into a record
    fixed: frozenset[str]


def read(service: str, request: HttpRequest, body: bytes | None, protocol: str) -> ParsedRequest:
    """The call in a REST request.

    A body that streams (an object, a zip file) is not needed and not read. Raises UnreadableCall; where the
    operation could be told, the error has it.
    """
    path = path_style(request) if service == "s3" else request.path
    pairs = query_pairs(request.query)
    method = request.method
    if service == _SEARCHED and body and method == "POST" and request.header("content-type").startswith(_FORM):
        method, pairs = "GET", pairs + form_pairs(body)  # SDKs send a search, which may be long, as a form
    found = routes(service).find(method, path, dict(pairs), request.headers_by_name)
    if found is None:
        raise UnreadableCall("no such operation")
    route, labels = found
    if service == "s3" and route.operation.name == "ListBuckets" and is_for_directory_buckets(request):
        route = replace(route, operation=service_model(service).operation_model("ListDirectoryBuckets"))
    compiled = _compiled(service, route.operation.name, protocol)
    parameters = compiled.bindings.read(request, labels, pairs, compiled.fixed)
    if compiled.body is not None:
        if body is None:
            raise UnreadableCall("body was not held", route.operation)
        if body:
            try:
                parameters |= compiled.body(body)
            except UnreadableCall as error:
                raise UnreadableCall(error.reason, route.operation) from error
    return ParsedRequest(service, route.operation, protocol, parameters)


@functools.lru_cache(maxsize=512)
def routes(service: str) -> Routes:
    """The routes of a service, made once."""
    return Routes(service_model(service))


@functools.lru_cache(maxsize=8192)
def _compiled(service: str, name: str, protocol: str) -> _Compiled:
    operation = service_model(service).operation_model(name)
    fixed_query = str(operation.http.get("requestUri", "")).partition("?")[2]
    fixed = frozenset(name for name, _ in query_pairs(fixed_query))
    return _Compiled(Bindings(operation), _body_reader(operation, protocol), fixed)


def streams(operation: OperationModel) -> bool:
    """Whether the body of the request is the value of one member: bytes, not parameters."""
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if shape is None or payload is None:
        return False
    return shape.members[payload].type_name in ("blob", "string") or operation.has_event_stream_input


def _body_reader(operation: OperationModel, protocol: str) -> ReadBody | None:
    shape = operation.input_shape
    if shape is None:
        return None
    payload = shape.serialization.get("payload")
    if payload is not None:
        return _payload_reader(payload, shape.members[payload], operation, protocol)
    if all("location" in member.serialization for member in shape.members.values()):
        return None
    return _xml(shape) if protocol == "rest-xml" else _json(shape)


def _payload_reader(payload: str, member: Shape, operation: OperationModel, protocol: str) -> ReadBody | None:
    if operation.has_event_stream_input or member.type_name == "blob":
        return None
    if member.type_name == "string":
        return lambda body: {payload: body.decode("utf-8", "replace")}
    if protocol == "rest-xml":
        inner = _xml(member)
        return lambda body: {payload: inner(body)}
    if isinstance(member, StructureShape) and not member.is_document_type:
        return _optional_json(payload, _json(member))
    return lambda body: {payload: _any_json(body)}


def _optional_json(payload: str, read_value: ReadBody) -> ReadBody:
    """SDKs write an absent payload as `{}`."""

    def read_payload(body: bytes) -> dict[str, Any]:
        value = read_value(body)
        return {payload: value} if value else {}

    return read_payload


def _json(shape: Shape) -> ReadBody:
    rename = renamer(shape)
    if rename is None:
        return decode_object
    return lambda body: cast(dict[str, Any], rename(decode_object(body)))


def _any_json(body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UnreadableCall("body is not JSON") from error
    check_depth(value, body)
    return value


def _xml(shape: Shape) -> ReadBody:
    reader = element_reader(shape)
    return lambda body: cast(dict[str, Any], reader(parse_xml(body)))

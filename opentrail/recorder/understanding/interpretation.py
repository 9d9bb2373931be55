"""What a request asks for, in the terms of a CloudTrail record."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from botocore.model import OperationModel

from opentrail import limits
from opentrail.record.classification import category, read_only
from opentrail.record.redaction import redact_parameters
from opentrail.recorder.shapes import ec2, s3
from opentrail.recorder.shapes.generic import lower_first
from opentrail.recorder.shapes.shown import shown_parameters
from opentrail.recorder.understanding.event_names import api_version, event_name, event_source
from opentrail.telemetry import CALLS_UNREADABLE
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols import ParsedRequest, UnreadableCall, read_request
from opentrail.wire.protocols.scalars import query_pairs
from opentrail.wire.service_models import service_model
from opentrail.wire.signature import Signature

# What browsers send and no SDK, so that no model has it: a form's upload, the question before a cross-origin call.
_BROWSERS_S3 = {"POST": "PostObject", "OPTIONS": "PreflightRequest"}


class Interpreted(msgspec.Struct, frozen=True):
    """A call before its answer is known.

    `request_parameters` has CloudTrail's shape and holds no secret. `parameters` are the same by the model's names,
    secrets included: for `learning` and `outcome` alone, never for a record or a log.
    """

    service: str | None  # botocore's name; None where it is unknown
    event_source: str  # "ec2.amazonaws.com"
    event_name: str  # "GetFunction20150331v2"
    operation_name: str  # "GetFunction"; empty where it is unknown
    read_only: bool
    category: str  # "Management" | "Data"
    request_parameters: dict[str, Any] | None = None
    api_version: str | None = None
    operation: OperationModel | None = None
    protocol: str = ""
    parameters: dict[str, Any] | None = None
    unreadable: str | None = None  # why the parameters could not be read

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.event_source}, {self.event_name})"  # the parameters may hold secrets

    @property
    def management_event(self) -> bool:
        """The record's `managementEvent`."""
        return self.category == "Management"


def interpret(
    service: str | None, request: HttpRequest, body: bytes | None, signature: Signature | None = None
) -> Interpreted:
    """Read a request; `body` is None where it was not held (its parameters are null then). Never raises.

    What cannot be read is counted in `opentrail_calls_unreadable` and named in `unreadable`. The body of an object
    that is put or got does not matter: None for it hides nothing.
    """
    if service is None:
        named = request.header("x-amz-target").rpartition(".")[2] or dict(query_pairs(request.query)).get("Action", "")
        return _unreadable(service, request, signature, UnreadableCall("no such service", operation_name=named))
    try:
        parsed = read_request(service, request, body)
    except UnreadableCall as fault:
        return _unreadable(service, request, signature, fault)
    known = _known(service, signature.service if signature is not None else "", parsed.operation, parsed.protocol)
    try:
        shaped = known.shown(parsed, request, body)
    except UnreadableCall as fault:
        return _unreadable(service, request, signature, UnreadableCall(fault.reason, parsed.operation))
    return Interpreted(
        service,
        known.event_source,
        known.event_name,
        parsed.operation.name,
        known.read_only,
        known.category,
        shaped or None,
        known.api_version,
        parsed.operation,
        parsed.protocol,
        parsed.parameters,
    )


class _Known(NamedTuple):
    """What can be said of every call of one operation."""

    event_source: str
    event_name: str
    read_only: bool
    category: str
    api_version: str | None
    shown: Callable[[ParsedRequest, HttpRequest, bytes | None], dict[str, Any] | None]


@functools.lru_cache(maxsize=8192)
def _known(service: str, signing_name: str, operation: OperationModel, protocol: str) -> _Known:
    source = event_source(service, signing_name)
    name = event_name(service, operation.name)
    return _Known(
        event_source=source,
        event_name=name,
        read_only=read_only(source, name),
        category=category(source, name),
        api_version=api_version(service),
        shown=_shown(service, operation, protocol, source, name),
    )


def _shown(
    service: str, operation: OperationModel, protocol: str, source: str, name: str
) -> Callable[[ParsedRequest, HttpRequest, bytes | None], dict[str, Any] | None]:
    """What gives CloudTrail's parameters, without secrets; raises UnreadableCall for a document that is none."""

    def ec2_parameters(parsed: ParsedRequest, request: HttpRequest, body: bytes | None) -> dict[str, Any] | None:
        return _redacted(ec2.parameters(operation, parsed.parameters))

    def s3_parameters(parsed: ParsedRequest, request: HttpRequest, body: bytes | None) -> dict[str, Any] | None:
        return _redacted(s3.parameters(operation, request, body))

    def s3control_parameters(parsed: ParsedRequest, request: HttpRequest, body: bytes | None) -> dict[str, Any] | None:
        return _redacted(s3.control_parameters(operation, request, body, _in_path(parsed)))

    def _redacted(shaped: dict[str, Any] | None) -> dict[str, Any] | None:
        redacted: dict[str, Any] | None = redact_parameters(source, name, shaped)
        return redacted

    by_request = {"ec2": ec2_parameters, "s3": s3_parameters, "s3control": s3control_parameters}.get(service)
    if by_request is not None:
        return by_request
    shown = shown_parameters(service, operation, protocol, source, name)
    return lambda parsed, request, body: shown(parsed.parameters)


def _in_path(parsed: ParsedRequest) -> dict[str, Any]:
    shape = parsed.operation.input_shape
    members = shape.members if shape is not None else {}
    return {
        lower_first(name): value
        for name, value in parsed.parameters.items()
        if name in members and members[name].serialization.get("location") == "uri"
    }


def _unreadable(
    service: str | None, request: HttpRequest, signature: Signature | None, fault: UnreadableCall
) -> Interpreted:
    """What is left to say of a call whose parameters cannot be read: who was asked, and for what."""
    CALLS_UNREADABLE.labels(service or "unknown").inc()
    operation_name = fault.operation_name
    if service == "s3" and not operation_name:
        operation_name = _BROWSERS_S3.get(request.method, "")
    source = event_source(service, signature.service if signature is not None else "")
    name = event_name(service, operation_name)
    parameters: dict[str, Any] | None = None
    if service == "s3":  # all but the document
        parameters = s3.parameters(None, request, None)
    return Interpreted(
        service=service,
        event_source=source,
        event_name=name,
        operation_name=operation_name[: limits.OPERATION_NAME_CHARACTERS],
        read_only=read_only(source, name),
        category=category(source, name, parameters),
        request_parameters=parameters,
        api_version=api_version(service),
        operation=fault.operation or _operation(service, operation_name),
        protocol="",
        unreadable=fault.reason,
    )


def _operation(service: str | None, name: str) -> OperationModel | None:
    if service is None or not name:
        return None
    model = service_model(service)
    return model.operation_model(name) if name in model.operation_names else None

"""Calls as botocore sends them, for tests of what the recorder makes of them."""

from typing import Any

from opentrail.recorder.records.outcome import Exchange, Outcome, outcome
from opentrail.recorder.understanding.interpretation import Interpreted, interpret
from opentrail.wire.http import HttpRequest
from opentrail.wire.service_models import service_model
from opentrail.wire.signature import Signature
from tests.wire.protocols.made_requests import request_of

ACCOUNT = "111122223333"
REGION = "eu-west-1"


def signed(service: str, kind: Any = "header") -> Signature:
    return Signature(kind, "AKIAEXAMPLE", "20260304T101531Z", REGION, service, (), "0" * 64, None, None)


def made(
    service: str, name: str, parameters: dict[str, Any] | None = None, **headers: str
) -> tuple[HttpRequest, bytes]:
    """The request of a call with these parameters, and further headers (underscores for dashes)."""
    model = service_model(service)
    request, body = request_of(model.operation_model(name), parameters or {}, model.resolved_protocol)
    further = tuple((key.replace("_", "-"), value) for key, value in headers.items())
    return HttpRequest(
        request.method, request.path, request.query, (*request.headers, *further), "192.0.2.1", "http"
    ), body


def interpreted(service: str, name: str, parameters: dict[str, Any] | None = None, **headers: str) -> Interpreted:
    request, body = made(service, name, parameters, **headers)
    return interpret(service, request, body, signed(service))


def answered(
    service: str,
    name: str,
    parameters: dict[str, Any] | None,
    answer: bytes | None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **facts: Any,
) -> Outcome:
    """The outcome of a call with these parameters and this answer."""
    request, body = made(service, name, parameters)
    signature = facts.pop("signature", signed(service))
    call = interpret(service, request, body, signature)
    return outcome(call, Exchange(request, signature, ACCOUNT, REGION, **facts), status, headers or {}, answer)

"""What an answer says, in the terms of a CloudTrail record."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from opentrail.record.redaction import redact_response
from opentrail.recorder.records.deleted_objects import ExtraEvent, deleted_object_events
from opentrail.recorder.records.errors_seen import head_error, hides_parameters, recorded_code, status_code_name
from opentrail.recorder.records.resources import Touched, resources_of
from opentrail.recorder.records.s3_facts import Transfer, additional_event_data
from opentrail.recorder.shapes import ec2_answers, s3
from opentrail.recorder.shapes.shown import shown_elements
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.telemetry import CALLS_UNREADABLE
from opentrail.wire.answers import ParsedAnswer, read_answer
from opentrail.wire.http import HttpRequest
from opentrail.wire.service_models import service_model
from opentrail.wire.signature import Signature

__all__ = ["Exchange", "ExtraEvent", "Outcome", "outcome"]

_FIRST_ERROR_STATUS: Final = 400
_NOT_MODIFIED: Final = 304
# Reads whose answer is in the record all the same: they hand out credentials. Source: AWS's records and guides.
_ANSWERED_READS: Final[Mapping[str, frozenset[str]]] = {
    "cognito-identity": frozenset(("GetId",)),
    "sts": frozenset(
        ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetSessionToken")
    ),
}
# Its record says the key's ARN, which its answer does not. Source: the records in the AWS KMS Developer Guide.
_NAMES_ITS_KEY: Final = ("kms", "CreateGrant")


class Exchange(msgspec.Struct, frozen=True):
    """What is known about a call beside its contents."""

    request: HttpRequest
    signature: Signature | None
    account: str  # of the caller: the owner of the resources as far as we know
    region: str
    bytes_in: int = 0  # of the request's body, decoded
    bytes_out: int = 0  # of the answer's body
    cipher_suite: str | None = None  # of the client's TLS connection


class Outcome(msgspec.Struct, frozen=True):
    """The parts of a record that need the answer. `request_parameters` are the final ones: some failures null them."""

    request_parameters: dict[str, Any] | None
    response_elements: dict[str, Any] | None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    additional_event_data: dict[str, Any] | None = None
    resources: list[dict[str, str]] | None = None
    extra_events: tuple[ExtraEvent, ...] = ()
    answer: ParsedAnswer | None = None

    @property
    def output(self) -> dict[str, Any] | None:
        """What the service gave, by the model's names, with secrets: never kept."""
        return self.answer.output if self.answer is not None else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.error_code or 'done'})"  # the rest may hold secrets


def outcome(
    interpreted: Interpreted, exchange: Exchange, status: int, headers: Mapping[str, str], body: bytes | None
) -> Outcome:
    """Read an answer; `headers` by lower-case name, `body` is None where it was not held. Never raises."""
    answer = _answer(interpreted, status, headers, body)
    code, message = _error(interpreted, answer, status)
    hidden = code is not None and hides_parameters(interpreted.service, code)
    touched = Touched(interpreted, exchange.request, exchange.account, exchange.region, answer)
    extra: tuple[ExtraEvent, ...] = ()
    if interpreted.operation_name == "DeleteObjects" and interpreted.service == "s3" and code is None:
        extra = deleted_object_events(interpreted, exchange.request, exchange.account, answer.output)
    elements = _elements(interpreted, answer, headers, body) if code is None else None
    resources = None if hidden else resources_of(touched)
    if elements is not None and resources and (interpreted.service, interpreted.operation_name) == _NAMES_ITS_KEY:
        elements = {**elements, "keyId": resources[0]["ARN"]}
    if answer.unreadable:
        CALLS_UNREADABLE.labels(interpreted.service or "unknown").inc()
    return Outcome(
        request_parameters=None if hidden else interpreted.request_parameters,
        response_elements=elements,
        error_code=code,
        error_message=message,
        request_id=answer.request_id,
        additional_event_data=_additional(interpreted, exchange, answer, headers),
        resources=resources,
        extra_events=extra,
        answer=answer,
    )


def _answer(interpreted: Interpreted, status: int, headers: Mapping[str, str], body: bytes | None) -> ParsedAnswer:
    if interpreted.operation is not None:
        return read_answer(interpreted.operation, status, headers, body, interpreted.protocol)
    if interpreted.service == "s3" and status >= _FIRST_ERROR_STATUS:  # its errors look alike, whatever was asked
        return read_answer(service_model("s3").operation_model("PutObject"), status, headers, body)
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or None
    code = str(status) if status >= _FIRST_ERROR_STATUS else None
    return ParsedAnswer(None, error_code=code, request_id=request_id, host_id=headers.get("x-amz-id-2") or None)


def _error(interpreted: Interpreted, answer: ParsedAnswer, status: int) -> tuple[str | None, str | None]:
    if answer.error_code is None or status == _NOT_MODIFIED:
        return None, None
    code, message = answer.error_code, answer.error_message
    if code.isdigit():  # nothing but the status said it
        if interpreted.service == "s3":
            code, message = head_error(interpreted.operation_name, code, message)
        else:
            code = status_code_name(code)
    return recorded_code(interpreted.service, interpreted.operation, code, status), message


def _elements(
    interpreted: Interpreted, answer: ParsedAnswer, headers: Mapping[str, str], body: bytes | None
) -> dict[str, Any] | None:
    """CloudTrail's responseElements: of writes, and of the reads that hand out credentials."""
    service, operation = interpreted.service, interpreted.operation
    if service is None or operation is None:
        return None
    if interpreted.read_only and operation.name not in _ANSWERED_READS.get(service, ()):
        return None
    if service == "s3":
        return s3.answer_elements(headers)
    source, name = interpreted.event_source, interpreted.event_name
    if service == "ec2":
        shaped = ec2_answers.elements(operation, body) if body else None
        return redact_response(source, name, shaped) or None
    output = answer.output
    if output is None:
        return None
    return shown_elements(service, operation, interpreted.protocol, source, name)(output) or None


def _additional(
    interpreted: Interpreted, exchange: Exchange, answer: ParsedAnswer, headers: Mapping[str, str]
) -> dict[str, Any] | None:
    if interpreted.service not in ("s3", "s3control"):
        return None
    transfer = Transfer(exchange.bytes_in, exchange.bytes_out, exchange.cipher_suite)
    return additional_event_data(exchange.request, exchange.signature, transfer, headers, answer.host_id)

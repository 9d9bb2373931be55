"""Calls that the recorder itself refuses: why, and the answer in the shape of the service's protocol.

| family | error answer |
|---|---|
| s3 | XML `<Error><Code/><Message/><Resource/><RequestId/><HostId/></Error>`, headers x-amz-request-id, x-amz-id-2 |
| query, rest-xml | XML `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>` |
| ec2 | XML `<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>` |
| json | JSON `{"__type", "message"}`, header x-amzn-ErrorType |
| rest-json | JSON `{"message"}`, header x-amzn-ErrorType |
| cbor | CBOR map of `__type` and `message` (smithy rpc-v2-cbor) |
"""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import ClassVar, Literal
from xml.sax.saxutils import escape

import msgspec

from opentrail.errors import OpenTrailError
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature_errors import SignatureError

Family = Literal["s3", "query", "ec2", "json", "rest-json", "rest-xml", "cbor"]
REST_XML_SERVICES = frozenset({"route53", "cloudfront", "s3control"})
XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class CallRefused(OpenTrailError):
    """The recorder does not pass this call on, or has no answer to it from the upstream."""

    code = "ServiceUnavailable"
    status = 503
    reason: ClassVar[str] = "unavailable"  # as the metric of refused calls counts it
    told: ClassVar[Mapping[str, tuple[int, str, str]]] = {}  # status, code, message, where each family has its own
    json_code: ClassVar[str | None] = None  # where JSON services use another name
    ec2_code: ClassVar[str | None] = None


class NoUpstream(CallRefused):
    """No upstream is configured for this service."""

    reason = "no-upstream"


class JournalUnwritable(CallRefused):
    """The audit journal cannot be written; the call was not carried out. Please try again."""

    reason = "journal"


class UpstreamDown(CallRefused):
    """The service cannot be reached; the call was not carried out. Please try again."""

    reason = "upstream-down"


class UpstreamBroken(CallRefused):
    """The service closed the connection before its answer was complete; it may have carried out the call."""

    status = 502
    reason = "upstream-broken"


class UpstreamSilent(CallRefused):
    """The service did not answer in time; it may have carried out the call."""

    status = 504
    reason = "upstream-silent"


class HiddenPath(CallRefused):
    """The requested path does not belong to this service."""

    code = "AccessDenied"
    status = 403
    reason = "hidden-path"
    json_code = "AccessDeniedException"


class DeniedByPolicy(CallRefused):
    """Access Denied"""

    code = "AccessDenied"
    status = 403
    reason = "policy"
    json_code = "AccessDeniedException"
    ec2_code = "UnauthorizedOperation"


class BodyTooLong(CallRefused):
    """Your proposed upload exceeds the maximum allowed size"""

    code = "EntityTooLarge"
    status = 413
    reason = "body-too-long"
    json_code = "RequestEntityTooLargeException"


class BodyIncomplete(CallRefused):
    """You did not provide the number of bytes specified by the Content-Length HTTP header"""

    code = "IncompleteBody"
    status = 400
    reason = "body-incomplete"
    json_code = "ValidationException"


class ClientGone(BodyIncomplete):
    """The client closed the connection before the request was complete."""

    reason = "client-gone"


class ClientTooSlow(CallRefused):
    """Your socket connection to the server was not read from or written to within the timeout period."""

    code = "RequestTimeout"
    status = 400
    reason = "client-too-slow"
    json_code = "RequestTimeoutException"


class MalformedRequest(CallRefused):
    """The request cannot be read."""

    code = "InvalidRequest"
    status = 400
    reason = "malformed"
    json_code = "ValidationException"


class TooBusy(CallRefused):
    """Please reduce your request rate."""

    code = "SlowDown"
    reason = "busy"
    json_code = "ThrottlingException"


class AmbiguousCall(CallRefused):
    """The call can be read in more than one way."""

    code = "InvalidRequest"
    status = 400
    reason = "ambiguous"
    json_code = "ValidationException"


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as a client of one protocol sees it, and as the record names it."""

    status: int
    code: str
    message: str
    family: Family
    record_code: str = ""  # where records name it otherwise than the answer

    @property
    def recorded_code(self) -> str:
        """EC2's records say whose fault it was; others have the plain code, unless records have their own word."""
        if self.family != "ec2":
            return self.record_code or self.code
        return f"{'Server' if self.status >= 500 else 'Client'}.{self.code}"


@dataclass(frozen=True, slots=True)
class RefusalAnswer:
    """A whole error answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    request_id: str


def family_of(service: str | None, request: HttpRequest) -> Family:
    """The protocol of the client, by the service and by what its request looks like."""
    headers = request.headers_by_name
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if service == "ec2":
        return "ec2"
    if service == "s3":
        return "s3"
    content_type = headers.get("content-type", "")
    if "x-amz-target" in headers or content_type.startswith("application/x-amz-json"):
        return "json"
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in request.query:
        return "query"
    if service in REST_XML_SERVICES:
        return "rest-xml"
    return "s3" if service is None else "rest-json"


def fault_of(error: OpenTrailError, family: Family) -> Fault:
    """`error` as clients of `family` know it."""
    if isinstance(error, CallRefused) and family in error.told:
        return Fault(*error.told[family], family)
    if isinstance(error, SignatureError):
        return _signature_fault(error, family)
    code, status = error.code, error.status
    if isinstance(error, CallRefused):
        if error.json_code is not None and family in ("json", "rest-json", "cbor"):
            code = error.json_code
            status = 400 if isinstance(error, DeniedByPolicy) and family != "rest-json" else status
        elif error.ec2_code is not None and family == "ec2":
            code = error.ec2_code
    record_code = error.code if isinstance(error, DeniedByPolicy) else ""
    return Fault(status, code, error.message, family, record_code)


def _signature_fault(error: SignatureError, family: Family) -> Fault:
    if family == "s3":
        return Fault(error.s3_status, error.s3_code, error.s3_message or error.message, family)
    if family == "ec2":
        return Fault(error.ec2_status, error.ec2_code, error.message, family)
    if family in ("query", "rest-xml"):
        return Fault(error.query_status, error.query_code, error.message, family)
    if family == "rest-json":
        return Fault(error.rest_json_status, error.code, error.message, family)
    return Fault(error.status, error.code, error.message, family)


def new_request_id(family: Family) -> str:
    """An identifier in the shape that services of `family` give to their answers."""
    return secrets.token_hex(8).upper() if family == "s3" else str(uuid.uuid4())


def answer_to(fault: Fault, request: HttpRequest, request_id: str) -> RefusalAnswer:
    """The answer that tells `fault`."""
    headers: list[tuple[bytes, bytes]] = [(b"date", formatdate(usegmt=True).encode("ascii"))]
    if fault.family == "s3":
        body, content_type = _s3_body(fault, request, request_id), b"application/xml"
        headers.append((b"x-amz-request-id", request_id.encode("ascii")))
    else:
        body, content_type = _body(fault, request, request_id)
        headers.append((b"x-amzn-requestid", request_id.encode("ascii")))
        if fault.family in ("json", "rest-json"):
            headers.append((b"x-amzn-errortype", fault.code.encode("ascii")))
        elif fault.family == "cbor":
            headers.append((b"smithy-protocol", b"rpc-v2-cbor"))
    headers.append((b"content-type", content_type))
    headers.append((b"content-length", str(len(body)).encode("ascii")))
    return RefusalAnswer(fault.status, headers, b"" if request.method == "HEAD" else body, request_id)


def _s3_body(fault: Fault, request: HttpRequest, request_id: str) -> bytes:
    text = (
        f"{XML_DECLARATION}<Error><Code>{fault.code}</Code><Message>{escape(fault.message)}</Message>"
        f"<Resource>{escape(request.path)}</Resource><RequestId>{request_id}</RequestId>"
        f"<HostId>{request_id}</HostId></Error>"
    )
    return text.encode("utf-8")


def _body(fault: Fault, request: HttpRequest, request_id: str) -> tuple[bytes, bytes]:
    if fault.family == "json":
        sent = request.header("content-type")
        kind = sent if sent.startswith("application/x-amz-json") and sent.isascii() else "application/x-amz-json-1.1"
        return msgspec.json.encode({"__type": fault.code, "message": fault.message}), kind.encode("ascii")
    if fault.family == "rest-json":
        return msgspec.json.encode({"message": fault.message}), b"application/json"
    if fault.family == "cbor":
        return _cbor_map({"__type": fault.code, "message": fault.message}), b"application/cbor"
    message = escape(fault.message)
    if fault.family == "ec2":
        text = (
            f"{XML_DECLARATION}<Response><Errors><Error><Code>{fault.code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        side = "Receiver" if fault.status >= 500 else "Sender"
        text = (
            f"<ErrorResponse><Error><Type>{side}</Type><Code>{fault.code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return text.encode("utf-8"), b"text/xml"


def _cbor_map(texts: dict[str, str]) -> bytes:
    """A CBOR map (RFC 8949) of at most 23 short texts to texts of less than 64 KiB."""
    parts = [bytes([0xA0 | len(texts)])]
    for name, value in texts.items():
        for text in (name.encode("utf-8"), value.encode("utf-8")):
            parts.append(b"\x79" + len(text).to_bytes(2, "big") + text)  # major type 3, two bytes of length
    return b"".join(parts)

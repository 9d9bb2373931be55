"""A call that was noted becomes a record: the proxy's interpretation, shapes and redaction, on what botocore sent."""

import socket
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError

from opentrail import limits
from opentrail.accounts.identity import unknown_identity
from opentrail.errors import OpenTrailError
from opentrail.record.call_record import EVENT_VERSION, CallRecord, identity_json
from opentrail.record.encoding import encode
from opentrail.record.times import format_event_time
from opentrail.recorder.client_side.caller import Caller, Callers
from opentrail.recorder.client_side.watching import Noted
from opentrail.recorder.records.outcome import Exchange, Outcome, outcome
from opentrail.recorder.records.record_parts import (
    ANONYMOUS,
    as_text,
    extra_record,
    outcome_parts,
    region_of_events,
    user_agent,
)
from opentrail.recorder.records.resources import Touched, resources_of
from opentrail.recorder.understanding.content_coding import without_content_coding
from opentrail.recorder.understanding.interpretation import Interpreted, interpret
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature
from opentrail.wire.sigv4 import read_signature

RECORDED_BY = {"recordedBy": "client"}
NOT_REACHED = "ServiceUnavailable"  # as the proxy records an upstream that cannot be reached
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)


def understand(noted: Noted, callers: Callers) -> list[bytes]:
    """The records of one attempt as JSON: its own, then those it makes besides. No secret of the call is in them.

    Their recipientAccountId is the caller's account where it is known; their sourceIPAddress is this machine's name.
    """
    service = noted.operation.service_model.service_name
    request = _http_request(noted)
    signature = _signature(request)
    captured = body = _body(noted)
    if captured is not None:
        captured = without_content_coding(captured, request.header("content-encoding"), limits.CAPTURED_BODY_BYTES)
    asked = interpret(service, request, captured, signature)
    caller = callers.find(noted, signature)
    region = region_of_events(service, (signature.region if signature is not None else "") or noted.region)
    headers = _lower_names((noted.headers or {}).items())
    bytes_in = len(body) if body is not None else _declared(noted.sent_bytes, request.headers_by_name)
    bytes_out = len(noted.body) if noted.body is not None else _declared(None, headers)
    exchange = Exchange(request, signature, caller.account, region, bytes_in, bytes_out)
    parts, found = _parts(noted, asked, exchange, headers)
    parts["additional_event_data"] = {**(parts.get("additional_event_data") or {}), **RECORDED_BY}
    record = CallRecord(
        identity=_identity(service, signature, caller),
        event_source=asked.event_source,
        event_name=asked.event_name,
        region=region,
        source_address=socket.gethostname(),
        user_agent=user_agent(service, request),
        read_only=asked.read_only,
        category=asked.category,
        account=caller.account,
        host=as_text(request.host),
        api_version=asked.api_version,
        **parts,
    )
    return [_encoded(record, noted), *(_encoded(extra_record(record, extra), noted) for extra in _extras(found))]


def _parts(
    noted: Noted, asked: Interpreted, exchange: Exchange, headers: dict[str, str]
) -> tuple[dict[str, Any], Outcome | None]:
    """What is known of how it went, by CallRecord's members."""
    if noted.status:
        found = outcome(asked, exchange, noted.status, headers, noted.body)
        return outcome_parts(found), found
    touched = Touched(asked, exchange.request, exchange.account, exchange.region, None)
    parts: dict[str, Any] = {"request_parameters": asked.request_parameters, "resources": resources_of(touched)}
    if isinstance(noted.failure, _NEVER_SENT):
        parts["error_code"] = NOT_REACHED
        parts["error_message"] = "The service could not be reached; the call was not carried out."
    else:
        parts["additional_event_data"] = {"outcome": "unknown"}
    return parts, None


def _identity(service: str, signature: Signature | None, caller: Caller) -> bytes:
    if caller.identity is not None:
        return identity_json(caller.identity)
    if signature is None and service == "s3":
        return identity_json(ANONYMOUS)
    return identity_json(unknown_identity(as_text(signature.access_key) if signature is not None else None))


def _extras(found: Outcome | None) -> Iterable[Any]:
    return found.extra_events if found is not None else ()


def _encoded(record: CallRecord, noted: Noted) -> bytes:
    fields = record.fields()
    fields |= {
        "eventVersion": EVENT_VERSION,
        "eventTime": format_event_time(noted.began_us),
        "eventID": str(uuid.uuid4()),
        "recipientAccountId": record.account or None,
        "additionalEventData": fields["additionalEventData"] or RECORDED_BY,
    }
    return encode(fields)


def _http_request(noted: Noted) -> HttpRequest:
    """What went over the wire; botocore leaves the Host to its HTTP library."""
    parts = urlsplit(noted.url)
    headers = _lower_names(noted.sent_headers.items())
    headers.setdefault("host", parts.netloc)
    return HttpRequest(noted.method, parts.path or "/", parts.query, tuple(headers.items()), "", parts.scheme)


def _lower_names(headers: Iterable[tuple[str, Any]]) -> dict[str, str]:
    return {name.lower(): _as_wire(value) for name, value in headers}


def _as_wire(value: Any) -> str:
    """A header's value as the bytes of the wire in Latin-1."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value).encode("utf-8").decode("latin-1")


def _body(noted: Noted) -> bytes | None:
    """The request's body as botocore sends it; None where it is a stream, or too long."""
    sent = noted.sent
    if noted.operation.has_streaming_input:
        return None
    if not sent:
        return b""
    if isinstance(sent, Mapping):
        sent = urlencode(sent, doseq=True)
    if isinstance(sent, str):
        sent = sent.encode("utf-8")
    if isinstance(sent, bytes | bytearray) and len(sent) <= limits.CAPTURED_BODY_BYTES:
        return bytes(sent)
    return None


def _declared(known: int | None, headers: Mapping[str, str]) -> int:
    """The length of a body that is not held."""
    if known is not None:
        return known
    names = ("x-amz-decoded-content-length", "content-length")
    declared = next((headers[name] for name in names if name in headers), "")
    return int(declared) if declared.isdecimal() else 0


def _signature(request: HttpRequest) -> Signature | None:
    """Whose it is; a signature of a kind that the proxy does not know says nothing."""
    try:
        return read_signature(request)
    except OpenTrailError:
        return None

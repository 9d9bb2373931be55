"""Answers and errors of AWS services, read with botocore's own parsers."""

import functools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from botocore.model import OperationModel
from botocore.parsers import ResponseParser, ResponseParserFactory

from opentrail.wire.answer_values import Unusual, answer_reader

_PROTOCOL_NAMES: Final = {"cbor": "smithy-rpc-v2-cbor"}
_FIRST_ERROR_STATUS: Final = 300


class ParsedAnswer:
    """What an answer says. `output` has the model's member names; timestamps and blobs stay as sent.

    `output` is None where the call failed, where the body was not held or where it cannot be read. It is read when it
    is first asked for, as nobody asks for the output of most reads. Error codes are the wire's own (`NoSuchEntity`),
    without a namespace.
    """

    __slots__ = ("_output", "_read", "error_code", "error_message", "host_id", "request_id", "unreadable")

    def __init__(
        self,
        output: dict[str, Any] | None,
        error_code: str | None = None,
        error_message: str | None = None,
        request_id: str | None = None,
        host_id: str | None = None,
        *,
        unreadable: bool = False,
        read: Callable[[], dict[str, Any] | None] | None = None,
    ) -> None:
        self._output = output
        self._read = read
        self.error_code = error_code
        self.error_message = error_message
        self.request_id = request_id
        self.host_id = host_id  # S3's x-amz-id-2
        self.unreadable = unreadable  # a body was read, but it is not what the service's protocol has

    @property
    def output(self) -> dict[str, Any] | None:
        """The members of the answer."""
        if self._read is not None:
            read, self._read = self._read, None
            self._output = read()
            self.unreadable = self._output is None
        return self._output


def read_answer(
    operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes | None, protocol: str = ""
) -> ParsedAnswer:
    """Read an answer; `headers` by lower-case name, `body` is None where it was not held. Never raises.

    `protocol` is the one of the request (`ParsedRequest.protocol`); empty for the model's own.
    """
    request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or None
    host_id = headers.get("x-amz-id-2") or None
    if body is None:
        code = _header_code(status, headers)
        return ParsedAnswer(None, error_code=code, request_id=request_id, host_id=host_id)
    protocol = protocol or _protocol_of(operation)
    if status < _FIRST_ERROR_STATUS and request_id is not None:
        later = partial(_output, operation, status, headers, body, protocol)
        return ParsedAnswer(None, None, None, request_id, host_id, read=later)
    parsed = _parse(operation, status, headers, body, protocol)
    if parsed is None:
        code = _header_code(status, headers)
        return ParsedAnswer(None, code, None, request_id, host_id, unreadable=True)
    metadata = parsed.pop("ResponseMetadata", {})
    request_id = request_id or metadata.get("RequestId")
    if status >= _FIRST_ERROR_STATUS:
        error = parsed.get("Error") or {}
        code = error.get("QueryErrorCode") or error.get("Code") or _header_code(status, headers)
        message = None if _is_page(headers) else _text(error.get("Message"))
        return ParsedAnswer(None, str(code), message, request_id, host_id)
    parsed.pop(_streamed(operation), None)
    return ParsedAnswer(parsed, None, None, request_id, host_id)


def _output(
    operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes, protocol: str
) -> dict[str, Any] | None:
    """The members of a successful answer."""
    reader = answer_reader(operation, protocol)
    if reader is not None:
        try:
            return reader(body)
        except Unusual:
            pass  # botocore reads what it can of it
    parsed = _parse(operation, status, headers, body, protocol)
    if parsed is not None:
        parsed.pop("ResponseMetadata", None)
        parsed.pop(_streamed(operation), None)
    return parsed


def _parse(
    operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes, protocol: str
) -> dict[str, Any] | None:
    shape: Any = operation.output_shape
    if status < _FIRST_ERROR_STATUS and shape is not None and operation.has_event_stream_output:
        return {}
    parser = _parser(protocol)
    if status < _FIRST_ERROR_STATUS and _streamed(operation):
        body = b""  # the value of one member, which no record has; the parser would take it for a text
    if protocol == "json" and status < _FIRST_ERROR_STATUS:
        return _parse_json(parser, shape, body)
    response = {"status_code": status, "headers": _Headers(headers), "body": body, "context": _context(operation)}
    try:
        parsed = parser.parse(response, shape)
    except Exception:  # noqa: BLE001  botocore raises whatever its XML and JSON readers do; the caller is told by None
        return None
    return parsed if isinstance(parsed, dict) else None


def _parse_json(parser: Any, shape: Any, body: bytes) -> dict[str, Any] | None:
    """As `parser.parse` of an answer that is no error, without what that does with headers and metadata."""
    if shape is None:
        return {}
    try:
        parsed = parser._handle_json_body(body, shape)
    except Exception:  # noqa: BLE001  as above
        return None
    return parsed if isinstance(parsed, dict) else None


class _Headers(dict[str, str]):
    """Headers as botocore's parsers ask for them: in any case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__((name.lower(), value) for name, value in headers.items())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.lower())


def _context(operation: OperationModel) -> dict[str, Any]:
    return {"operation_name": operation.name}


def _protocol_of(operation: OperationModel) -> str:
    return str(operation.service_model.resolved_protocol)


@functools.cache
def _parser(protocol: str) -> ResponseParser:
    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=_as_sent, blob_parser=_as_sent)
    return factory.create_parser(_PROTOCOL_NAMES.get(protocol, protocol))


def _as_sent(value: Any) -> Any:
    return value


def _header_code(status: int, headers: Mapping[str, str]) -> str | None:
    if status < _FIRST_ERROR_STATUS:
        return None
    code = headers.get("x-amzn-errortype", "").split(":", 1)[0].rpartition("#")[2].strip()
    return code or str(status)


def _is_page(headers: Mapping[str, str]) -> bool:
    """Whether the body is a web page: what proxies and broken servers answer, and no AWS service's error."""
    return headers.get("content-type", "").startswith("text/html")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


@functools.lru_cache(maxsize=4096)
def _streamed(operation: OperationModel) -> str:
    """The member that is the answer's body, bytes and no fact for a record; empty where there is none."""
    shape = operation.output_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    return str(payload) if shape is not None and payload and shape.members[payload].type_name == "blob" else ""

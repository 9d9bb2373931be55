"""botocore's own clients, whose requests are caught when they are signed and sent over a socket of ours."""

import contextlib
import copy
import http.client
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.model import OperationModel
from botocore.serialize import create_serializer

from opentrail.wire.event_stream import CONTENT_TYPE
from opentrail.wire.signature import STREAMING_EVENTS
from tests.recorder.rig import KEY, SECRET
from tests.wire.other_signers import frame, offer_version_4a, signed_events, text_header

BEARER_ONLY = ("account-access-runtime", "codecatalyst")  # botocore sends tokens over TLS alone


_ADDED_HEADERS = ("Accept", "Content-Type", "x-amz-sha256-tree-hash")


class _Caught(Exception):
    pass


@dataclass
class Sent:
    """One call as it left botocore."""

    service: str
    operation: OperationModel
    protocol: str
    parameters: dict[str, Any]  # as botocore serialised them: with tokens, checksums and what else its handlers add
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answer: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation.name}[{self.protocol}]"


class Unsendable(Exception):
    """botocore refuses to send this."""


class _Watched:
    """A serializer that remembers what it was given."""

    def __init__(self, protocol: str) -> None:
        self._serializer = create_serializer(protocol, include_validation=True)
        self.given: dict[str, Any] = {}

    def serialize_to_request(self, parameters: dict[str, Any], operation: OperationModel) -> Any:
        self.given = copy.deepcopy({name: value for name, value in parameters.items() if not hasattr(value, "read")})
        for name, value in parameters.items():
            if hasattr(value, "read"):
                self.given[name] = b""
        return self._serializer.serialize_to_request(parameters, operation)


class Clients:
    """One client for each service, protocol and way to write hosts."""

    def __init__(self, port: int) -> None:
        offer_version_4a()
        self._session = botocore.session.Session()
        self._port = port
        self._used = 0.0
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def close(self) -> None:
        self._connection.close()

    def client(self, service: str, *, prefixes: bool, virtual: bool = False) -> Any:
        """`virtual`: buckets stand in the host."""
        scheme = "https" if service in BEARER_ONLY else "http"
        host = "s3.localhost" if virtual else "127.0.0.1"
        style = {"addressing_style": "virtual"} if virtual else None
        return self._session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=f"{scheme}://{host}:{self._port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=prefixes, s3=style),
        )

    def sign(self, client: Any, operation: str, parameters: dict[str, Any], protocol: str) -> Sent:
        """The signed request of a call. Raises Unsendable."""
        caught: list[AWSPreparedRequest] = []

        def catch(request: AWSPreparedRequest, **_: Any) -> None:
            caught.append(request)
            raise _Caught

        def announce_events(params: dict[str, Any], **_: Any) -> None:
            params["body"] = b""
            params["headers"] |= {"Content-Type": CONTENT_TYPE, "X-Amz-Content-SHA256": STREAMING_EVENTS}

        operation_model = client.meta.service_model.operation_model(operation)
        client._serializer = watched = _Watched(protocol)
        if operation_model.has_event_stream_input:
            client.meta.events.register_first("before-call", announce_events)
        client.meta.events.register_first("before-send", catch)
        try:
            with contextlib.suppress(_Caught):
                client._make_api_call(operation, copy.deepcopy(parameters))
        except BotoCoreError as refusal:
            raise Unsendable(f"{type(refusal).__name__}: {refusal}") from refusal
        finally:
            client.meta.events.unregister("before-send", catch)
            client.meta.events.unregister("before-call", announce_events)
        request = caught[0]
        _note_what_handlers_added(watched.given, _bytes_again(request.body), request.headers, operation_model)
        return Sent(
            client.meta.service_model.service_name,
            operation_model,
            protocol,
            watched.given,
            request.method,
            request.url,
            {name: _text(value) for name, value in request.headers.items()},
            _events(request) if operation_model.has_event_stream_input else _bytes(request.body),
        )

    def send(self, sent: Sent, agent: str) -> None:
        """Over the socket; `agent` is what the record will be known by."""
        scheme_and_host, _, target = sent.url.partition("://")[2].partition("/")
        connection = self._connection
        if time.monotonic() - self._used > 2.0:
            connection.close()  # the server may have closed it
        self._used = time.monotonic()
        connection.putrequest(sent.method, f"/{target}", skip_host=True, skip_accept_encoding=True)
        headers = {name: value for name, value in sent.headers.items() if name.lower() not in ("user-agent", "expect")}
        if not any(name.lower() == "host" for name in headers):
            headers["Host"] = scheme_and_host
        if "transfer-encoding" not in {name.lower() for name in headers}:
            headers["Content-Length"] = str(len(sent.body))
            body = sent.body
        else:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent.body), sent.body) if sent.body else b"0\r\n\r\n"
        for name, value in headers.items():
            connection.putheader(name, value.encode() if not value.isascii() else value)
        connection.putheader("User-Agent", agent)
        try:
            connection.endheaders(body)
            response = connection.getresponse()
            sent.status, sent.answer = response.status, response.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            raise


def _note_what_handlers_added(given: dict[str, Any], body: bytes, headers: Any, operation: OperationModel) -> None:
    """Copies between Regions get a presigned URL in place of their source Region; some headers are members, too."""
    form = dict(parse_qsl(body.decode("latin-1"))) if body.startswith(b"Action=") else {}
    for name in ("PreSignedUrl", "PresignedUrl"):
        if name in form:
            given[name] = form[name]
            if operation.name != "CopySnapshot":
                given.pop("SourceRegion", None)
    if operation.name == "CopySnapshot" and "DestinationRegion" in form:
        given["DestinationRegion"] = form["DestinationRegion"]
    for name, member in operation.input_shape.members.items() if operation.input_shape is not None else ():
        wire = str(member.serialization.get("name", name))
        if member.serialization.get("location") == "header" and wire in _ADDED_HEADERS and wire in headers:
            given.setdefault(name, _text(headers[wire]))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def _events(request: AWSPreparedRequest) -> bytes:
    """Two events, signed as the request is."""
    authorization = _text(request.headers["Authorization"])
    scope, seed = re.search(r"Credential=[^/]+/([^,]+)", authorization), authorization.rpartition("=")[2]
    assert scope is not None
    date = _text(request.headers["X-Amz-Date"])
    milliseconds = int(datetime.fromisoformat(date).timestamp() * 1000)
    events = [frame(text_header(":event-type", "E"), b"{}"), frame(b"", b"bytes")]
    return signed_events(events, date, milliseconds, scope[1], SECRET, seed)


def _bytes_again(body: Any) -> bytes:
    """Of a body that can be read twice."""
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, io.IOBase) or hasattr(body, "read"):
        read = body.read()
        return read if isinstance(read, bytes) else str(read).encode()
    return b"".join(_parts(body))


def _parts(body: Any) -> Iterator[bytes]:
    yield from body

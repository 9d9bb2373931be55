"""One port, two doors: CloudTrail's own API is answered here, every other service is forwarded and recorded.

Which of both a call is for stands in its SigV4 credential scope; an unsigned call tells it by its target.
"""

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from prometheus_client import Counter, Histogram

from opentrail import limits
from opentrail.clock import Clock
from opentrail.recorder.app import Recorder
from opentrail.recorder.client_side.reported import SIGNING_NAME
from opentrail.server.own_services import OwnService
from opentrail.telemetry import CALL_SECONDS, CALLS, logger
from opentrail.wire.http import HttpRequest, HttpResponse

log = logger("server")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

OWN_SERVICES = ("cloudtrail", "cloudtrail-data", SIGNING_NAME)
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/([^/,\s]+)/aws4_request")
_QUERY_SCOPE = re.compile(r"[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_OWN_TARGET = re.compile(r"(?:^|\.)CloudTrail_20131101\.", re.IGNORECASE)


@functools.cache
def _calls(door: str, status_class: int) -> Counter:
    """The counter itself: looking it up by its labels costs more than counting."""
    return CALLS.labels(door, f"{status_class}xx")


@functools.cache
def _seconds(door: str) -> Histogram:
    return CALL_SECONDS.labels(door)


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


class Doors:
    """The ASGI application on the AWS port."""

    def __init__(self, api: OwnService, recorder: Recorder, clock: Clock) -> None:
        self._api = api
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = http_request(scope)
        door = "api" if _is_our_own(request) else "recorder"
        began = self._clock.monotonic()
        status = 499  # the client left without an answer

        async def watched_send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            if door == "api":
                await self._answer(request, receive, watched_send)
            else:
                await self._recorder.handle(scope, receive, watched_send, request)
        except ClientGone:
            log.debug("client left", action="client-gone", door=door)
        finally:
            _calls(door, status // 100).inc()
            _seconds(door).observe(self._clock.monotonic() - began)

    async def _answer(self, request: HttpRequest, receive: Receive, send: Send) -> None:
        body = await _read_body(request, receive)
        if body is None:
            await _send_response(send, self._api.too_long(request), close=True)
            return
        # shielded: a call that has begun is recorded, whether its caller waits for the answer or not
        response = await asyncio.shield(self._api.answer(request, body))
        await _send_response(send, response)


def http_request(scope: dict[str, Any]) -> HttpRequest:
    """The head of an ASGI request as a value, every byte as it came."""
    client = scope.get("client") or ("", 0)
    return HttpRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]),
        client=str(client[0]),
        scheme=scope["scheme"],
    )


def _is_our_own(request: HttpRequest) -> bool:
    authorization = request.header("authorization")
    found = _SCOPE.search(authorization) if authorization else _presigned_scope(request.query)
    if found is not None:
        return found.group(1) in OWN_SERVICES
    return bool(_OWN_TARGET.search(request.header("x-amz-target"))) or request.path == "/PutAuditEvents"


def _presigned_scope(query: str) -> re.Match[str] | None:
    """The scope in a presigned URL, its name read as whoever verifies it does: percent-encoded, in any case."""
    if "mz-" not in query.lower() and "%" not in query:
        return None
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if unquote(name).lower() == "x-amz-credential":
            return _QUERY_SCOPE.fullmatch(unquote(value))
    return None


async def _read_body(request: HttpRequest, receive: Receive) -> bytes | None:
    """The whole body, or None where it is longer than `limits.API_BODY_BYTES`."""
    declared = request.header("content-length")
    if declared.isdigit() and int(declared) > limits.API_BODY_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limits.API_BODY_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send_response(send: Send, response: HttpResponse, *, close: bool = False) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})

"""One port, two doors: CloudTrail's own API is answered here, every other service is forwarded and recorded.

Which of both a call is for stands in its SigV4 credential scope; an unsigned call tells it by its target.
"""

import asyncio
import functools
import re
from urllib.parse import unquote

from prometheus_client import Counter, Histogram

from opentrail import limits
from opentrail.clock import Clock
from opentrail.recorder.answers.refusals import ClientGone, ClientTooSlow
from opentrail.recorder.app import Recorder
from opentrail.recorder.client_side.reported import SIGNING_NAME
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.server.call_workers.hand_over import HandOver, take_over
from opentrail.server.ports.own_services import OwnService
from opentrail.telemetry import CALL_SECONDS, CALLS, logger
from opentrail.wire.http import HttpRequest, HttpResponse

log = logger("server")

OWN_SERVICES = ("cloudtrail", "cloudtrail-data", SIGNING_NAME)
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/([^/,\s]+)/aws4_request")
_QUERY_SCOPE = re.compile(r"[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_SIGNATURE_CHARACTERS = 64
_OWN_TARGET = re.compile(r"(?:^|\.)CloudTrail_20131101\.", re.IGNORECASE)


@functools.cache
def _calls(door: str, status_class: int) -> Counter:
    """The counter itself: looking it up by its labels costs more than counting."""
    return CALLS.labels(door, f"{status_class}xx")


@functools.cache
def _seconds(door: str) -> Histogram:
    return CALL_SECONDS.labels(door)


class OwnDoor:
    """Answers calls of our own services here."""

    def __init__(self, service: OwnService) -> None:
        self._service = service

    async def answer(self, exchange: Exchange) -> None:
        """Answer one call."""
        request = exchange.request
        try:
            body = await _read_body(exchange)
        except (ClientGone, ClientTooSlow):
            log.debug("client left", action="client-gone", door="api")
            exchange.cut()
            return
        if body is None:
            _respond(exchange, self._service.too_long(request))
            return
        # shielded: a call that has begun is recorded, whether its caller waits for the answer or not
        _respond(exchange, await asyncio.shield(self._service.answer(request, body)))


class Doors:
    """Who answers what comes in by the AWS port: our own door, or whoever is handed its calls, and the recorder."""

    def __init__(self, own: OwnDoor | HandOver, recorder: Recorder, clock: Clock) -> None:
        self._own = own
        self._recorder = recorder
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    def __call__(self, exchange: Exchange) -> None:
        """Answer one call, beside others."""
        own = self._own if _is_our_own(exchange.request) else None
        if isinstance(own, HandOver):
            own(exchange)
            return
        task = exchange.loop.create_task(self._answer(exchange, own))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def taken_over(self, exchange: Exchange) -> None:
        """Answer one call that another process has handed over."""
        take_over(exchange)
        self(exchange)

    async def stop(self, grace_seconds: float) -> None:
        """Return when no call is under way; those that take longer are broken off, and recorded so."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=max(grace_seconds, 0.0))
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _answer(self, exchange: Exchange, own: OwnDoor | None) -> None:
        door = "recorder" if own is None else "api"
        began = self._clock.monotonic()
        try:
            if own is None:
                await self._recorder.handle(exchange)
            else:
                await own.answer(exchange)
        finally:
            if not exchange.done:
                exchange.cut()  # whatever happened, nobody waits for ever
            status = exchange.status or 499  # the client left without an answer
            _calls(door, status // 100).inc()
            _seconds(door).observe(self._clock.monotonic() - began)


def _is_our_own(request: HttpRequest) -> bool:
    authorization = request.header("authorization")
    service = _signed_for(authorization) if authorization else _presigned_for(request.query)
    if service is not None:
        return service in OWN_SERVICES
    return bool(_OWN_TARGET.search(request.header("x-amz-target"))) or request.path == "/PutAuditEvents"


def _signed_for(authorization: str) -> str | None:
    """The service in the scope of an Authorization header."""
    fixed = authorization[:-_SIGNATURE_CHARACTERS]  # the same from call to call, and so remembered
    known = _service_in(fixed) if len(fixed) <= limits.SIGNED_SCOPE_CHARACTERS else None
    return known or _service_in.__wrapped__(authorization)


@functools.lru_cache(maxsize=limits.SIGNED_SCOPES)
def _service_in(authorization: str) -> str | None:
    found = _SCOPE.search(authorization)
    return found.group(1) if found is not None else None


def _presigned_for(query: str) -> str | None:
    """The service in a presigned URL, its name read as whoever verifies it does: percent-encoded, in any case."""
    if "mz-" not in query.lower() and "%" not in query:
        return None
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if unquote(name).lower() == "x-amz-credential":
            found = _QUERY_SCOPE.fullmatch(unquote(value))
            return found.group(1) if found is not None else None
    return None


async def _read_body(exchange: Exchange) -> bytes | None:
    """The whole body, or None where it is longer than `limits.API_BODY_BYTES`. Raises ClientGone, ClientTooSlow."""
    if (exchange.framing.length or 0) > limits.API_BODY_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    while part := await exchange.body.read():
        parts.append(part)
        size += len(part)
        if size > limits.API_BODY_BYTES:
            return None
    return b"".join(parts)


def _respond(exchange: Exchange, response: HttpResponse) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    exchange.answer(response.status, headers, response.body)

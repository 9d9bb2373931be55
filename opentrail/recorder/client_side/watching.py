"""botocore's events about a call, noted as they come: what went out, what came back, nothing understood yet.

    before-call        which operation, and with whose credentials
    request-created    the request as it is signed; again for each attempt
    response-received  the answer, or why there is none

Every attempt is a call of its own, as the service sees it. Nothing here waits, raises, or reads a stream.
"""

import time
import weakref
from collections.abc import Callable
from typing import Any

import msgspec
from botocore.model import OperationModel
from botocore.utils import determine_content_length

from opentrail import limits

_KEY = "opentrail"
_PER_CALL_BYTES = 2048  # about what a noted call takes beside its bodies


class Noted(msgspec.Struct):
    """One attempt of one call, holding what botocore held: secrets included, until it is understood."""

    operation: OperationModel
    credentials: Any  # botocore's, or None
    region: str
    method: str
    url: str
    sent_headers: Any  # botocore's, signed
    sent: Any  # the request's body as botocore has it: bytes, text or the fields of a form; None: a stream
    sent_bytes: int | None  # of a stream, where that can be told
    began_us: int
    status: int = 0  # 0: no answer came
    headers: Any = None
    body: bytes | None = None  # None: a stream, or too long
    failure: BaseException | None = None

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        size = len(self.sent) if isinstance(self.sent, str | bytes | bytearray) else 0
        return _PER_CALL_BYTES + size + len(self.body or b"")


class Watch:
    """The handlers of one recording."""

    def __init__(self, noted: Callable[[Noted], None], failed: Callable[[BaseException], None]) -> None:
        self._noted = noted
        self._failed = failed
        self._emitters: weakref.WeakSet[Any] = weakref.WeakSet()

    def attach(self, emitter: Any) -> None:
        """Listen to `emitter`, once however often it is asked."""
        for event, handler in self._handlers():
            emitter.register_last(event, handler, unique_id=self._name(event))
        self._emitters.add(emitter)

    def detach(self) -> None:
        """Listen to nobody any longer; clients that were made from a session meanwhile stay attached but unheard."""
        for emitter in self._emitters:
            for event, handler in self._handlers():
                emitter.unregister(event, handler, unique_id=self._name(event))
        self._noted = _unheard

    def _handlers(self) -> list[tuple[str, Callable[..., None]]]:
        return [
            ("before-call", self._before_call),
            ("request-created", self._request_created),
            ("response-received", self._response_received),
        ]

    def _name(self, event: str) -> str:
        return f"opentrail-{id(self)}-{event}"

    # A fault of ours must never become the caller's: it is counted, and the call goes on.

    def _before_call(self, model: Any, request_signer: Any, context: dict[str, Any], **_: Any) -> None:
        try:
            credentials = getattr(request_signer, "_credentials", None)
            context[self._name("")] = (model, credentials, context.get("client_region") or "")
        except Exception as fault:  # noqa: BLE001
            self._failed(fault)

    def _request_created(self, request: Any, **_: Any) -> None:
        try:
            about = request.context.get(self._name(""))
            if about is not None:
                request.context[self._name(_KEY)] = _noted(request, *about)
        except Exception as fault:  # noqa: BLE001
            self._failed(fault)

    def _response_received(
        self, response_dict: Any, context: dict[str, Any], exception: BaseException | None, **_: Any
    ) -> None:
        try:
            noted = context.pop(self._name(_KEY), None)
            if noted is None:
                return
            noted.failure = exception
            if response_dict is not None:
                noted.status = response_dict["status_code"]
                noted.headers = response_dict["headers"]
                body = response_dict["body"]
                if isinstance(body, bytes) and len(body) <= limits.CAPTURED_BODY_BYTES:
                    noted.body = body
            self._noted(noted)
        except Exception as fault:  # noqa: BLE001
            self._failed(fault)


def _noted(request: Any, operation: OperationModel, credentials: Any, region: str) -> Noted:
    stream = operation.has_streaming_input  # the caller's own: nobody else may read it, or keep it
    return Noted(
        operation=operation,
        credentials=credentials,
        region=region,
        method=request.method,
        url=request.url,
        sent_headers=request.headers,
        sent=None if stream else request.data,
        sent_bytes=determine_content_length(request.data) if stream else None,
        began_us=time.time_ns() // 1000,
    )


def _unheard(noted: Noted) -> None:
    """What becomes of calls after the recording was closed."""

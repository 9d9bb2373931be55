"""uvicorn for the console's port: request heads of limited size, stopped by us and not by signals."""

import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from opentrail import limits
from opentrail.telemetry import CALLS_REFUSED

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

KEEP_ALIVE_SECONDS = 75
BACKLOG = 1024


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes connections whose request head passes `limits.REQUEST_HEAD_BYTES`; the parser itself has no limit."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Bytes from the client; counted for as long as a head is not complete."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > limits.REQUEST_HEAD_BYTES:
                self.send_400_response("Request head too long.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, counted."""
        CALLS_REFUSED.labels("bad-http").inc()
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is body, which the doors bound."""
        self._in_head = False
        super().on_headers_complete()


class QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to the process around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _NotEveryBadRequest(logging.Filter):
    """Keeps uvicorn's line about each request that is no HTTP out of the log: anybody could fill a disk with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Invalid HTTP request")


logging.getLogger("uvicorn.error").addFilter(_NotEveryBadRequest())


def http_server(app: AsgiApp, *, grace_seconds: int, tls: ssl.SSLContext | None = None) -> QuietServer:
    """A server for `app`, with TLS where there is a context for it; run it with `serve(sockets=[...])`.

    Stopped by setting `should_exit`.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        backlog=BACKLOG,
        ssl_context_factory=(lambda _config, _default: tls) if tls is not None else None,
    )
    return QuietServer(config)

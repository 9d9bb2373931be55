"""uvicorn, bounded: sockets bound first, request heads of limited size, stopped by us and not by signals."""

import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.connection import CuttableHttpProtocol
from opentrail.telemetry import CALLS_REFUSED

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 20  # calls under way may take this long after the server is asked to stop
BACKLOG = 1024


class PortTaken(OpenTrailError):
    """A port that the server needs is in use."""


class BoundedHttpProtocol(CuttableHttpProtocol):
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


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as failure:
        listener.close()
        raise PortTaken(f"cannot listen on {host}:{port}: {failure.strerror}; choose another port") from failure
    listener.setblocking(False)
    return listener


class _NotEveryBadRequest(logging.Filter):
    """Keeps uvicorn's line about each request that is no HTTP out of the log: anybody could fill a disk with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Invalid HTTP request")


logging.getLogger("uvicorn.error").addFilter(_NotEveryBadRequest())


def http_server(app: AsgiApp, *, grace_seconds: int = GRACE_SECONDS) -> QuietServer:
    """A server for `app`; run it with `serve(sockets=[...])`, stop it by setting `should_exit`."""
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
    )
    return QuietServer(config)


def url_of(bound: socket.socket, *, from_here: bool = False) -> str:
    """The URL of a bound socket; `from_here`: for this machine, where one that listens everywhere is on loopback."""
    host, port = bound.getsockname()[:2]
    if from_here:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

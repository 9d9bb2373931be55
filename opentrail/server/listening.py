"""Listening sockets, bound before anything else is started: a port that is taken is told at once."""

import socket

from opentrail.errors import OpenTrailError


class PortTaken(OpenTrailError):
    """A port that the server needs is in use."""


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


def url_of(bound: socket.socket, *, from_here: bool = False, scheme: str = "http") -> str:
    """The URL of a bound socket; `from_here`: for this machine, where one that listens everywhere is on loopback."""
    host, port = bound.getsockname()[:2]
    if from_here:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

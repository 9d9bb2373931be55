"""Listening sockets, bound before anything else is started: a port that is taken is told at once."""

import random
import socket
from typing import Final

from opentrail.errors import OpenTrailError

_LOOPBACK: Final = "127.0.0.1"
_STARTED_PROGRAMS: Final = range(20_000, 32_000)  # below the ports of outgoing connections, which begin at 32,768


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


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, for programs that are started with them.

    They lie below those that the system gives to outgoing connections: none of these takes one in between.
    Raises PortTaken.
    """
    holders: list[socket.socket] = []
    try:
        for port in random.sample(_STARTED_PROGRAMS, len(_STARTED_PROGRAMS)):
            if len(holders) == count:
                break
            holder = socket.socket()
            holders.append(holder)
            try:
                holder.bind((_LOOPBACK, port))
            except OSError:
                holders.pop().close()
        if len(holders) < count:
            raise PortTaken(f"{count} free ports are needed on {_LOOPBACK}")
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()

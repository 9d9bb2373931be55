"""What the doors and the history's process say to each other: a length (4 bytes, big-endian), then MessagePack."""

import socket
import struct

import msgspec

from opentrail.history.lookup import LookupPage, LookupRequest

_LENGTH = struct.Struct(">I")
_READ_BYTES = 1 << 20


class Question(msgspec.Struct, frozen=True, array_like=True):
    """A page that is asked for; None asks for what every answer tells alone."""

    request: LookupRequest | None


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The page, or in `failed` why there is none; besides, what metrics show: events in the tail, files in use."""

    tail_events: int
    segments: int
    page: LookupPage | None = None
    failed: str = ""


def send(connection: socket.socket, message: bytes) -> None:
    """Send one message. Raises OSError."""
    connection.sendall(_LENGTH.pack(len(message)) + message)


def receive(connection: socket.socket) -> bytes:
    """The next message. Raises OSError; ConnectionResetError where the other side has ended the connection."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = connection.recv(min(count, _READ_BYTES))
        if not part:
            raise ConnectionResetError("the other side has ended the connection")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

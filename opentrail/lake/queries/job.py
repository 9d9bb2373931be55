"""What a query's process is told, and what it tells: values, and how they travel over a socket.

    a message:  length (4 bytes, big-endian) | MessagePack

The server sends one Job, then Go, and Stop to end it early. The process answers Accepted or Refused, then Ended.
"""

import socket
import struct
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from opentrail import limits
from opentrail.errors import OpenTrailError

EXHAUSTED: Final = "Query exhausted resources at this scale factor"  # AWS's words
_LENGTH: Final = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True, tag=True):
    """One query. `stores`: the ids of those that it may name. Folders as paths; `results` is made by the process.

    `regions`: those that are enabled, which stores may cover; `data_keys`: those that the journal is sealed with.
    """

    statement: str
    stores: tuple[str, ...]
    regions: tuple[str, ...]
    data_keys: dict[int, bytes]
    tables: str
    journal: str
    catalog: str
    results: str
    delivers: bool  # files for S3 are written too
    memory_bytes: int
    cpu_seconds: int
    result_bytes: int
    started_us: int  # current_timestamp, in microseconds since the epoch


class Go(msgspec.Struct, frozen=True, tag=True):
    """Run what was accepted."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """The time is over: end with the rows that are there."""


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The statement can be run; `stores` are the ids of those that it names."""

    stores: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The statement cannot be run; the caller is told."""

    message: str


class File(msgspec.Struct, frozen=True):
    """A file for S3 in the folder of results, with the hex SHA-256 of its bytes."""

    name: str
    sha256: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """How a query ended. `rows`: how many results are on disk; `error`: why it failed."""

    outcome: Literal["finished", "stopped", "failed"]
    error: str | None = None
    rows: int = 0
    events_matched: int = 0
    events_scanned: int = 0
    bytes_scanned: int = 0
    execution_ms: int = 0


Told = Accepted | Refused | Ended
Asked = Job | Go | Stop

_encode = msgspec.msgpack.Encoder().encode
_told: Callable[[bytes], Told] = msgspec.msgpack.Decoder(Told).decode
_asked: Callable[[bytes], Asked] = msgspec.msgpack.Decoder(Asked).decode


class ProcessGone(OpenTrailError):
    """The query's process has ended without a word."""


def send(to: socket.socket, message: Told | Asked) -> None:
    """Send one message. Raises ProcessGone where nobody is there to read it."""
    body = _encode(message)
    try:
        to.sendall(_LENGTH.pack(len(body)) + body)
    except OSError as failure:
        raise ProcessGone from failure


def told(by: socket.socket) -> Told:
    """The next message of a query's process. Raises ProcessGone, TimeoutError as the socket is set."""
    return _told(_body(by))


def asked(by: socket.socket) -> Asked:
    """The next message of the server. Raises ProcessGone where it has ended."""
    return _asked(_body(by))


def _body(by: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(by, _LENGTH.size))
    if length > limits.QUERY_MESSAGE_BYTES:
        raise ProcessGone("A message is longer than any can be.")
    return _exactly(by, length)


def _exactly(by: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        try:
            part = by.recv(count - len(found))
        except ConnectionError as failure:
            raise ProcessGone from failure
        if not part:
            raise ProcessGone
        found += part
    return bytes(found)

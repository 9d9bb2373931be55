"""What a process and its appending process say to each other: rows to append, and what became of each, in order.

Over a stream socket, each message a big-endian u32 of its bytes and so many bytes of MessagePack. Requests are answered
in the order in which they were sent; one answer may be for several, whose transaction they shared.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

_LENGTH: Final = struct.Struct(">I")


class AppendRequest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One row of `count` events, and the intents that its append ends.

    `content` is the MessagePack of its entries, or where it is `packed` the row's payload, sealed with `checksum_key`.
    """

    origin: str
    count: int
    ends_intents: list[int]
    content: bytes
    packed: bool = False
    checksum_key: bytes = b""


class AppendAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of the next requests: positions of the first event of each, or why nothing of them is there."""

    firsts: list[int]
    appended_at_us: int
    fault: str | None
    requests: int


ENCODER: Final = msgspec.msgpack.Encoder()
REQUESTS: Final = msgspec.msgpack.Decoder(AppendRequest)
ANSWERS: Final = msgspec.msgpack.Decoder(AppendAnswer)


def message(body: AppendRequest | AppendAnswer) -> bytes:
    """The bytes of one message."""
    encoded = ENCODER.encode(body)
    return _LENGTH.pack(len(encoded)) + encoded


class Incoming:
    """Bytes as they come in, taken out as messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now."""
        self._bytes += data
        at = 0
        while len(self._bytes) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes, at)
            end = at + _LENGTH.size + length
            if len(self._bytes) < end:
                break
            yield bytes(self._bytes[at + _LENGTH.size : end])
            at = end
        del self._bytes[:at]

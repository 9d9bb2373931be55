"""The checksums that S3 clients send after a body: CRC32, CRC32C, CRC64NVME, SHA-1, SHA-256, SHA-512, MD5.

CRC32C and CRC64NVME have no implementation in Python's library. Here NumPy computes them over many lanes at once
(0.1 to 0.2 GB/s): a piece is cut into lanes of equal length, the lanes go forward together byte by byte, and their
remainders are folded two by two with the operator "append so many zero bytes", a linear map over GF(2).
"""

import hashlib
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_LANE_BYTES = 64
_SCALAR_BYTES = 1024  # below this, table look-ups one by one are cheaper than lanes
_WORD = np.uint64

Words = NDArray[np.uint64]


class Checksum(Protocol):
    """A checksum under way."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Take in the next bytes."""
        ...

    def digest(self) -> bytes:
        """The checksum of all bytes so far, big-endian."""
        ...


class Crc32:
    """CRC-32 (ISO-HDLC), by zlib."""

    def __init__(self) -> None:
        self._crc = 0

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in the next bytes."""
        self._crc = zlib.crc32(data, self._crc)

    def digest(self) -> bytes:
        """4 bytes."""
        return self._crc.to_bytes(4, "big")


class LaneCrc:
    """A reflected CRC of `bits` width with all-ones start and end, of the reflected `polynomial`."""

    def __init__(self, polynomial: int, bits: int) -> None:
        self._table = _table(polynomial)
        self._numbers = [int(entry) for entry in self._table]
        self._polynomial = polynomial
        self._bytes = bits // 8
        self._ones = (1 << bits) - 1
        self._state = self._ones

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in the next bytes."""
        view = memoryview(data).cast("B")
        lanes = 1 << (max(len(view) // _LANE_BYTES, 1).bit_length() - 1)
        while len(view) >= _SCALAR_BYTES and lanes > 1:
            whole = lanes * _LANE_BYTES
            self._take_lanes(np.frombuffer(view[:whole], dtype=np.uint8).reshape(lanes, _LANE_BYTES))
            view = view[whole:]
            lanes = 1 << (max(len(view) // _LANE_BYTES, 1).bit_length() - 1)
        state, table = self._state, self._numbers
        for byte in view:
            state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
        self._state = state

    def digest(self) -> bytes:
        """4 or 8 bytes."""
        return (self._state ^ self._ones).to_bytes(self._bytes, "big")

    def _take_lanes(self, lanes: NDArray[np.uint8]) -> None:
        """Go over `lanes` (a power of two of them, each of `_LANE_BYTES`), which follow one another."""
        crcs: Words = np.zeros(len(lanes), dtype=_WORD)
        crcs[0] = self._state  # the remainder so far belongs to the first lane; the others begin at nothing
        low, eight = _WORD(0xFF), _WORD(8)
        for column in np.ascontiguousarray(lanes.T):
            crcs = self._table[(crcs & low) ^ column] ^ (crcs >> eight)
        length = _LANE_BYTES
        while len(crcs) > 1:
            crcs = _append_zeros(self._polynomial, length, crcs[0::2]) ^ crcs[1::2]
            length *= 2
        self._state = int(crcs[0])


def _append_zeros(polynomial: int, length: int, crcs: Words) -> Words:
    """What each remainder becomes after `length` zero bytes."""
    found: Words = np.zeros(len(crcs), dtype=_WORD)
    for index, table in enumerate(_zeros(polynomial, length)):
        found ^= table[(crcs >> _WORD(8 * index)) & _WORD(0xFF)]
    return found


@lru_cache(maxsize=8)
def _table(polynomial: int) -> Words:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        entries.append(value)
    return np.array(entries, dtype=_WORD)


@lru_cache(maxsize=64)
def _zeros(polynomial: int, length: int) -> tuple[Words, ...]:
    """For each byte of a remainder and each of its values, what `length` zero bytes make of it; length = 2**n."""
    if length > 1:
        half = _zeros(polynomial, length // 2)
        return tuple(_append_zeros(polynomial, length // 2, table) for table in half)
    table, eight, low = _table(polynomial), _WORD(8), _WORD(0xFF)
    values = (np.arange(256, dtype=_WORD) << _WORD(8 * index) for index in range(8))
    return tuple(table[value & low] ^ (value >> eight) for value in values)


def _crc32c() -> Checksum:
    return LaneCrc(0x82F63B78, 32)


def _crc64nvme() -> Checksum:
    return LaneCrc(0x9A6C9329AC4BC9B5, 64)


def _md5() -> Checksum:
    return hashlib.md5(usedforsecurity=False)


ALGORITHMS: dict[str, Callable[[], Checksum]] = {
    "x-amz-checksum-crc32": Crc32,
    "x-amz-checksum-crc32c": _crc32c,
    "x-amz-checksum-crc64nvme": _crc64nvme,
    "x-amz-checksum-sha1": hashlib.sha1,
    "x-amz-checksum-sha256": hashlib.sha256,
    "x-amz-checksum-sha512": hashlib.sha512,
    "x-amz-checksum-md5": _md5,
}

"""How batches and intents lie sealed in the journal, and what is asked of whoever has the key.

A sealed payload, or body of an intent: "OTS1", the size of what is in it once it is unpacked (big-endian u64), then
the sealer's own bytes, with these twelve as their context. Everything else is as it was before there were sealers: a
zstd frame, or an intent's JSON, neither of which begins so. The outbox of trails seals its files likewise, with their
names in the context.
"""

import struct
from typing import Protocol

from opentrail.journal.faults import JournalSealed

MARK = b"OTS1"
_HEADER = struct.Struct(">4sQ")


class Sealer(Protocol):
    """Keeps bytes secret and proves that they are its own. Safe from any thread; raises OpenTrailError."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`plain`, sealed; to be opened with the same `context`."""
        ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed. Raises where it was not, or with a key that is not there."""
        ...

    def checksum_key(self, sealed: bytes) -> bytes:
        """The key (at most 64 bytes) of the checksum over `sealed` and its row: nobody without it can move a row."""
        ...


def sealed_by(sealer: Sealer | None, plain: bytes, unpacked_bytes: int, context: bytes = b"") -> bytes:
    """`plain` as it is written: sealed where there is a sealer, to be opened with the same `context`."""
    if sealer is None:
        return plain
    header = _HEADER.pack(MARK, unpacked_bytes)
    return header + sealer.seal(plain, header + context)


def is_sealed(stored: bytes) -> bool:
    """Whether bytes of the journal are sealed."""
    return stored.startswith(MARK)


def opened_by(sealer: Sealer | None, stored: bytes, context: bytes = b"") -> bytes:
    """What was written. Raises JournalSealed without a sealer, and what the sealer raises."""
    if not is_sealed(stored):
        return stored
    return _needed(sealer).open(stored[_HEADER.size :], stored[: _HEADER.size] + context)


def checksum_key(sealer: Sealer | None, stored: bytes) -> bytes:
    """The key of the checksum of a row with these bytes; none where they are plain. Raises as `opened_by`."""
    return _needed(sealer).checksum_key(stored[_HEADER.size :]) if is_sealed(stored) else b""


def announced_bytes(stored: bytes) -> int:
    """The unpacked size that sealed bytes announce; -1 where they are too short to do so."""
    return int(_HEADER.unpack_from(stored)[1]) if len(stored) >= _HEADER.size else -1


def _needed(sealer: Sealer | None) -> Sealer:
    if sealer is None:
        raise JournalSealed
    return sealer

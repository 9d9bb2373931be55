"""Packing the events of a batch into bytes, and proving on the way back that they are the same."""

import hashlib
import struct
import threading
from dataclasses import dataclass

import msgspec
import zstandard

from opentrail import limits
from opentrail.journal.entries import Entries
from opentrail.journal.faults import EntriesRefused, JournalCorrupt
from opentrail.journal.sealing import Sealer, announced_bytes, checksum_key, is_sealed, opened_by, sealed_by

CHECKSUM_BYTES = 16
ZSTD_LEVEL = 1
ENVELOPE_BYTES = 8 * limits.MIB  # the columns beside the bodies; only a guard against absurd frames
UNPACKED_BYTES = limits.JOURNAL_BATCH_BYTES + ENVELOPE_BYTES

_HEADER = struct.Struct(">QQq")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Entries)


class _Codecs(threading.local):
    """zstd contexts are not to be shared between threads, and dear to make."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()
        # Encoding into a buffer that has grown once costs a quarter of encoding into a fresh one.
        self.buffer = bytearray()


_CODECS = _Codecs()


@dataclass(frozen=True, slots=True)
class Packed:
    """A row before it has a place: the checksum is finished when the position is known."""

    count: int
    payload: bytes
    key: bytes = b""  # of the checksum, where the payload is sealed

    def checksum(self, first: int, origin: str, appended_at_us: int) -> bytes:
        """The checksum of the row at `first`."""
        return checksum(self.payload, first, self.count, origin, appended_at_us, self.key)


def pack(entries: Entries, sealer: Sealer | None = None) -> Packed:
    """The payload of one row, sealed where there is a sealer.

    Raises EntriesRefused for text that is not Unicode or numbers beyond 64 bits.
    """
    plain = _CODECS.buffer
    try:
        _ENCODER.encode_into(entries, plain)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EntriesRefused(f"the entries cannot be encoded: {error}") from error
    if len(plain) > UNPACKED_BYTES:
        raise EntriesRefused(f"a batch of {len(plain)} bytes exceeds {UNPACKED_BYTES}")
    payload = sealed_by(sealer, _CODECS.compressor.compress(plain), len(plain))
    return Packed(entries.count, payload, checksum_key(sealer, payload))


def checksum(payload: bytes, first: int, count: int, origin: str, appended_at_us: int, key: bytes = b"") -> bytes:
    """BLAKE2b-128 over the payload and then over everything else that the row says; keyed where it is sealed."""
    digest = hashlib.blake2b(payload, digest_size=CHECKSUM_BYTES, key=key)
    digest.update(_HEADER.pack(first, count, appended_at_us))
    digest.update(origin.encode())
    return digest.digest()


def unpacked_bytes(payload: bytes) -> int:
    """How large the payload becomes; -1 where it does not look like one of ours."""
    if is_sealed(payload):
        return announced_bytes(payload)
    try:
        size = zstandard.get_frame_parameters(payload).content_size
    except zstandard.ZstdError:
        return -1
    return -1 if size == zstandard.CONTENTSIZE_UNKNOWN else int(size)


def unpack(
    payload: bytes,
    expected_checksum: bytes,
    first: int,
    count: int,
    origin: str,
    appended_at_us: int,
    sealer: Sealer | None = None,
) -> Entries:
    """The events of a row; raises JournalCorrupt, naming the batch, where any bit is not as it was written.

    Raises JournalSealed, or what the sealer raises, where the payload is sealed and the key is not there.
    """
    got = checksum(payload, first, count, origin, appended_at_us, checksum_key(sealer, payload))
    if got != expected_checksum:
        raise JournalCorrupt(
            f"batch {first}: checksum expected {expected_checksum.hex()}, got {got.hex()}: the row has been changed"
        )
    size = unpacked_bytes(payload)
    if not 0 <= size <= UNPACKED_BYTES:
        raise JournalCorrupt(f"batch {first}: the payload claims to hold {size} bytes, at most {UNPACKED_BYTES}")
    try:
        frame = opened_by(sealer, payload)
        if unpacked_bytes(frame) != size:
            raise JournalCorrupt(f"batch {first}: the payload does not hold the {size} bytes that it claims to hold")
        entries = _DECODER.decode(_CODECS.decompressor.decompress(frame))
    except (zstandard.ZstdError, msgspec.DecodeError, EntriesRefused) as error:
        raise JournalCorrupt(f"batch {first}: the payload cannot be unpacked: {error}") from error
    if entries.count != count:
        raise JournalCorrupt(f"batch {first}: expected {count} events, got {entries.count}")
    return entries

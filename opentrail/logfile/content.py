"""Log files: gzip, one member, of `{"Records":[RECORD,RECORD,...]}`; written, and judged as the AWS CLI judges them.

The recorded bytes of each event stand in it unchanged, separated by commas, no white space added. What a digest holds
of a log file is the hex SHA-256 of the inflated bytes: packing a file anew does not change it. Bytes after the first
gzip member are refused, since readers differ in whether they read them. AWS's cap is 50 MB inflated
(limits.LOG_FILE_INFLATED_BYTES); foreign files are read further (limits.LOG_FILE_READ_BYTES).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import cast

from isal import igzip_lib

from opentrail import limits

CONTENT_TYPE = "application/json"
CONTENT_ENCODING = "gzip"
GZIP_LEVEL = 2
INFLATE_BYTES = 128 * limits.KIB  # isal allocates what it may give before it knows how much there is
GZIP_MAGIC = b"\x1f\x8b"
GZIP_HEAD_BYTES = 4  # magic number, method, flags (RFC 1952)
RESERVED_FLAGS = 0xE0

_HEAD = b'{"Records":['
_TAIL = b"]}"
# isal's type stub calls this class an instance.
_BadGzip = cast(type[Exception], igzip_lib.IsalError)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file ready to be stored: its gzip bytes, the lower-case hex hash and size of what they inflate to."""

    stored: bytes
    sha256: str
    inflated_size: int


class Flaw(Enum):
    """What is wrong with the bytes of a stored file, before any hash is compared."""

    NOT_GZIP = "not gzip"
    TRAILING_DATA = "data after the gzip member"
    TOO_LONG = "inflates to more than is read"


@dataclass(frozen=True, slots=True)
class Content:
    """What a stored file inflates to. `flaw` None: one member or the beginning of one; `whole`: not cut off."""

    sha256: str
    inflated_size: int
    flaw: Flaw | None = None
    whole: bool = True


def write(records: Sequence[bytes]) -> LogFile:
    """The log file of `records`, each a JSON object in UTF-8 without line ends; at least one."""
    inflated = _document(records)
    stored: bytes = igzip_lib.compress(inflated, level=GZIP_LEVEL, flag=igzip_lib.COMP_GZIP)
    return LogFile(stored, hashlib.sha256(inflated).hexdigest(), len(inflated))


def examine_whole(stored: bytes, max_bytes: int) -> tuple[Content, bytes]:
    """The same as `examine` of bytes in memory that inflate to at most `max_bytes`, and what they inflate to."""
    inflation = _Inflation(max_bytes)
    inflated = b"".join(inflation.pieces(stored))
    sha256 = hashlib.sha256(inflated).hexdigest()
    return Content(sha256, len(inflated), inflation.flaw, whole=inflation.ended), inflated


def _document(records: Sequence[bytes]) -> bytes:
    """The whole in one copy: further ones of some 40 MB cost more than packing it."""
    if len(records) < 2:
        return _HEAD + b"".join(records) + _TAIL
    return b",".join([_HEAD + records[0], *records[1:-1], records[-1] + _TAIL])


def inflate(stored: bytes, max_bytes: int) -> bytes | None:
    """What the first gzip member of `stored` inflates to; None where it is no whole member, or longer than that."""
    content, inflated = examine_whole(stored, max_bytes)
    return inflated if content.whole and content.flaw is not Flaw.TOO_LONG else None


def examine(blocks: Iterable[bytes]) -> Content:
    """The hash of what the stored bytes `blocks` inflate to, in bounded memory; raises what `blocks` raises."""
    inflation = _Inflation(limits.LOG_FILE_READ_BYTES)
    rolling = hashlib.sha256()
    size = 0
    for block in blocks:
        if inflation.ended:
            return Content(rolling.hexdigest(), size, Flaw.TRAILING_DATA)
        for piece in inflation.pieces(block):
            rolling.update(piece)
            size += len(piece)
        if inflation.flaw is not None:
            break
    return Content(rolling.hexdigest(), size, inflation.flaw, whole=inflation.ended)


def _may_be_gzip(head: bytes) -> bool:
    """Whether a member may begin so: the magic number, and behind it no flag that is reserved, which zlib refuses."""
    flags = head[GZIP_HEAD_BYTES - 1] if len(head) == GZIP_HEAD_BYTES else 0
    return GZIP_MAGIC.startswith(head[: len(GZIP_MAGIC)]) and not flags & RESERVED_FLAGS


class _Inflation:
    """One gzip member, inflated as its bytes come. Never raises: what is wrong stands in `flaw`."""

    def __init__(self, max_bytes: int) -> None:
        self._member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        self._left = max_bytes
        self._head = b""
        self.flaw: Flaw | None = None

    @property
    def ended(self) -> bool:
        """Whether the member is complete, its checksum right."""
        return bool(self._member.eof)

    def pieces(self, block: bytes) -> Iterator[bytes]:
        """What the next stored bytes inflate to."""
        if len(self._head) < GZIP_HEAD_BYTES:
            self._head += block[: GZIP_HEAD_BYTES - len(self._head)]
            if not _may_be_gzip(self._head):
                self.flaw = Flaw.NOT_GZIP
                return
        while self.flaw is None:
            try:
                piece: bytes = self._member.decompress(block, INFLATE_BYTES)
            except _BadGzip:
                self.flaw = Flaw.NOT_GZIP
                return
            block = b""
            self._left -= len(piece)
            if self._left < 0:
                self.flaw = Flaw.TOO_LONG
                return
            yield piece
            if self._member.eof:
                if self._member.unused_data:
                    self.flaw = Flaw.TRAILING_DATA
                return
            if self._member.needs_input:
                return

"""The document inside a stored object: inflated where it is gzip, which its first bytes tell, never its name.

Whatever the bytes are, reading ends without an error of its own: what is wrong with them stands in `fault`, and what
came before the fault has been handed out. Memory is bounded by the amount asked for plus one block.
"""

from typing import cast

from isal import igzip_lib

from opentrail import limits
from opentrail.objects.port import ObjectReader

GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 256 * limits.KIB

# isal's type stub calls this class an instance.
_BadGzip = cast(type[Exception], igzip_lib.IsalError)


class DocumentReader:
    """The inflated bytes of one object, from front to back; several gzip members count as one document."""

    def __init__(self, reader: ObjectReader, max_inflated_bytes: int = limits.IMPORT_INFLATED_BYTES) -> None:
        self._reader = reader
        self._left = max_inflated_bytes
        self._max_inflated_bytes = max_inflated_bytes
        self.fault: str | None = None
        self.damaged = False  # the bytes handed out may be wrong, not merely too few
        first = _read_at_least(reader, len(GZIP_MAGIC))
        self.compressed = first.startswith(GZIP_MAGIC)
        self._stored = first
        self._member = _new_member() if self.compressed else None

    def read(self, amount: int) -> bytes:
        """`amount` bytes; fewer only at the end of what can be read. Raises what the object's reader raises."""
        pieces: list[bytes] = []
        missing = amount
        while missing > 0:
            piece = self._inflate(missing) if self.compressed else self._plain(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _plain(self, amount: int) -> bytes:
        if self._stored:
            stored, self._stored = self._stored[:amount], self._stored[amount:]
            return stored
        return self._reader.read(amount)

    def _inflate(self, amount: int) -> bytes:
        """Some inflated bytes, at most `amount`; none at the end or at a fault."""
        while self.fault is None:
            member = self._member
            if member is None or (member.eof and not self._next_member(member)):
                return b""
            if member.eof:
                continue
            if member.needs_input and not self._stored:
                self._stored = self._reader.read(BLOCK_BYTES)
                if not self._stored:
                    self.fault = "the gzip stream ends early"
                    return b""
            stored, self._stored = self._stored, b""
            try:
                piece: bytes = member.decompress(stored, min(amount, self._left + 1))
            except _BadGzip as error:
                self.damaged = True
                self.fault = f"cannot be inflated: {error}"
                return b""
            self._left -= len(piece)
            if self._left < 0:
                self.fault = f"inflates to more than {self._max_inflated_bytes} bytes"
                return b""
            if piece:
                return piece
        return b""

    def _next_member(self, ended: igzip_lib.IgzipDecompressor) -> bool:
        """Go on with the member after `ended`; False at the end. Zeros after a member are padding, as gzip has it."""
        self._member = None
        rest = bytes(ended.unused_data).lstrip(b"\0")
        while len(rest) < len(GZIP_MAGIC):
            more = self._reader.read(BLOCK_BYTES)
            if not more:
                break
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            return False
        if not rest.startswith(GZIP_MAGIC):
            self.fault = "there is more after the end of the gzip stream"
            return False
        self._member = _new_member()
        self._stored = rest
        return True


def _new_member() -> igzip_lib.IgzipDecompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _read_at_least(reader: ObjectReader, amount: int) -> bytes:
    """A first block; fewer than `amount` bytes only where the object has no more."""
    data = b""
    while len(data) < amount:
        more = reader.read(BLOCK_BYTES)
        if not more:
            break
        data += more
    return data

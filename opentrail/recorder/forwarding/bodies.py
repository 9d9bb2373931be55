"""The body of a request on its way to the upstream: never held whole unless it is short, checked before its last byte.

A body is an asynchronous stream of chunks. Streams are laid around each other:

    RequestBody.chunks()      what the client sends, with back-pressure and a limit on its silence
      decoded(...)            aws-chunked taken off, chunk and trailer signatures and trailing checksums checked
      hashed(...)             SHA-256 compared at the end with what the signature declares
      hold_last(...)          one chunk late, so that the last one is kept back when a check fails at the end
                              (a decoder keeps its last byte back itself)

A chunk is what one read of a socket brings, some 256 KiB at most, and the loop gets round to others between two chunks.
A body that must be read whole before it goes on lies in a spool meanwhile (`spool.py`).
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from opentrail import limits
from opentrail.recorder.answers.refusals import TooBusy
from opentrail.telemetry import BODIES_NOT_CAPTURED

Chunks = AsyncIterator[bytes]
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class ChunkDecoder(Protocol):
    """Takes a transfer coding off; `wire.aws_chunked.ChunkedDecoder` is one."""

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes that may be passed on now."""
        ...

    def finish(self) -> bytes:
        """The bytes held back until all was found right. Raises where the body is not whole or a checksum is wrong."""
        ...


class Memory:
    """How much the bodies of all calls under way may take together."""

    __slots__ = ("_left",)

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> None:
        """Raises TooBusy where so much is not left."""
        if size > self._left:
            raise TooBusy
        self._left -= size

    def give_back(self, size: int) -> None:
        """What was taken is free again."""
        self._left += size


class BodySource(Protocol):
    """Where a body comes from: `proxy.request_body.IncomingBody`."""

    received: int  # bytes, by us
    touched: bool  # asked for, and perhaps taken: a client that waits for 100 Continue has been told to go on

    @property
    def ended(self) -> bool:
        """Whether all of it has been read."""
        ...

    async def read(self) -> bytes:
        """The next bytes; empty only at the end. Raises ClientGone, ClientTooSlow."""
        ...

    def rest(self) -> bytes | None:
        """All that has not been read, where everything has come; None: it must be waited for."""
        ...


class RequestBody:
    """The body as the client sends it, read once. Must be released."""

    __slots__ = ("_held", "_returned", "_source", "memory")

    def __init__(self, source: BodySource, memory: Memory) -> None:
        self._source = source
        self._held: list[tuple[Memory, int]] = []
        self.memory = memory  # what holding takes from; may be exchanged when more is known of the caller
        self._returned = b""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._source.ended

    async def next_chunk(self) -> bytes:
        """The next bytes; empty only at the end. Raises ClientGone, ClientTooSlow."""
        if self._returned:
            returned, self._returned = self._returned, b""
            return returned
        return await self._source.read()

    def held_rest(self) -> bytes | None:
        """All that has not been read, held until the call has ended, where everything has come. Raises TooBusy."""
        rest = None if self._returned else self._source.rest()
        if rest is not None:
            self.hold(len(rest))
        return rest

    def hold(self, size: int) -> None:
        """So many bytes stay in memory until the call has ended. Raises TooBusy."""
        self.memory.take(size)
        self._held.append((self.memory, size))

    def release(self) -> None:
        """The call has ended; so has what was held for it."""
        for memory, size in self._held:
            memory.give_back(size)
        self._held.clear()

    @property
    def unread(self) -> bool:
        """Whether the next bytes are still the first."""
        return bool(self._returned) or not self._source.touched

    def put_back(self, data: bytes) -> None:
        """`data` has only been looked at; it comes again."""
        self._returned = data

    async def chunks(self) -> Chunks:
        """All bytes that are still to come."""
        while chunk := await self.next_chunk():
            yield chunk


async def decoded(chunks: Chunks, decoder: ChunkDecoder) -> Chunks:
    """`chunks` without their aws-chunked coding. Raises what the decoder raises."""
    async for chunk in chunks:
        data = decoder.feed(chunk)
        if data:
            yield data
    rest = decoder.finish()
    if rest:
        yield rest


async def checked(chunks: Chunks, decoder: ChunkDecoder) -> Chunks:
    """`chunks` with their aws-chunked coding, which is checked all the same."""
    async for chunk in chunks:
        decoder.feed(chunk)
        yield chunk
    decoder.finish()


async def hashed(chunks: Chunks, check: Callable[[str], None]) -> Chunks:
    """`chunks` unchanged; at their end `check` is called with the hex SHA-256 and raises where it is wrong."""
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk
    check(digest.hexdigest())


async def hold_last(chunks: Chunks) -> Chunks:
    """`chunks`, each one late: when the stream fails at its end, its last chunk has not been passed on."""
    held: bytes | None = None
    async for chunk in chunks:
        if held is not None:
            yield held
        held = chunk
    if held is not None:
        yield held


async def sliced(data: bytes) -> Chunks:
    """`data` in pieces, so that back-pressure can be felt between them."""
    for start in range(0, len(data), limits.SPOOL_READ_BYTES):
        yield data[start : start + limits.SPOOL_READ_BYTES]


async def joined(first: bytes, rest: Chunks) -> Chunks:
    """`first`, then `rest`."""
    if first:
        yield first
    async for chunk in rest:
        yield chunk


async def without_beginning(chunks: Chunks, size: int) -> Chunks:
    """`chunks` without their first `size` bytes."""
    async for chunk in chunks:
        if size < len(chunk):
            yield chunk[size:] if size else chunk
        size = max(0, size - len(chunk))


async def read_prefix(body: RequestBody, limit_bytes: int) -> bytes:
    """The first bytes of `body`: all of it where it ends within `limit_bytes`, else a little more than that.

    They are held until the call has ended. Raises TooBusy.
    """
    first = await body.next_chunk()
    body.hold(len(first))
    if body.ended or len(first) > limit_bytes:
        return first
    parts, length = [first], len(first)
    while length <= limit_bytes and (chunk := await body.next_chunk()):
        body.hold(len(chunk))
        parts.append(chunk)
        length += len(chunk)
    return b"".join(parts)


class Capture:
    """The bytes of one body that are read for the record: all of a short one, none of a long one."""

    __slots__ = ("_limit", "_parts", "direction", "length", "wanted")

    def __init__(self, direction: str, limit_bytes: int, wanted: bool) -> None:
        self.direction = direction
        self.wanted = wanted
        self.length = 0
        self._limit = limit_bytes
        self._parts: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Count `chunk`, and keep it while the body is short enough."""
        self.length += len(chunk)
        if not self.wanted:
            return
        if self.length > self._limit:
            self.wanted = False
            self._parts = []
            BODIES_NOT_CAPTURED.labels(self.direction).inc()
        else:
            self._parts.append(chunk)

    def replace(self, body: bytes) -> None:
        """Take `body` for what has come."""
        self.length = len(body)
        self._parts = [body]

    @property
    def body(self) -> bytes | None:
        """The whole body, or None where it is not read for the record."""
        return b"".join(self._parts) if self.wanted else None

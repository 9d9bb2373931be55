"""A body that had to be read whole before it goes on: in memory while it is short, then in a nameless file.

What lies in the file is encrypted with a key that is nowhere else than here. Whatever touches the file runs in threads,
a slice of SPOOL_SLICE_BYTES at a time with its hashing and encryption: a disk that is slow, or that makes its writers
wait, holds up the call whose body it is and no other. Freeing the pages of a long file takes milliseconds: it is closed
there too.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from pathlib import Path
from typing import IO, Any, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from opentrail import limits
from opentrail.recorder.answers.refusals import BodyTooLong, TooBusy
from opentrail.recorder.forwarding.bodies import Chunks, sliced

Done = TypeVar("Done")


class Spool:
    """One body. Belongs to one event loop; one thread at a time works for it. Must be closed."""

    __slots__ = ("_cipher", "_digest", "_encryptor", "_file", "_parts", "_threads", "_work", "length")

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._parts: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._work: Future[Any] | None = None  # in a thread, the last that was begun
        self._digest = hashlib.sha256()
        self._cipher = Cipher(AES256(os.urandom(32)), CTR(os.urandom(16)))
        self._encryptor = self._cipher.encryptor()
        self.length = 0

    @property
    def sha256(self) -> str:
        """Of all bytes, in hex."""
        return self._digest.hexdigest()

    @property
    def held(self) -> bytes | None:
        """The whole body where it is held in memory."""
        return b"".join(self._parts) if self._file is None else None

    async def read(self, chunks: Chunks, memory_bytes: int, limit_bytes: int, folder: Path) -> None:
        """Take all of `chunks`. Raises BodyTooLong beyond `limit_bytes`, TooBusy where the disk has no room for it."""
        waiting = 0
        async for chunk in chunks:
            self.length += len(chunk)
            if self.length > limit_bytes:
                raise BodyTooLong(f"The body is longer than {limit_bytes} bytes.")
            self._parts.append(chunk)
            waiting += len(chunk)
            if waiting >= limits.SPOOL_SLICE_BYTES and self.length > memory_bytes:
                await self._to_disk(folder)
                waiting = 0
        if self.length <= memory_bytes:
            for part in self._parts:
                self._digest.update(part)
        elif self._parts:
            await self._to_disk(folder)

    async def beginning(self, size: int) -> bytes:
        """The first bytes of a body that lies in a file."""
        if self._file is None:
            return b""
        return await self._in_thread(self._slice_at, self._file, 0, size, self._cipher.decryptor())

    async def chunks(self) -> Chunks:
        """The body, from its beginning."""
        if self._file is None:
            for part in self._parts:
                yield part
            return
        decryptor = self._cipher.decryptor()
        for start in range(0, self.length, limits.SPOOL_SLICE_BYTES):
            data = await self._in_thread(self._slice_at, self._file, start, limits.SPOOL_SLICE_BYTES, decryptor)
            async for chunk in sliced(data):
                yield chunk

    def close(self) -> None:
        """Give the file back, once nobody works on it."""
        if self._work is not None:
            self._threads.submit(self._give_back, self._work)

    async def _to_disk(self, folder: Path) -> None:
        parts, self._parts = self._parts, []
        await self._in_thread(self._write, parts, folder)

    async def _in_thread(self, work: Callable[..., Done], *about: Any) -> Done:
        self._work = begun = self._threads.submit(work, *about)
        return await asyncio.wrap_future(begun)

    # In a thread

    def _write(self, parts: Sequence[bytes], folder: Path) -> None:
        """Hash `parts` and add them to the file. The journal's reserve is not for bodies of callers yet unproven."""
        for part in parts:
            self._digest.update(part)
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < limits.JOURNAL_RESERVE_BYTES + limits.SPOOLED_BODY_BYTES:
            raise TooBusy
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
            self._file.writelines(self._encryptor.update(part) for part in parts)
        except OSError as full:
            raise TooBusy from full

    @staticmethod
    def _slice_at(file: IO[bytes], start: int, size: int, decryptor: CipherContext) -> bytes:
        file.seek(start)
        return decryptor.update(file.read(size))

    def _give_back(self, work: "Future[Any]") -> None:
        wait([work])  # its call may have ended before it
        if self._file is not None:
            self._file.close()

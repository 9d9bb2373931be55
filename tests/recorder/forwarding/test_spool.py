"""A body that is read whole: in memory, or in a file that only threads touch, so that a slow disk holds up no other."""

import asyncio
import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from opentrail import limits
from opentrail.recorder.answers.refusals import BodyTooLong, TooBusy
from opentrail.recorder.forwarding.spool import Spool
from tests.recorder.forwarding.test_bodies import collected, stream

_temporary_file = tempfile.TemporaryFile


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as opened:
        yield opened


def test_a_spool_goes_to_disk_when_it_grows_and_keeps_its_bytes(threads: Executor, tmp_path: Path) -> None:
    async def run() -> None:
        spool = Spool(threads)
        await spool.read(stream(b"ab", b"cd", b"ef"), 3, 100, tmp_path)
        assert spool.held is None and spool.length == 6
        assert spool.sha256 == hashlib.sha256(b"abcdef").hexdigest()
        assert b"".join(await collected(spool.chunks())) == b"abcdef"
        assert list(tmp_path.iterdir()) == [], "the file has no name"
        spool.close()
        with pytest.raises(BodyTooLong):
            await Spool(threads).read(stream(b"abcd"), 3, 3, tmp_path)

    asyncio.run(run())


def test_what_a_spool_writes_is_encrypted_and_its_key_nowhere_else(threads: Executor, tmp_path: Path) -> None:
    async def run() -> None:
        spools = [Spool(threads), Spool(threads)]
        for spool in spools:
            await spool.read(stream(b"secret ", b"body"), 3, 100, tmp_path)
        for spool in spools:
            assert spool._file is not None
            spool._file.seek(0)
        stored = [spool._file.read() for spool in spools if spool._file is not None]
        assert stored[0] != stored[1] and all(b"secret" not in part and len(part) == 11 for part in stored)
        assert [await spool.beginning(6) for spool in spools] == [b"secret", b"secret"]
        assert [b"".join(await collected(spool.chunks())) for spool in spools] == [b"secret body"] * 2
        for spool in spools:
            spool.close()

    asyncio.run(run())


def test_the_journals_reserve_is_not_for_spooled_bodies(
    threads: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JOURNAL_RESERVE_BYTES", 1 << 60)

    async def run() -> None:
        short = Spool(threads)
        await short.read(stream(b"ab"), 3, 100, tmp_path)
        assert short.held == b"ab"
        with pytest.raises(TooBusy):
            await Spool(threads).read(stream(b"ab", b"cd"), 3, 100, tmp_path)

    asyncio.run(run())


class Disk:
    """Files that note who touches them; the first write waits until `goes_on`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, hangs: bool = False) -> None:
        self.touched: list[tuple[str, int]] = []  # what was done, by which thread
        self.sizes: list[int] = []
        self.hangs = threading.Event()
        self.goes_on = threading.Event()
        if not hangs:
            self.goes_on.set()
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **about: Watched(self, _temporary_file(**about)))

    def note(self, doing: str) -> None:
        self.touched.append((doing, threading.get_ident()))

    def done(self) -> list[str]:
        return [doing for doing, _ in self.touched]


class Watched:
    def __init__(self, disk: Disk, file: IO[bytes]) -> None:
        self._disk = disk
        self._file = file

    def writelines(self, parts: Iterable[bytes]) -> None:
        self._disk.hangs.set()
        assert self._disk.goes_on.wait(10), "the loop stood still while the disk did"
        data = b"".join(parts)
        self._disk.note("write")
        self._disk.sizes.append(len(data))
        self._file.write(data)

    def seek(self, start: int) -> None:
        self._disk.note("seek")
        self._file.seek(start)

    def read(self, size: int) -> bytes:
        self._disk.note("read")
        self._disk.sizes.append(size)
        return self._file.read(size)

    def close(self) -> None:
        self._disk.note("close")
        self._file.close()


async def in_chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_a_long_body_is_worked_on_in_slices_and_never_by_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    chunk = limits.SPOOL_SLICE_BYTES // 4 + 1
    data = os.urandom(6 * limits.SPOOL_SLICE_BYTES + 5)

    async def run() -> None:
        spool = Spool(threads)
        await spool.read(in_chunks(data, chunk), 2 * limits.SPOOL_SLICE_BYTES, len(data), tmp_path)
        assert spool.sha256 == hashlib.sha256(data).hexdigest() and spool.length == len(data)
        assert await spool.beginning(10) == data[:10]
        sent = await collected(spool.chunks())
        assert b"".join(sent) == data and max(map(len, sent)) <= limits.SPOOL_READ_BYTES
        spool.close()

    with ThreadPoolExecutor(2) as threads:
        asyncio.run(run())
    assert {"write", "seek", "read", "close"} == set(disk.done()) and disk.done().count("close") == 1
    assert threading.get_ident() not in {thread for _, thread in disk.touched}
    first, *others = disk.sizes
    assert first <= 2 * limits.SPOOL_SLICE_BYTES + chunk and max(others) <= limits.SPOOL_SLICE_BYTES + chunk


def test_a_disk_that_hangs_holds_up_no_other_call_nor_the_end_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, hangs=True)

    async def run() -> None:
        spool = Spool(threads)
        reading = asyncio.create_task(spool.read(stream(b"ab", b"cd"), 3, 100, tmp_path))
        async with asyncio.timeout(5):
            while not disk.hangs.is_set():  # another call has its turns
                await asyncio.sleep(0.001)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        spool.close()
        assert disk.done() == []
        disk.goes_on.set()

    with ThreadPoolExecutor(2) as threads:
        asyncio.run(run())
    assert disk.done() == ["write", "close"], "not closed under who writes it"

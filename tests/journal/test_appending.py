"""What goes through an appending process is answered when it is on disk, and truly, whatever becomes of the process."""

import asyncio
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from opentrail.accounts.data_keys import DataKeys
from opentrail.clock import SystemClock
from opentrail.journal import EntriesRefused, Journal, JournalUnwritable
from opentrail.journal.append_messages import Incoming
from opentrail.journal.appending import Appending
from tests.journal.making import entries, numbers, open_journal, read_all

Process = subprocess.Popen[bytes]


async def through_a_process(folder: Path, journal: Journal) -> tuple[Process, Appending]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "opentrail.journal.append_process", str(folder), str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
        )
    return process, await journal.append_through(ours)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


def test_submissions_are_on_disk_in_order_and_their_intents_ended(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        intent = journal.submit_intent(b"about to happen").result()

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            futures = [journal.submit(entries(n, n + 1), "live", from_loop=True) for n in range(0, 100, 2)]
            last = journal.submit(entries(100), "live", ends_intents=(intent,), from_loop=True)
            appended = [await asyncio.wrap_future(future) for future in (*futures, last)]
            assert [one.first for one in appended] == list(range(1, 102, 2))
            assert appended[0].last == 2
            await appending.close()
            assert process.wait() == 0

        run(work)
        assert numbers(read_all(journal)) == list(range(101))
        assert journal.intents() == []


def test_what_was_asked_for_before_closing_is_answered(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            futures = [journal.submit(entries(n), "live", from_loop=True) for n in range(50)]
            await appending.close()
            assert all(future.done() and future.exception() is None for future in futures)
            later = journal.submit(entries(50), "live", from_loop=True)  # by this process itself
            assert (await asyncio.wrap_future(later)).first == 51
            assert process.wait() == 0

        run(work)
        assert numbers(read_all(journal)) == list(range(51))


def test_a_killed_process_takes_nothing_along_that_it_was_said_to_keep(tmp_path: Path) -> None:
    """Each submission of a killed process is there once and acknowledged, or not there and failed."""
    with open_journal(tmp_path) as journal:
        kept: list[int] = []

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            futures = [journal.submit(entries(0), "live", from_loop=True)]
            await asyncio.wrap_future(futures[0])
            for number in range(1, 400):
                futures.append(journal.submit(entries(number), "live", from_loop=True))
                if number % 20 == 0:
                    await asyncio.sleep(0.001)
                if number == 300:
                    process.send_signal(signal.SIGKILL)
            await appending.ended.wait()
            for number, future in enumerate(futures):
                if await asyncio.wait([asyncio.wrap_future(future)]) and future.exception() is None:
                    kept.append(number)
                else:
                    assert isinstance(future.exception(), JournalUnwritable)
            process.wait()

        run(work)
        assert kept and numbers(read_all(journal)) == kept


def test_a_process_that_cannot_write_says_so_and_goes_on(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            await asyncio.wrap_future(journal.submit(entries(1), "live", from_loop=True))
            limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            refused = journal.submit(entries(2), "live", from_loop=True)
            with pytest.raises(JournalUnwritable, match="cannot write"):
                await asyncio.wrap_future(refused)
            assert not journal.writable()
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
            await asyncio.wrap_future(journal.submit(entries(3), "live", from_loop=True))
            await appending.close()
            assert process.wait() == 0

        run(work)
        assert numbers(read_all(journal)) == [1, 3]


def test_a_sealed_journal_stays_sealed(tmp_path: Path) -> None:
    keys = DataKeys({1: b"k" * 32})
    with Journal.open(tmp_path, SystemClock(), reserve_bytes=0, sealer=keys) as journal:

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            made = entries(7, size=3000)
            made.bodies[0] = b"7 nobody-may-read-this"
            await asyncio.wrap_future(journal.submit(made, "live", from_loop=True))
            await appending.close()
            assert process.wait() == 0

        run(work)
        assert numbers(read_all(journal)) == [7]
        assert b"nobody-may-read-this" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert not any(b"id-7" in path.read_bytes() for path in tmp_path.iterdir())


def test_what_cannot_be_encoded_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:

        async def work() -> None:
            process, appending = await through_a_process(tmp_path, journal)
            spoilt = entries(1)
            spoilt.regions[0] = "\ud800"
            refused = journal.submit(spoilt, "live", from_loop=True)
            assert isinstance(refused.exception(), EntriesRefused)
            await asyncio.wrap_future(journal.submit(entries(2), "live", from_loop=True))
            await appending.close()
            assert process.wait() == 0

        run(work)
        assert numbers(read_all(journal)) == [2]


def test_messages_are_whole_however_they_are_cut() -> None:
    stream = b"\x00\x00\x00\x02ab\x00\x00\x00\x00\x00\x00\x00\x01c"
    for width in range(1, len(stream) + 1):
        incoming = Incoming()
        found = [body for at in range(0, len(stream), width) for body in incoming.feed(stream[at : at + width])]
        assert found == [b"ab", b"", b"c"]

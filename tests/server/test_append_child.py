"""The appending process is started again, and what comes meanwhile is appended without it."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from opentrail.journal import JournalUnwritable
from opentrail.server import append_child
from opentrail.server.append_child import AppendChild
from opentrail.server.data_folder import DataFolder
from tests.journal.making import entries, numbers, open_journal, read_all


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_nothing_is_lost_while_the_process_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_child, "AGAIN_SECONDS", 0.0)
    folder = DataFolder(tmp_path)
    with open_journal(folder.journal) as journal:

        async def work() -> None:
            before = set(children())
            child = AppendChild(folder, journal)
            await child.start()
            await asyncio.wrap_future(journal.submit(entries(1), "live", from_loop=True))
            (first,) = set(children()) - before
            os.kill(first, signal.SIGKILL)
            kept, number = [1], 2
            while first in children() or not child.running:
                with contextlib.suppress(JournalUnwritable):  # intake keeps it and tries again
                    await asyncio.wrap_future(journal.submit(entries(number), "live", from_loop=True))
                    kept.append(number)
                number += 1
            await asyncio.wrap_future(journal.submit(entries(number), "live", from_loop=True))
            assert child.running
            await child.stop()
            assert not child.running
            assert numbers(read_all(journal)) == [*kept, number]

        asyncio.run(asyncio.wait_for(work(), 60))

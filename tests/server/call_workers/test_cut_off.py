"""What a process leaves is recorded when it has ended; what goes wrong with it is tried again and holds up no other."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from opentrail.clock import SystemClock
from opentrail.intake import Intake, marked
from opentrail.journal import Journal
from opentrail.server.call_workers import cut_off
from opentrail.server.call_workers.cut_off import CutOffCalls
from tests.intake.test_intake import CALL

UNDER_WAY, DAMAGED, WHOLE = "calls-2.2", "calls-2.1", "calls-3.1"


def _announce(folder: Path, run: str) -> None:
    with Journal.open(folder, SystemClock(), reserve_bytes=0, writer=run) as journal:
        intake = Intake(journal, SystemClock())
        intake.intend(marked(CALL, "outcome-unknown")).result()
        intake.close()


def _change(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


async def _until_head(journal: Journal, head: int) -> None:
    async with asyncio.timeout(10):
        while journal.head() < head:
            await asyncio.sleep(0.005)


def test_what_cannot_be_recorded_is_tried_again_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_off, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(cut_off, "RETRY_SECONDS", 0.005)
    for run in (UNDER_WAY, DAMAGED, WHOLE):
        _announce(tmp_path, run)

    async def watched(journal: Journal, intake: Intake) -> None:
        calls = CutOffCalls(journal, intake)
        watching = asyncio.create_task(calls.watch())
        calls.run_ended(DAMAGED)
        calls.run_ended(WHOLE)
        await _until_head(journal, 1)
        assert journal.intents(WHOLE) == []
        _change(tmp_path, "UPDATE intents SET submitted_at_us = submitted_at_us - 1 WHERE writer = ?", DAMAGED)
        await _until_head(journal, 2)
        watching.cancel()

    with Journal.open(tmp_path, SystemClock(), reserve_bytes=0) as journal:
        intake = Intake(journal, SystemClock())
        _change(tmp_path, "UPDATE intents SET submitted_at_us = submitted_at_us + 1 WHERE writer = ?", DAMAGED)
        asyncio.run(watched(journal, intake))
        intake.close()
        assert len(journal.intents()) == len(journal.intents(UNDER_WAY)) == 1 and journal.head() == 2

"""Calls that a worker process leaves without an end, when it is killed, become events while the server goes on.

Each intent carries the run of the process that announced it, and each run has a name of its own (`Child.run`). A run
that has ended writes no more, so its intents are of calls that nobody will end; those of other runs are left alone.
What is not recorded when the server itself ends is recorded at its next start, like everything else that it left.
"""

import asyncio

from opentrail.errors import OpenTrailError
from opentrail.intake import Intake, record_unended
from opentrail.journal import Journal
from opentrail.telemetry import logger

log = logger("server")

LOOK_SECONDS = 0.25  # between two looks whether a run has ended
RETRY_SECONDS = 5.0  # after what was left could not be recorded


class CutOffCalls:
    """Belongs to the event loop of the first process."""

    def __init__(self, journal: Journal, intake: Intake) -> None:
        self._journal = journal
        self._intake = intake
        self._ended: list[str] = []  # runs whose intents are not recorded yet

    def run_ended(self, run: str) -> None:
        """The process of `run` is no more: what it left is to be recorded."""
        self._ended.append(run)

    async def watch(self) -> None:
        """Record what each run leaves that ends; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            left = [run for run in tuple(self._ended) if not await self._recorded(run)]
            if left:
                await asyncio.sleep(RETRY_SECONDS)

    async def _recorded(self, run: str) -> bool:
        try:
            await asyncio.to_thread(record_unended, self._journal, self._intake, run)
        except OpenTrailError as failure:
            log.error("intents are not recorded", action="record-unended", run=run, error=failure.message)
            return False
        self._ended.remove(run)
        return True

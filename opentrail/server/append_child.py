"""The appending process of a process that answers calls: started with it, started again when it ends, ended with it."""

import asyncio
import contextlib
import socket
import sys

from opentrail.journal import Journal
from opentrail.journal.appending import Appending
from opentrail.server.children import Child, Program
from opentrail.server.data_folder import DataFolder
from opentrail.telemetry import logger

log = logger("server")

NAME = "journal-appender"
AGAIN_SECONDS = 1.0  # between the end of one and the start of the next


class AppendChild:
    """Belongs to the event loop of the main thread, with which it dies."""

    def __init__(self, folder: DataFolder, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        self._appending: Appending | None = None
        self._child: Child | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there; without it, this one writes by itself."""
        return self._child is not None and self._child.running

    async def start(self) -> None:
        """Return when what is submitted goes through the process."""
        await self._begin()
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Return when everything that was submitted is answered, and the process has ended."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._appending is not None:
            await self._appending.close()
        if self._child is not None:
            await asyncio.to_thread(self._child.wait_stopped)

    async def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "opentrail.journal.append_process"]
            command += [str(self._folder.journal), str(theirs.fileno())]
            self._child = Child(Program(NAME, command, {}, self._folder.root, None, inherits=(theirs.fileno(),)))
        self._appending = await self._journal.append_through(ours)

    async def _keep(self) -> None:
        while self._appending is not None and self._child is not None:
            await self._appending.ended.wait()
            await asyncio.to_thread(self._child.wait_stopped)
            log.error("child ended", action="child-ended", child=NAME)
            await asyncio.sleep(AGAIN_SECONDS)
            await self._begin()
            log.warning("child started again", action="child-restarted", child=NAME)

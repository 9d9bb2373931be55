"""The worker processes beside the first one: started, handed calls back from, and stopped before it."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.server.call_workers.cut_off import CutOffCalls
from opentrail.server.call_workers.worker import GRACE_SECONDS, WorkerTold, call_worker, hand_over_socket
from opentrail.server.data_folder import DataFolder
from opentrail.server.ports.doors import Doors
from opentrail.server.processes.children import Child
from opentrail.server.settings import Settings


class CallWorkers:
    """Belongs to the event loop of the first process; started from its main thread, with which they end."""

    def __init__(self, run_folder: Path, children: list[Child], taking: ProxyServer) -> None:
        self.run_folder = run_folder
        self.children = children
        self._taking = taking

    @classmethod
    async def start(
        cls,
        folder: DataFolder,
        settings: Settings,
        upstreams: Sequence[Upstream],
        listener: socket.socket,
        doors: Doors,
        cut_off: CutOffCalls,
    ) -> "CallWorkers | None":
        """One less than `[server] workers`, since the first process answers calls as well; None where that is none.

        They share `listener`, which is bound. `doors` gets the calls that they hand over, `cut_off` is told which of
        them have ended.
        """
        if settings.server.workers == 1:
            return None
        run_folder = Path(tempfile.mkdtemp(prefix="opentrail-"))  # nobody else may enter it
        handed_over = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        handed_over.bind(hand_over_socket(run_folder))
        taking = ProxyServer(doors.taken_over, Timing(), Outbox())
        await taking.serve([handed_over])
        told = WorkerTold(str(folder.root), settings, list(upstreams), listener.fileno(), str(run_folder))
        numbers = range(2, settings.server.workers + 1)
        children = [Child(call_worker(number, told), cut_off.run_ended) for number in numbers]
        return cls(run_folder, children, taking)

    async def stop(self) -> None:
        """Return when they have answered what is under way with them, and ended."""
        for child in self.children:
            child.signal_stop()
        await asyncio.gather(*(asyncio.to_thread(child.wait_stopped, GRACE_SECONDS + 5.0) for child in self.children))
        await self._taking.stop(1.0)
        shutil.rmtree(self.run_folder)

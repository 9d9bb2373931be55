"""A further process that answers calls on the AWS port; `[server] workers` says how many there are.

It has its own recorder on the same journal and catalog, and hands calls of our own services to the first process.
What it is told holds secrets, and so comes in a file without name that it inherits, like the listening socket.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import uvloop

from opentrail.clock import SystemClock
from opentrail.recorder.forwarding.outgoing import DEFAULT_REGION
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.server.assembly import RecorderParts, assemble_recorder
from opentrail.server.call_workers.hand_over import HandOver
from opentrail.server.call_workers.metrics import leave_metrics
from opentrail.server.data_folder import DataFolder
from opentrail.server.ports.certificate import Certificate
from opentrail.server.ports.doors import Doors
from opentrail.server.processes.children import RUN_VARIABLE, Program
from opentrail.server.processes.collection import spare_what_is_there
from opentrail.server.processes.ending import end_process
from opentrail.server.processes.open_files import raise_open_files_limit
from opentrail.server.settings import Settings
from opentrail.telemetry import configure_logging, logger

log = logger("server")

GRACE_SECONDS = 20.0  # calls under way may take this long after the server is asked to stop
METRICS_SECONDS = 1.0  # between two times that they are left for the first process


class WorkerTold(msgspec.Struct, frozen=True):
    """What a worker needs to know."""

    data_dir: str
    settings: Settings
    upstreams: list[Upstream]
    listener: int  # file descriptor of the AWS port
    run_folder: str  # of this run alone: the socket of the first process, the metrics of the others


def hand_over_socket(run_folder: Path) -> str:
    """Where the first process takes calls over; short, as paths of sockets have to be."""
    return str(run_folder / "first")


def call_worker(number: int, told: WorkerTold) -> Program:
    """How to run the worker `number`."""
    paper = os.memfd_create("opentrail-worker", 0)
    os.write(paper, msgspec.json.encode(told))
    command = [sys.executable, "-m", "opentrail.server.call_workers.worker", str(paper)]
    here = Path.cwd()  # relative paths in the settings name the same files there
    return Program(f"calls-{number}", command, {}, here, None, inherits=(paper, told.listener))


def run(told: WorkerTold) -> None:
    """Answer calls until SIGTERM."""
    configure_logging(json_lines=told.settings.server.log_json)
    raise_open_files_limit()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    folder = DataFolder(Path(told.data_dir))
    parts = assemble_recorder(folder, told.settings, told.upstreams, SystemClock(), os.environ[RUN_VARIABLE])
    try:
        uvloop.run(_serve(told, parts))
    finally:
        parts.throttles.tell(parts.intake, DEFAULT_REGION, at_once=True)
        parts.intake.close()
        parts.journal.close()
        leave_metrics(Path(told.run_folder), os.getpid())


async def _serve(told: WorkerTold, parts: RecorderParts) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    run_folder = Path(told.run_folder)
    outbox = Outbox()
    first = HandOver(hand_over_socket(run_folder), outbox)
    doors = Doors(first, parts.recorder, SystemClock())
    server = ProxyServer(doors, Timing(), outbox)
    tls = told.settings.server
    certificate = Certificate(tls.tls_cert, tls.tls_key, tls.tls_minimum) if tls.tls_cert else None
    context = certificate.context if certificate is not None else None
    await server.serve([socket.socket(fileno=told.listener)], context)
    watching = asyncio.create_task(certificate.watch()) if certificate is not None else None
    spare_what_is_there()
    while not stop.is_set():
        leave_metrics(run_folder, os.getpid())
        parts.throttles.tell(parts.intake, DEFAULT_REGION)
        try:
            await asyncio.wait_for(stop.wait(), METRICS_SECONDS)
        except TimeoutError:
            continue
    if watching is not None:
        watching.cancel()
    ends = loop.time() + GRACE_SECONDS
    await server.stop(GRACE_SECONDS)
    await doors.stop(ends - loop.time())
    first.close()
    await parts.recorder.close()


def read_told(paper: int) -> WorkerTold:
    """What the file descriptor `paper` holds; read from its beginning: a worker that is started again gets the same."""
    with open(f"/proc/self/fd/{paper}", "rb") as file:  # noqa: PTH123 - a file without name
        return msgspec.json.decode(file.read(), type=WorkerTold)


if __name__ == "__main__":
    run(read_told(int(sys.argv[1])))
    end_process()

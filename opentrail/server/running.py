"""One server from start to end: lock, ports, children, doors; and down again in the other order."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import typer
import uvloop

from opentrail.clock import SystemClock
from opentrail.intake import record_unended
from opentrail.recorder.forwarding.outgoing import DEFAULT_REGION
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.server.assembly import Parts, assemble, configured_upstreams, sandbox_upstreams
from opentrail.server.call_workers.cut_off import CutOffCalls
from opentrail.server.call_workers.pool import CallWorkers
from opentrail.server.data_folder import DataFolder
from opentrail.server.data_folder.lock import ServerLock
from opentrail.server.data_folder.modes import note_root, require_private, write_privately
from opentrail.server.data_folder.retention import keep_retention, shortened_event
from opentrail.server.history_process.asking import AskedHistory
from opentrail.server.history_process.process import HistoryProcessSettings, history_program
from opentrail.server.ports.certificate import Certificate
from opentrail.server.ports.gauges import FOLLOWERS, refresh_gauges
from opentrail.server.ports.health import Health, health_app
from opentrail.server.ports.http_server import QuietServer, http_server
from opentrail.server.ports.listening import bind, url_of
from opentrail.server.processes.children import Child, Program, stop_all, wait_until
from opentrail.server.processes.collection import spare_what_is_there
from opentrail.server.processes.open_files import raise_open_files_limit
from opentrail.server.sandbox.cloud import LOOPBACK, Sandbox, start_sandbox, wait_sandbox
from opentrail.server.settings import Organization, Settings
from opentrail.server.worker.delivering import SECRET_VARIABLE
from opentrail.server.worker.process import WorkerSettings, worker_command
from opentrail.telemetry import configure_logging, logger

log = logger("server")

REVIVE_EVERY_SECONDS = 0.5
TELL_EVERY_SECONDS = 5.0  # between two looks whether calls were refused for their number
HISTORY_SECONDS = 600.0  # a history may take this long to open: indexes that were lost are made anew
GRACE_SECONDS = 20.0  # calls under way may take this long after the server is asked to stop
CONSOLE_GRACE_SECONDS = 1


class Sockets(NamedTuple):
    """Bound sockets."""

    doors: socket.socket
    console: socket.socket
    own_calls: socket.socket  # where our own clients call us: the doors', or one without TLS on loopback


def run_server(
    folder: DataFolder, settings: Settings, *, with_sandbox: bool, may_shorten_retention: bool = False
) -> None:
    """Run until SIGTERM or SIGINT; every child has ended when this returns.

    Raises FolderOpenToOthers, FolderInUse, RetentionShortened, PortTaken, ChildFailed before the server is ready.
    """
    configure_logging(json_lines=settings.server.log_json)
    raise_open_files_limit()
    require_private(folder)
    write_privately()
    if not with_sandbox:
        note_root()
    folder.create()
    _empty(folder.spool)
    with ServerLock(folder.locks / "server.lock"), contextlib.ExitStack() as stack:
        history_days = settings.history.retention_days
        shortened_from = keep_retention(folder.root, history_days, may_shorten=may_shorten_retention)
        certificate = _certificate(settings)
        sockets = _bind_all(settings)
        for bound in (sockets.doors, sockets.console, sockets.own_calls):
            stack.callback(bound.close)
        history = stack.enter_context(contextlib.closing(AskedHistory()))
        sandbox = start_sandbox(folder) if with_sandbox else None
        children = list(sandbox.children) if sandbox is not None else []
        stack.callback(stop_all, children)
        own_endpoint = url_of(sockets.own_calls, from_here=True)
        children.append(Child(_worker(folder, settings, own_endpoint)))
        told = HistoryProcessSettings(str(folder.root), history.listener.fileno(), settings.server.log_json)
        history_process = Child(history_program(told))
        children.append(history_process)
        upstreams = sandbox_upstreams(sandbox) if sandbox is not None else configured_upstreams(settings)
        parts = assemble(folder, settings, upstreams, SystemClock(), own_endpoint, history)
        with _closing(parts, history_process):
            record_unended(parts.journal, parts.intake)
            if shortened_from is not None:
                account = settings.server.account
                parts.intake.live(shortened_event(shortened_from, history_days, account, DEFAULT_REGION))
            if sandbox is not None:
                wait_sandbox(sandbox)
            wait_until(history.ready, history_process, HISTORY_SECONDS)
            parts.querying.start()
            if parts.watch is not None:
                parts.watch.start()
            uvloop.run(_serve(folder, settings, parts, upstreams, children, sockets, certificate, sandbox))


async def _serve(
    folder: DataFolder,
    settings: Settings,
    parts: Parts,
    upstreams: Sequence[Upstream],
    children: list[Child],
    sockets: Sockets,
    certificate: Certificate | None,
    sandbox: Sandbox | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if certificate is not None:
        loop.add_signal_handler(signal.SIGHUP, certificate.ask)
    elif sandbox is None:
        loop.add_signal_handler(signal.SIGHUP, _nothing_to_reload)  # a sandbox ends with its terminal
    doors = ProxyServer(parts.doors, Timing(), Outbox())
    tls = certificate.context if certificate is not None else None
    await doors.serve([sockets.doors], tls)
    if sockets.own_calls is not sockets.doors:
        await doors.serve([sockets.own_calls])
    cut_off = CutOffCalls(parts.journal, parts.intake)
    workers = await CallWorkers.start(folder, settings, upstreams, sockets.doors, parts.doors, cut_off)
    run_folder = workers.run_folder if workers is not None else None
    if workers is not None:
        children.extend(workers.children)
    pages = health_app(lambda: _health(parts, children), lambda: refresh_gauges(parts, folder), run_folder)
    console = http_server(pages, grace_seconds=CONSOLE_GRACE_SECONDS, tls=tls)
    serving = asyncio.create_task(console.serve(sockets=[sockets.console]))
    await _started(serving, console)
    spare_what_is_there()
    typer.echo(_ready_line(folder, sockets, tls, sandbox))
    tasks = (_revive(children), _tell_refusals(parts), cut_off.watch())
    beside = [asyncio.create_task(task) for task in tasks]
    if certificate is not None:
        beside.append(asyncio.create_task(certificate.watch()))
    await stop.wait()
    for task in beside:
        task.cancel()
    log.info("stopping", action="server-stopping")
    console.should_exit = True
    stopping = asyncio.create_task(workers.stop()) if workers is not None else None
    ends = loop.time() + GRACE_SECONDS
    await doors.stop(GRACE_SECONDS)
    if stopping is not None:
        await stopping  # they hand calls over until they have ended
    await parts.doors.stop(ends - loop.time())
    await serving
    await parts.recorder.close()


def _nothing_to_reload() -> None:
    log.info("nothing to reload", action="server-reload")


async def _started(serving: "asyncio.Task[None]", server: QuietServer) -> None:
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.005)


async def _revive(children: Sequence[Child]) -> None:
    while True:
        await asyncio.sleep(REVIVE_EVERY_SECONDS)
        for child in children:
            child.revive()  # in the main thread: children die with the thread that made them


async def _tell_refusals(parts: Parts) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY_SECONDS)
        parts.throttles.tell(parts.intake, DEFAULT_REGION)


def _certificate(settings: Settings) -> Certificate | None:
    server = settings.server
    return Certificate(server.tls_cert, server.tls_key, server.tls_minimum) if server.tls_cert else None


def _bind_all(settings: Settings) -> Sockets:
    server = settings.server
    with contextlib.ExitStack() as bound:

        def listening(host: str, port: int) -> socket.socket:
            return bound.enter_context(contextlib.closing(bind(host, port)))

        doors = listening(server.host, server.port)
        console = listening(server.console_host, server.console_port)
        sockets = Sockets(doors, console, listening(LOOPBACK, 0) if server.tls_cert else doors)
        bound.pop_all()
    return sockets


def _worker(folder: DataFolder, settings: Settings, own_endpoint: str) -> Program:
    told = WorkerSettings(
        data_dir=str(folder.root),
        history=settings.history,
        journal=settings.journal,
        delivery=msgspec.structs.replace(settings.delivery, secret_access_key="", secret_access_key_env=""),
        lake=settings.lake,
        regions=settings.regions.enabled,
        members=_accounts(settings.organization),
        own_endpoint=own_endpoint,
        log_json=settings.server.log_json,
    )
    secret = settings.delivery.secret()
    return Program("worker", worker_command(told), {SECRET_VARIABLE: secret} if secret else {}, folder.root, None)


def _accounts(organization: Organization) -> tuple[str, ...]:
    """All accounts of the organization; none where there is none."""
    return (organization.management_account, *organization.members) if organization.id else ()


@contextlib.contextmanager
def _closing(parts: Parts, history_process: Child) -> Iterator[None]:
    """What was answered is on disk when this ends; the look-ups stop before what they read."""
    try:
        yield
    finally:
        if parts.watch is not None:
            parts.watch.stop()
        parts.querying.close()
        parts.api.close()
        stop_all([history_process])  # one that only reads and ends last leaves the journal's log behind
        parts.throttles.tell(parts.intake, DEFAULT_REGION, at_once=True)
        parts.intake.close()
        parts.journal.close()


def _health(parts: Parts, children: Sequence[Child]) -> Health:
    return Health(
        journal_writable=parts.journal.writable(),
        head=parts.journal.head(),
        records_waiting=parts.intake.waiting(),
        follower_positions={name: parts.journal.position(name) for name in FOLLOWERS},
        parts={child.program.name: child.running for child in children},
    )


def _ready_line(folder: DataFolder, sockets: Sockets, tls: ssl.SSLContext | None, sandbox: Sandbox | None) -> str:
    doors, console = (
        url_of(bound, scheme="http" if tls is None else "https") for bound in (sockets.doors, sockets.console)
    )
    cloud = "" if sandbox is None else " key test secret test"
    return f"ready: AWS endpoint {doors}{cloud} console {console} data {folder.root}"


def _empty(spool: Path) -> None:
    """Bodies that a killed server left behind belong to calls that were never forwarded."""
    for left in spool.iterdir():
        left.unlink()

"""One server from start to end: lock, ports, children, doors; and down again in the other order."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import typer
import uvloop

from opentrail.catalog.delivery_summary import DeliverySummary
from opentrail.clock import MICROSECONDS, SystemClock
from opentrail.intake import record_unended
from opentrail.server.assembly import Parts, assemble, configured_upstreams, sandbox_upstreams
from opentrail.server.children import Child, Program, stop_all
from opentrail.server.data_folder import DataFolder
from opentrail.server.delivering import SECRET_VARIABLE
from opentrail.server.health import Health, health_app
from opentrail.server.http_server import QuietServer, bind, http_server, url_of
from opentrail.server.open_files import raise_open_files_limit
from opentrail.server.sandbox import Sandbox, start_sandbox, wait_sandbox
from opentrail.server.server_lock import ServerLock
from opentrail.server.settings import Organization, Settings
from opentrail.server.worker import WorkerSettings, worker_command
from opentrail.telemetry import (
    FOLLOWER_LAG,
    FOLLOWER_POSITION,
    JOURNAL_HEAD,
    TRAIL_ABANDONED,
    TRAIL_ERRORS,
    TRAIL_OLDEST_WAITING,
    TRAIL_OUTBOX_BYTES,
    TRAIL_OUTBOX_FILES,
    configure_logging,
    logger,
)

log = logger("server")

REVIVE_EVERY_SECONDS = 0.5
CONSOLE_GRACE_SECONDS = 1
FOLLOWERS = ("history", "trails")


def run_server(folder: DataFolder, settings: Settings, *, with_sandbox: bool) -> None:
    """Run until SIGTERM or SIGINT; every child has ended when this returns.

    Raises FolderInUse, PortTaken, ChildFailed before the server is ready.
    """
    configure_logging(json_lines=settings.server.log_json)
    raise_open_files_limit()
    folder.create()
    _empty(folder.spool)
    with ServerLock(folder.locks / "server.lock"), contextlib.ExitStack() as stack:
        sockets = _bind_all(settings)
        for bound in sockets:
            stack.callback(bound.close)
        sandbox = start_sandbox(folder) if with_sandbox else None
        children = list(sandbox.children) if sandbox is not None else []
        stack.callback(stop_all, children)
        children.append(Child(_worker(folder, settings, url_of(sockets[0], from_here=True))))
        upstreams = sandbox_upstreams(sandbox) if sandbox is not None else configured_upstreams(settings)
        parts = assemble(folder, settings, upstreams, SystemClock(), url_of(sockets[0], from_here=True))
        with _closing(parts):
            record_unended(parts.journal, parts.intake)
            if sandbox is not None:
                wait_sandbox(sandbox)
            uvloop.run(_serve(folder, settings, parts, children, sockets, sandbox))


async def _serve(
    folder: DataFolder,
    settings: Settings,
    parts: Parts,
    children: Sequence[Child],
    sockets: Sequence[socket.socket],
    sandbox: Sandbox | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    doors = http_server(parts.doors)
    pages = health_app(lambda: _health(parts, children), lambda: _refresh(parts))
    console = http_server(pages, grace_seconds=CONSOLE_GRACE_SECONDS)
    serving = [
        asyncio.create_task(doors.serve(sockets=[sockets[0]])),
        asyncio.create_task(console.serve(sockets=[sockets[1]])),
    ]
    await _started(serving, [doors, console])
    typer.echo(_ready_line(folder, sockets, sandbox))
    reviving = asyncio.create_task(_revive(children))
    await stop.wait()
    reviving.cancel()
    log.info("stopping", action="server-stopping")
    doors.should_exit = console.should_exit = True
    await asyncio.gather(*serving)
    await parts.recorder.close()


async def _started(serving: Sequence["asyncio.Task[None]"], servers: Sequence[QuietServer]) -> None:
    while not all(server.started for server in servers):
        for task in serving:
            if task.done():
                task.result()
        await asyncio.sleep(0.005)


async def _revive(children: Sequence[Child]) -> None:
    while True:
        await asyncio.sleep(REVIVE_EVERY_SECONDS)
        for child in children:
            child.revive()  # in the main thread: children die with the thread that made them


def _bind_all(settings: Settings) -> list[socket.socket]:
    server = settings.server
    doors = bind(server.host, server.port)
    try:
        return [doors, bind(server.console_host, server.console_port)]
    except BaseException:
        doors.close()
        raise


def _worker(folder: DataFolder, settings: Settings, own_endpoint: str) -> Program:
    told = WorkerSettings(
        data_dir=str(folder.root),
        history=settings.history,
        journal=settings.journal,
        delivery=msgspec.structs.replace(settings.delivery, secret_access_key="", secret_access_key_env=""),
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
def _closing(parts: Parts) -> Iterator[None]:
    """What was answered is on disk when this ends; the look-ups stop before what they read."""
    try:
        yield
    finally:
        parts.api.close()
        parts.history.close()
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


def _refresh(parts: Parts) -> None:
    head = parts.journal.head()
    JOURNAL_HEAD.set(head)
    for name in FOLLOWERS:
        position = parts.journal.position(name)
        FOLLOWER_POSITION.labels(name).set(position)
        FOLLOWER_LAG.labels(name).set(head - position)
    _refresh_delivery(parts)


def _refresh_delivery(parts: Parts) -> None:
    summary = DeliverySummary(parts.catalog)
    TRAIL_OUTBOX_FILES.set(summary.files)
    TRAIL_OUTBOX_BYTES.set(summary.bytes)
    TRAIL_ABANDONED.set(summary.abandoned)
    waits_us = SystemClock().now_us() - summary.oldest if summary.oldest is not None else 0
    TRAIL_OLDEST_WAITING.set(max(waits_us, 0) / MICROSECONDS)
    for what, trails in summary.errors.items():
        TRAIL_ERRORS.labels(what).set(trails)


def _ready_line(folder: DataFolder, sockets: Sequence[socket.socket], sandbox: Sandbox | None) -> str:
    doors, console = (url_of(bound) for bound in sockets)
    cloud = "" if sandbox is None else " key test secret test"
    return f"ready: AWS endpoint {doors}{cloud} console {console} data {folder.root}"


def _empty(spool: Path) -> None:
    """Bodies that a killed server left behind belong to calls that were never forwarded."""
    for left in spool.iterdir():
        left.unlink()

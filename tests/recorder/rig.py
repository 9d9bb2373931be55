"""Real servers around the recorder: a scripted upstream that may misbehave, the recorder itself, raw clients."""

import asyncio
import contextlib
import hashlib
import http.client
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import uvloop
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.principal import iam_user, root
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.recorder.app import Recorder
from opentrail.recorder.forwarding.upstreams import Upstream, Upstreams
from opentrail.recorder.proxy.exchange import Exchange
from opentrail.recorder.proxy.outbox import Outbox
from opentrail.recorder.proxy.server import ProxyServer, Timing
from opentrail.recorder.proxy.tls import server_context
from opentrail.recorder.settings import RecorderSettings

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
KEY, SECRET = "AKIAEXAMPLEROOT00001", "root-secret"
USER_KEY, USER_SECRET = "AKIAEXAMPLEUSER00001", "user-secret"


class Arrived:
    """A request at the scripted upstream; its body is read only when asked for."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ")
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        self.reader = reader
        self.writer = writer
        self.taken = 0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    async def body(self) -> bytes:
        if (self.header("transfer-encoding") or "").lower() == "chunked":
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readline()
            await self.reader.readline()
            return b"".join(parts)
        length = int(self.header("content-length") or 0)
        parts = []
        while self.taken < length:
            part = await self.reader.read(min(1 << 16, length - self.taken))
            if not part:
                break
            self.taken += len(part)
            parts.append(part)
        return b"".join(parts)

    async def drop_body(self) -> str:
        digest = hashlib.sha256()
        length = int(self.header("content-length") or 0)
        while self.taken < length and (part := await self.reader.read(min(1 << 16, length - self.taken))):
            self.taken += len(part)
            digest.update(part)
        return digest.hexdigest()

    async def answer(
        self, status: int = 200, body: bytes = b"", *headers: tuple[str, str], length: bool = True
    ) -> None:
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
        lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await self.writer.drain()


Script = Callable[[Arrived], Awaitable[None]]


async def echo(arrived: Arrived) -> None:
    """Answer 200 with what came."""
    body = await arrived.body()
    await arrived.answer(200, b"" if arrived.method == "HEAD" else body, ("x-amz-request-id", "UPSTREAM00000001"))


class ScriptedUpstream:
    """A server on a thread of its own that does what its script says, for each request."""

    def __init__(self) -> None:
        self.script: Script = echo
        self.arrived: list[Arrived] = []
        self.bodies: list[bytes] = []
        self.connections_lost = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self, ready: threading.Event) -> None:
        async def main() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
            self.port = server.sockets[0].getsockname()[1]
            self._stop = asyncio.Event()
            ready.set()
            await self._stop.wait()
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._loop.run_until_complete(main())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                arrived = Arrived(head[:-4], reader, writer)
                self.arrived.append(arrived)
                await self.script(arrived)
        self.connections_lost += 1
        writer.close()

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        self._loop.close()


@dataclass
class RecorderServer:
    """The recorder on a thread of its own, over a real journal."""

    folder: Path
    upstreams: list[Upstream]
    options: dict[str, Any] = field(default_factory=dict)
    _clients: list[Any] = field(default_factory=list)

    def start(self) -> "RecorderServer":
        clock = self.options.pop("clock", None) or SystemClock()
        for name in ("journal", "catalog", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        opened = Journal.open(self.folder / "journal", clock)
        self.journal: Any = self.options.pop("journal_wrapper", lambda journal: journal)(opened)
        self.intake = Intake(self.journal, clock)
        self.engine = open_catalog(self.folder / "catalog")
        self.access_keys = AccessKeys(self.engine, b"k" * 32, _configured())
        may_call = self.options.pop("may_call", None)
        own_sts = self.options.pop("own_sts", lambda engine, clock: None)(self.engine, clock)
        own = ("tls", *Timing.__dataclass_fields__)
        options = {name: value for name, value in self.options.items() if name not in own}
        self._timing = Timing(**{name: value for name, value in self.options.items() if name in own[1:]})
        settings = replace(RecorderSettings(home_account=ACCOUNT, spool_folder=self.folder / "spool"), **options)
        self.recorder = Recorder(
            Upstreams(self.upstreams),
            self.access_keys,
            self.intake,
            self.journal,
            clock,
            settings,
            may_call,
            own_sts=own_sts,
        )
        certificate = self.options.get("tls")
        self._tls = server_context(*certificate) if certificate else None
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = int(listener.getsockname()[1])
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve(listener, started)), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    async def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        calls: set[asyncio.Task[None]] = set()

        def handle(exchange: Exchange) -> None:
            call = self._loop.create_task(self.recorder.handle(exchange))
            calls.add(call)
            call.add_done_callback(calls.discard)

        server = ProxyServer(handle, self._timing, Outbox())
        await server.serve([listener], self._tls)
        started.set()
        await self._stopping.wait()
        await server.stop(1.0)
        left = list(calls)
        for call in left:
            call.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.recorder.close()
        await asyncio.sleep(0.02)  # the loop gets round to closing the sockets
        listener.close()

    def stop_serving(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(15)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.stop_serving()
        self.intake.close()
        self.journal.close()
        self.engine.dispose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def records(self) -> list[dict[str, Any]]:
        found = self.journal.read(0, 100_000)
        return [json.loads(body) for batch in found for body in batch.entries.bodies]

    def record(self, count: int = 1) -> dict[str, Any]:
        """The last of `count` records, once they are there."""
        found = eventually(lambda: records if len(records := self.records()) >= count else None)
        assert len(found) == count, [record["eventName"] for record in found]
        return found[-1]

    def client(self, service: str, key: str = KEY, secret: str = SECRET, **config: Any) -> Any:
        client = boto3.client(
            service,
            endpoint_url=config.pop("endpoint_url", self.url),
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=config.pop("session_token", None),
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        self._clients.append(client)
        return client

    def call(self, method: str, path: str, body: bytes | None = None, **options: Any) -> tuple[int, Any, bytes]:
        """One signed request with nothing between us and the wire: status, headers, body."""
        headers = signed_headers(method, f"{self.url}{path}", body or b"", **options)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


def signed_headers(
    method: str,
    url: str,
    body: bytes = b"",
    *,
    service: str = "s3",
    region: str = "us-east-1",
    key: str = KEY,
    secret: str = SECRET,
    declared: str | None = None,
    headers: dict[str, str] | None = None,
    session_token: str | None = None,
) -> dict[str, str]:
    """Headers of a request as boto3 would sign them; `declared`: the payload hash to state instead of the true one."""
    request = AWSRequest(method, url, headers=headers or {}, data=body)
    credentials = Credentials(key, secret, session_token)
    if service != "s3":
        SigV4Auth(credentials, service, region).add_auth(request)
        return dict(request.headers.items())
    signer = _Declaring(credentials, service, region)
    signer.declared = declared or hashlib.sha256(body).hexdigest()
    signer.add_auth(request)
    return dict(request.headers.items())


class _Declaring(S3SigV4Auth):
    declared = ""

    def payload(self, request: Any) -> str:
        return self.declared

    def _modify_request_before_signing(self, request: Any) -> None:
        SigV4Auth._modify_request_before_signing(self, request)
        del request.headers["X-Amz-Content-SHA256"]
        request.headers["X-Amz-Content-SHA256"] = self.declared


def _configured() -> list[AccessKey]:
    return [
        AccessKey(KEY, SECRET, root(ACCOUNT)),
        AccessKey(USER_KEY, USER_SECRET, iam_user(OTHER_ACCOUNT, "dana", "AIDAEXAMPLEUSER00001")),
    ]


def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `condition` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found or time.monotonic() > deadline:
            assert found, "it did not come about"
            return found
        time.sleep(0.005)


LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)

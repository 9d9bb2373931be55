"""CPU µs a request and latency of the recorder, beside the upstream alone, nginx, and moto alone.

    python -m benchmarks.recorder [--rounds 8] [--seconds 1] [--clients 8]

One upstream that answers the same few hundred bytes to every call of a protocol; the same signed calls (SQS SendMessage
as JSON 1.0, SNS Publish as query) go to it directly, through nginx, through the recorder (guarantees `durable` and
`async`), and to moto. They take turns, in rounds, so that a slow minute of the machine is everybody's. CPU is user plus
system time of the process in the middle (moto's own in its row), from /proc. Half load is half of what the same place
answered in the second before.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.load import Load, run_load
from benchmarks.processes import cpu_seconds, free_port, wait_for_port

BODY = b'{"MessageId":"0c0ffee1-0000-4000-8000-000000000001","MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592"}'
XML_BODY = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    b"<MessageId>0c0ffee1-0000-4000-8000-000000000001</MessageId></PublishResult><ResponseMetadata>"
    b"<RequestId>0c0ffee1-0000-4000-8000-000000000002</RequestId></ResponseMetadata></PublishResponse>"
)
SECRET = "bench-secret"
RECORDERS = {f"opentrail {guarantee}": guarantee for guarantee in ("async", "durable")}


def signed_call(host: str, kind: str) -> bytes:
    """The bytes of one call, signed for `host`."""
    if kind == "json":
        body = b'{"QueueUrl":"http://queue/123456789012/q","MessageBody":"hello"}'
        headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
        service = "sqs"
    else:
        body = (
            b"Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3At&Message=hello"
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        service = "sns"
    request = AWSRequest("POST", f"http://{host}/", data=body, headers={**headers, "Host": host})
    SigV4Auth(Credentials("BENCHKEY", SECRET), service, "us-east-1").add_auth(request)
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Answering(asyncio.Protocol):
    """The upstream: one fixed answer for every request that has arrived whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._waiting) < end + 4 + length:
                return
            self._waiting = self._waiting[end + 4 + length :]
            json = b"x-amz-target" in head
            kind, body = (b"application/x-amz-json-1.0", BODY) if json else (b"text/xml", XML_BODY)
            assert isinstance(self._transport, asyncio.Transport)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n"
                b"x-amzn-RequestId: 0c0ffee1-0000-4000-8000-000000000002\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (kind, len(body), body)
            )


async def _answer(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def upstream() -> Iterator[tuple[int, int]]:
    """The upstream's port and process id."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.recorder", "--upstream", str(port)])
    wait_for_port(port)
    yield port, process.pid
    process.kill()
    process.wait()


@contextmanager
def nginx(to: int) -> Iterator[tuple[int, int] | None]:
    """nginx as a plain reverse proxy; None where it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log /dev/null; "
            "events { worker_connections 512; }\n"
            f"http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; "
            f"upstream u {{ server 127.0.0.1:{to}; keepalive 64; }} server {{ listen 127.0.0.1:{port}; "
            "keepalive_requests 1000000; location / { proxy_pass http://u; proxy_http_version 1.1; "
            'proxy_set_header Connection ""; proxy_set_header Host $http_host; } } }\n'
        )
        process = subprocess.Popen([program, "-c", str(config), "-p", folder], stderr=subprocess.DEVNULL)
        wait_for_port(port)
        yield port, process.pid
        process.kill()
        process.wait()


@contextmanager
def relay(to: int) -> Iterator[tuple[int, int]]:
    """The recorder's proxy alone."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.relay", str(port), str(to)])
    wait_for_port(port)
    yield port, process.pid
    process.kill()
    process.wait()


@contextmanager
def recorder(to: int, guarantee: str) -> Iterator[tuple[int, int]]:
    """The real program in front of the upstream."""
    port, console = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "opentrail.toml"
        config.write_text(
            f'data_dir = "{folder}/data"\n[server]\nport = {port}\nconsole_port = {console}\n'
            f'guarantee = "{guarantee}"\n'
            f'[[upstream]]\nname = "u"\nurl = "http://127.0.0.1:{to}"\nservices = ["*"]\nsigning = "passthrough"\n'
            f'[[principal]]\naccess_key_id = "BENCHKEY"\nsecret_access_key = "{SECRET}"\nuser = "bench"\n'
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "opentrail", "serve", "--config", str(config)], stdout=subprocess.DEVNULL
        )
        wait_for_port(console)
        yield port, process.pid
        process.terminate()
        process.wait()


@contextmanager
def moto() -> Iterator[tuple[int, int]]:
    """moto, asked directly; the topic that calls are for is there."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for_port(port)
    boto3.client(
        "sns",
        "us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="BENCHKEY",
        aws_secret_access_key=SECRET,
    ).create_topic(Name="t")
    yield port, process.pid
    process.kill()
    process.wait()


@dataclass
class Row:
    """What was measured in the rounds at one place: by calls as fast as they are answered, and at half that rate.

    `alone`: the upstream without it, at that half rate.
    """

    name: str
    kind: str
    place: tuple[int, int]
    cpu_us: list[float] = field(default_factory=list)
    full: list[Load] = field(default_factory=list)
    half: list[Load] = field(default_factory=list)
    alone: list[Load] = field(default_factory=list)

    def measure(self, clients: int, seconds: float) -> None:
        """One round."""
        port, process = self.place
        call = signed_call(f"127.0.0.1:{port}", self.kind)
        before = cpu_seconds(process)
        load = run_load(port, call, clients, seconds)
        self.cpu_us.append((cpu_seconds(process) - before) * 1e6 / load.requests)
        self.full.append(load)

    def measure_half(self, direct: int, clients: int, seconds: float) -> None:
        """One round at half the rate of the last one, here and at the upstream's port."""
        rate = self.full[-1].requests / self.full[-1].seconds / 2
        for port, loads in ((direct, self.alone), (self.place[0], self.half)):
            loads.append(run_load(port, signed_call(f"127.0.0.1:{port}", self.kind), clients, seconds, rate))

    def show(self) -> None:
        """The least and the median of all rounds: the least shows least of what neighbours take from a machine."""
        rates = [load.requests / load.seconds for load in self.full]
        print(
            f"{self.name:<22} {self.kind:<6} CPU/request {_least(self.cpu_us)} µs  {max(rates):8.0f}/s  "
            f"p50 {_least_at(self.full, 0.5)} ms  p99 {_least_at(self.full, 0.99)} ms"
        )
        if self.half:
            _show_latency("at half load", self.half)
            _show_latency("upstream alone, as often", self.alone)


def _show_latency(name: str, loads: list[Load]) -> None:
    print(f"  {name:<67} p50 {_least_at(loads, 0.5)} ms  p99 {_least_at(loads, 0.99)} ms")


def _least(found: list[float]) -> str:
    return f"{min(found):7.2f} ({statistics.median(found):7.2f})"


def _least_at(loads: list[Load], share: float) -> str:
    return _least([load.at(share) for load in loads])


def disk_alone(seconds: float) -> Load:
    """What one page after the other costs that has to be on disk: no `durable` call can be answered sooner."""
    latencies: list[float] = []
    ends = time.perf_counter() + seconds
    with tempfile.TemporaryFile(buffering=0) as file:
        while (began := time.perf_counter()) < ends:
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            latencies.append((time.perf_counter() - began) * 1000)
    return Load(len(latencies), seconds, latencies)


@contextmanager
def everything(clients: int) -> Iterator[list[Row]]:
    """All that is compared, at work side by side and warm."""
    with ExitStack() as stack:
        held = stack.enter_context
        direct = held(upstream())
        places = {
            "upstream alone": direct,
            "nginx": held(nginx(direct[0])),
            "opentrail proxy alone": held(relay(direct[0])),
        }
        places |= {name: held(recorder(direct[0], guarantee)) for name, guarantee in RECORDERS.items()}
        if places["nginx"] is None:
            print("nginx is skipped: not installed")
        rows = [Row(name, kind, place) for kind in ("json", "query") for name, place in places.items() if place]
        rows.append(Row("moto alone", "query", held(moto())))
        for row in rows:
            run_load(row.place[0], signed_call(f"127.0.0.1:{row.place[0]}", row.kind), clients, 1.0)
        yield rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--upstream", type=int, help=argparse.SUPPRESS)
    chosen, _ = parser.parse_known_args()
    if chosen.upstream:
        asyncio.run(_answer(chosen.upstream))
        return
    print(
        f"{chosen.clients} clients, {chosen.rounds} rounds of {chosen.seconds:g} s each, {os.cpu_count()} cores,",
        end=" ",
    )
    print(f"Python {sys.version.split()[0]}; the least of the rounds (and their median)")
    disk: list[Load] = []
    with everything(chosen.clients) as rows:
        for _ in range(chosen.rounds):
            for row in rows:
                row.measure(chosen.clients, chosen.seconds)
                if row.kind == "json" and row.name in RECORDERS:
                    row.measure_half(rows[0].place[0], chosen.clients, chosen.seconds)
            disk.append(disk_alone(chosen.seconds / 4))
    for row in rows:
        row.show()
    _show_latency("the disk alone", disk)


if __name__ == "__main__":
    main()

"""Events into the lake: PutAuditEvents over HTTP, durable; an import of log files into the journal, and from there.

    python -m benchmarks.lake_ingest [--seconds 10] [--clients 8] [--records 200000] [--only-import]

Calls of 100 events each, signed and built before the clock runs, go to the real server over kept connections; each
event is a new one. CPU is user plus system time of the process of the doors (and of the followers beside it), from
/proc. The import reads log files of AWS's layout from a folder; what it made of them is counted in the journal. Another
process then takes it into the store's table as the worker does: journal, judging, Parquet, commit. Each event has IDs
of its own.
"""

import argparse
import json
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pyarrow import parquet

from benchmarks.importing import generate
from benchmarks.processes import cpu_seconds, free_port, kept_connection, rss_mib, wait_for_port
from opentrail.journal.entries import ReadResult

ACCOUNT = "123456789012"
REGION = "us-east-1"
EVENTS_A_CALL = 100


def made_lake(data_dir: Path) -> str:
    """A store for audit events and a channel to it; the channel's ARN."""
    from opentrail.catalog.channels import Channel, Channels  # noqa: PLC0415 - after the options are read
    from opentrail.catalog.database import open_catalog  # noqa: PLC0415
    from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores  # noqa: PLC0415
    from opentrail.lake.channel_registry import channel_arn  # noqa: PLC0415
    from opentrail.lake.stores import store_arn  # noqa: PLC0415
    from opentrail.server.data_folder import DataFolder  # noqa: PLC0415

    folder = DataFolder(data_dir)
    folder.create()
    engine = open_catalog(folder.catalog)
    store_id, channel_id = str(uuid.uuid4()), str(uuid.uuid4())
    arn = store_arn(store_id, ACCOUNT, REGION)
    EventDataStores(engine).create(
        EventDataStore(
            id=store_id, arn=arn, name="bench", account=ACCOUNT, region=REGION, category="ActivityAuditLog",
            selectors=(), multi_region=False, retention_days=366,
        ),
        lambda: 0,
    )  # fmt: skip
    channel = Channel(
        id=channel_id, arn=channel_arn(channel_id, ACCOUNT, REGION), name="bench", account=ACCOUNT, region=REGION,
        source="Custom", destinations=(arn,),
    )  # fmt: skip
    Channels(engine).create(channel, 0)
    engine.dispose()
    return channel.arn


def event(number: int) -> dict[str, str]:
    data = {
        "version": "1",
        "userIdentity": {"type": "app-user", "principalId": f"u-{number % 997}", "details": {"team": "payments"}},
        "eventSource": "billing.example.com",
        "eventName": ("RefundIssued", "InvoiceSent", "CardAdded")[number % 3],
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - number % 3600)),
        "UID": str(uuid.UUID(int=number)),
        "requestParameters": {"order": f"o-{number % 9973}", "amount": number % 100_000 / 100, "currency": "EUR"},
        "responseElements": {"status": "done"},
        "sourceIPAddress": f"10.0.{number % 64}.{number % 251}",
        "userAgent": "billing/4.2",
        "recipientAccountId": ACCOUNT,
    }
    return {"id": f"e-{number}", "eventData": json.dumps(data, separators=(",", ":"))}


def call(port: int, channel: str, first: int) -> bytes:
    """The bytes of one signed call."""
    body = json.dumps({"auditEvents": [event(first + n) for n in range(EVENTS_A_CALL)]}).encode()
    path = "/PutAuditEvents"
    headers = {"Content-Type": "application/json", "Host": f"127.0.0.1:{port}"}
    url = f"http://127.0.0.1:{port}{path}?channelArn={channel.replace(':', '%3A').replace('/', '%2F')}"
    request = AWSRequest("POST", url, data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "cloudtrail-data", REGION).add_auth(request)
    target = request.url.partition(f":{port}")[2]
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def children(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def measure_audit_events(seconds: float, clients: int) -> None:
    with tempfile.TemporaryDirectory(prefix="opentrail-bench-") as text:
        channel = made_lake(Path(text))
        port, console_port = free_port(), free_port()
        command = [sys.executable, "-m", "opentrail", "up", "--no-sandbox", "--data-dir", text, "--port", str(port)]
        server = subprocess.Popen([*command, "--console-port", str(console_port)], stdout=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            run_audit_events(server.pid, port, channel, seconds, clients)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def run_audit_events(server: int, port: int, channel: str, seconds: float, clients: int) -> None:
    calls = [call(port, channel, number * EVENTS_A_CALL) for number in range(int(seconds * 300))]
    size = len(calls[0]) / EVENTS_A_CALL
    latencies: list[float] = []
    lock = threading.Lock()
    deadline = time.perf_counter() + seconds

    def client() -> None:
        with kept_connection(port) as send:
            while time.perf_counter() < deadline:
                with lock:
                    if not calls:
                        return
                    request = calls.pop()
                began = time.perf_counter()
                answer = send(request)
                if not answer.startswith(b"HTTP/1.1 200") or b'"failed":[]' not in answer:
                    raise AssertionError(answer[:2000])
                with lock:
                    latencies.append(time.perf_counter() - began)

    workers = children(server)
    cpu, cpu_of_workers = cpu_seconds(server), sum(map(cpu_seconds, workers))
    began = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    cpu, cpu_of_workers = cpu_seconds(server) - cpu, sum(map(cpu_seconds, workers)) - cpu_of_workers
    events = len(latencies) * EVENTS_A_CALL
    print(f"PutAuditEvents: {events:,} events of {size:,.0f} bytes in calls of {EVENTS_A_CALL}, {clients} clients")
    print(f"  events/s of wall time      {events / wall:>12,.0f}")
    print(f"  events a core-second       {events / cpu:>12,.0f}   the doors' process: all until it is durable")
    print(f"  followers meanwhile        {cpu_of_workers:>12.1f}   CPU seconds beside {cpu:.1f}")
    print(f"  latency of a call, p50     {statistics.median(latencies) * 1000:>12.1f} ms")
    print(f"  memory of the doors        {rss_mib(server):>12,.0f} MiB")


def measure_import(folder: Path) -> None:
    """In the child: run one import of the files that `folder` holds, and print its figures as JSON."""
    from opentrail.catalog.database import open_catalog  # noqa: PLC0415
    from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores  # noqa: PLC0415
    from opentrail.catalog.lake_imports import ImportRequest, LakeImports  # noqa: PLC0415
    from opentrail.clock import SystemClock  # noqa: PLC0415
    from opentrail.intake import Intake  # noqa: PLC0415
    from opentrail.journal import Journal  # noqa: PLC0415
    from opentrail.lake.imports.running import ImportRun  # noqa: PLC0415
    from opentrail.lake.stores import store_arn  # noqa: PLC0415
    from opentrail.objects.s3_client import S3Access  # noqa: PLC0415
    from opentrail.server.outgoing.import_buckets import OwnImportBuckets  # noqa: PLC0415
    from opentrail.trails.clients import Clients  # noqa: PLC0415

    clock, engine = SystemClock(), open_catalog(folder / "catalog")
    store_id, import_id = str(uuid.uuid4()), str(uuid.uuid4())
    stores, imports = EventDataStores(engine), LakeImports(engine)
    store = EventDataStore(
        id=store_id, arn=store_arn(store_id, ACCOUNT, REGION), name="bench", account=ACCOUNT, region=REGION,
        selectors=(), retention_days=3653,
    )  # fmt: skip
    stores.create(store, lambda: 0)
    role = f"arn:aws:iam::{ACCOUNT}:role/import"
    imports.start(
        import_id, ACCOUNT, REGION, store_id, ImportRequest(store.arn, "s3://logs/", REGION, role, clock.now_us()), 0
    )
    buckets = OwnImportBuckets(Clients(lambda *_: S3Access(), as_service=False), folder)
    with Journal.open(folder / "journal", clock) as journal:
        intake = Intake(journal, clock)
        run = ImportRun(imports, stores, buckets, journal, intake, clock, lambda _seconds: True)
        cpu, wall = time.process_time(), time.monotonic()
        run.run(import_id)
        figures = {"events": journal.head(), "cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}
        intake.close()
    print(json.dumps(figures | {"peak_mib": own_peak_mib()}))


def measure_tables(folder: Path) -> None:
    """In the child: take what the journal holds into the store's table, and print the figures as JSON."""
    from opentrail import limits  # noqa: PLC0415
    from opentrail.catalog.database import open_catalog  # noqa: PLC0415
    from opentrail.clock import SystemClock  # noqa: PLC0415
    from opentrail.journal import Journal  # noqa: PLC0415
    from opentrail.lake.follower import LakeFollower  # noqa: PLC0415
    from opentrail.lake.reading import Reach  # noqa: PLC0415
    from opentrail.lake.settings import LakeSettings  # noqa: PLC0415
    from opentrail.lake.timeline import reaches_lake  # noqa: PLC0415

    clock, catalog = SystemClock(), open_catalog(folder / "catalog")
    with Journal.open(folder / "journal", clock, read_only=True) as journal:

        def read(after: int, events: int) -> ReadResult:
            return journal.read(after, events, origins=reaches_lake)

        follower = LakeFollower(catalog, folder / "tables", read, clock, LakeSettings(), Reach((REGION,)).matcher)
        reading, through, before_mib = 0.0, follower.position(), own_peak_mib()
        began, wall = time.process_time(), time.monotonic()
        while through < journal.head():
            at = time.process_time()
            found = read(through, limits.FOLLOWER_READ_EVENTS)
            reading += time.process_time() - at
            follower.handle(found, found.through)
            through = found.through
        follower.flush()
        figures = {"cpu": time.process_time() - began, "reading": reading, "wall": time.monotonic() - wall}
        follower.close()
    files = list((folder / "tables").glob("lake/*/data/*.parquet"))
    figures["rows"] = sum(parquet.read_metadata(file).num_rows for file in files)
    figures["bytes"] = sum(file.stat().st_size for file in files)
    print(json.dumps(figures | {"peak_mib": own_peak_mib(), "before_mib": before_mib}))


def own_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(task: str, folder: str) -> dict[str, float]:
    """The figures that a process of this program prints."""
    command = [sys.executable, "-m", "benchmarks.lake_ingest", task, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def run_import(records: int) -> None:
    with tempfile.TemporaryDirectory(prefix="opentrail-bench-") as text:
        size = generate(Path(text), records)
        figures = in_child("--import-from", text)
        tables = in_child("--tables-from", text)
    if figures["events"] != records or tables["rows"] != records:
        raise AssertionError(f"of {records} events {figures['events']} came in, and {tables['rows']} into the table")
    print(f"Import: {records:,} events of {size / records:,.0f} bytes from log files in a folder into the journal")
    print(f"  events a core-second       {records / figures['cpu']:>12,.0f}")
    print(f"  events/s of wall time      {records / figures['wall']:>12,.0f}")
    print(f"  memory, at most            {figures['peak_mib']:>12,.0f} MiB")
    print("Import: the same events out of the journal into the store's table")
    print(f"  events a core-second       {records / tables['cpu']:>12,.0f}   {to_us(tables['cpu'], records)} an event")
    print(f"  of it reading the journal  {to_us(tables['reading'], records):>12} an event")
    print(f"  events/s of wall time      {records / tables['wall']:>12,.0f}")
    print(f"  bytes an event             {tables['bytes'] / records:>12,.0f}   in Parquet")
    print(
        f"  memory, at most            {tables['peak_mib']:>12,.0f} MiB, {tables['before_mib']:,.0f} before the first"
    )


def to_us(seconds: float, events: int) -> str:
    return f"{seconds / events * 1_000_000:.1f} us"


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--records", type=int, default=200_000)
    options.add_argument("--only-import", action="store_true")
    options.add_argument("--import-from", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--tables-from", type=Path, help=argparse.SUPPRESS)
    told = options.parse_args(arguments)
    if told.import_from is not None:
        measure_import(told.import_from)
        return
    if told.tables_from is not None:
        measure_tables(told.tables_from)
        return
    if not told.only_import:
        measure_audit_events(told.seconds, told.clients)
    run_import(told.records)


if __name__ == "__main__":
    main(sys.argv[1:])

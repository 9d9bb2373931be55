"""The journal, plain and sealed: appends that share an fsync, bulk appends and reads in CPU microseconds per event.

`python -m benchmarks.journal`. Uses the sample data when OPENTRAIL_SAMPLE_DATA names them, else made-up records.
"""

import gzip
import os
import random
import tempfile
import threading
import time
from pathlib import Path

from opentrail import limits, telemetry
from opentrail.accounts.data_keys import DataKeys
from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.intake import Intake
from opentrail.journal import Entries, Journal
from opentrail.record.text import split_with_faults

SINGLE_SECONDS = 2.0
BULK_BATCHES = 20
READ_EVENTS = 16_384


def main() -> None:
    raws = _records()
    print(f"records: {len(raws)}, {sum(map(len, raws)) / len(raws):.0f} bytes each")
    for kind, sealer in (("plain", None), ("sealed", DataKeys({1: os.urandom(32)}))):
        print(f"{kind}:")
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal.open(Path(folder) / "journal", SystemClock(), sealer=sealer)
            intake = Intake(journal, SystemClock())
            for threads in (1, 8, 32):
                _singles(journal, threads)
            _bulk(journal, intake, raws)
            intake.close()
            journal.close()


def _singles(journal: Journal, threads: int) -> None:
    seconds: list[float] = []
    entry = Entries.one("1", "r", "Management", 1, "id", b"x" * 1000)
    commits = telemetry.JOURNAL_COMMITS._value.get()
    end = time.monotonic() + SINGLE_SECONDS

    def work() -> None:
        while (began := time.monotonic()) < end:
            journal.append(entry, "live")
            seconds.append(time.monotonic() - began)

    cpu = time.process_time()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    cpu = time.process_time() - cpu
    commits = telemetry.JOURNAL_COMMITS._value.get() - commits
    seconds.sort()
    print(
        f"single appends, {threads} threads: {len(seconds) / SINGLE_SECONDS:.0f}/s, {len(seconds) / commits:.1f} per "
        f"fsync, p50 {seconds[len(seconds) // 2] * 1e3:.2f} ms, p99 {seconds[int(len(seconds) * 0.99)] * 1e3:.2f} ms, "
        f"{cpu / len(seconds) * 1e6:.0f} us of CPU each"
    )


def _bulk(journal: Journal, intake: Intake, raws: list[bytes]) -> None:
    size = limits.JOURNAL_BATCH_EVENTS
    chunks = [
        [(place, raws[(start + place) % len(raws)]) for place in range(size)]
        for start in range(0, size * BULK_BATCHES, size)
    ]
    cpu = time.process_time()
    checked = [intake.foreign(chunk, "111122223333").entries for chunk in chunks]
    events = sum(entries.count for entries in checked)
    print(f"check of foreign records: {(time.process_time() - cpu) / events * 1e6:.2f} us of CPU an event")
    after = journal.head()
    cpu, wall = time.process_time(), time.monotonic()
    for entries in checked:
        journal.append(entries, "import")
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print(f"bulk append: {cpu / events * 1e6:.2f} us of CPU an event, {events / wall:.0f} events/s")
    cpu = time.process_time()
    while (found := journal.read(after, READ_EVENTS)).through > after:
        after = found.through
    print(f"read and verify: {(time.process_time() - cpu) / events * 1e6:.2f} us of CPU an event")


def _records() -> list[bytes]:
    place = os.environ.get("OPENTRAIL_SAMPLE_DATA")
    raws: list[bytes] = []
    for path in sorted(Path(place).rglob("*.json*")) if place else []:
        content = path.read_bytes()
        try:
            records, _ = split_with_faults(gzip.decompress(content) if path.suffix == ".gz" else content)
        except (OpenTrailError, gzip.BadGzipFile) as error:
            print(f"{path.name}: {error}")
            continue
        raws += [raw for _, raw in records]
    return raws or [_made_up(random.Random(number)) for number in range(limits.JOURNAL_BATCH_EVENTS)]


def _made_up(source: random.Random) -> bytes:
    return (
        b'{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","accountId":"111122223333"},"eventTime":'
        b'"2026-03-04T10:15:31Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1",'
        b'"requestParameters":{"key":"%s"},"eventID":"%s"}'
    ) % (source.randbytes(200).hex().encode(), source.randbytes(16).hex().encode())


if __name__ == "__main__":
    main()

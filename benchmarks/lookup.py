"""LookupEvents over many events: milliseconds for each attribute, by how common the value is.

    common     the five most frequent values of the scope      rare        values with up to 60 events there
    mid        values with 200 to 2000 events                  absent      values that nobody has
    elsewhere  values that only other accounts and Regions have

The events go through the real journal and the real follower; half the questions ask for the whole time, half for a
window of an hour to 60 days. "cold": the operating system has forgotten the Parquet files; opening history has read
the indexes ahead, and that time is stated. Also: CPU per event of each step, bytes per event beside .json.gz, pages
2 to 20, and the same questions to a hot tail. Run alone: `python -m benchmarks.lookup [RECORDS] [--keep FOLDER]`.
"""

import argparse
import gzip
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.made_events import ACCOUNTS, REGIONS, SPAN_S, START_US, made_batches
from opentrail.clock import SystemClock
from opentrail.history import History, HistorySettings, LookupRequest
from opentrail.history.follower import HistoryFollower
from opentrail.journal import Journal
from opentrail.segments.snapshot import SnapshotReader

RECORDS = 200_000
TAIL_RECORDS = 100_000
QUESTIONS = 60
BIG = LookupRequest(ACCOUNTS[0], REGIONS[0])
SMALL = LookupRequest(ACCOUNTS[4], REGIONS[2])
COLUMNS = {
    "EventName": "eventname",
    "EventSource": "eventsource",
    "ReadOnly": "readonly",
    "Username": "username",
    "AccessKeyId": "accesskeyid",
    "ResourceType": "unnest([entry.type for entry in lookupresources])",
    "ResourceName": "unnest([entry.name for entry in lookupresources])",
}

Questions = dict[tuple[str, str], list[LookupRequest]]


@contextmanager
def cpu(label: str, count: int) -> Iterator[None]:
    started, wall = time.process_time(), time.perf_counter()
    yield
    used, took = time.process_time() - started, time.perf_counter() - wall
    print(f"{label:28} {used / count * 1e6:7.2f} us CPU an event, {took:7.1f} s", flush=True)


def build(folder: Path, records: int) -> None:
    clock = SystemClock()
    sample: list[bytes] = []
    journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
    follower = HistoryFollower(folder / "tables", clock, HistorySettings(compaction_check_s=1e9))
    appending = following = 0.0
    for entries in made_batches(records):
        if len(sample) < 20_000:
            sample += entries.bodies
        started = time.process_time()
        journal.append(entries, "import")
        middle = time.process_time()
        found = journal.read(max(follower.position(), follower._handled), 16_384)
        follower.handle(found, found.through)
        following += time.process_time() - middle
        appending += middle - started
    started = time.process_time()
    follower.flush()
    following += time.process_time() - started
    follower.close()
    print(f"{'journal append':28} {appending / records * 1e6:7.2f} us CPU an event")
    print(f"{'journal to table and index':28} {following / records * 1e6:7.2f} us CPU an event")
    settings = HistorySettings(compaction_check_s=0, compaction_files=2, sweep_check_s=0, sweep_grace_s=0)
    follower = HistoryFollower(folder / "tables", clock, settings)
    with cpu("compaction", records):
        for _ in range(2 + records // 250_000):
            follower.tick()
    follower.close()
    journal.close()
    report_sizes(folder, sample)


def report_sizes(folder: Path, sample: list[bytes]) -> None:
    document = b'{"Records":[' + b",".join(sample) + b"]}"
    packed = len(gzip.compress(document, 6)) / len(sample)
    snapshot = SnapshotReader(folder / "tables").load()
    parquet = sum(file.bytes for file in snapshot.files) / snapshot.rows
    index = sum(file.path.with_suffix(".index").stat().st_size for file in snapshot.files) / snapshot.rows
    print(f"{len(snapshot.files)} segments; bytes an event: Parquet {parquet:.0f}, index {index:.0f}")
    print(f"the records themselves {len(document) / len(sample):.0f}, as .json.gz {packed:.0f}")


def questions(folder: Path) -> Questions:
    """By attribute and class; from what the table holds."""
    chance = random.Random(3)
    files = [str(file.path) for file in SnapshotReader(folder / "tables").load().files]
    out: Questions = {("none", "common"): [BIG], ("none", "small scope"): [SMALL]}
    with duckdb.connect() as connection:
        for attribute, column in COLUMNS.items():
            rows = connection.execute(
                f"SELECT account = ? AND region = ? AS here, v, count(*) FROM (SELECT account, region, "
                f"CAST({column} AS VARCHAR) AS v FROM read_parquet(?) WHERE category = 'Management') "
                f"WHERE v IS NOT NULL GROUP BY ALL ORDER BY count(*) DESC, v",
                [BIG.account, BIG.region, files],
            ).fetchall()
            here = [(value, count) for is_here, value, count in rows if is_here]
            names = {value for value, _ in here}
            classes = {
                "common": [value for value, _ in here[:5]],
                "mid": [value for value, count in here if 200 <= count <= 2000][:50],
                "rare": chance.sample(rare := [value for value, count in here if count <= 60], min(len(rare), 100)),
                "absent": [f"absent-{number}" for number in range(50)],
                "elsewhere": [value for is_here, value, _ in rows if not is_here and value not in names][:50],
            }
            for kind, values in classes.items():
                if values:
                    out[attribute, kind] = [replace(BIG, attribute=(attribute, value)) for value in values]
        ids = connection.execute(
            "SELECT eventid FROM read_parquet(?) WHERE account = ? AND region = ? AND category = 'Management' "
            "USING SAMPLE 100 ROWS (reservoir, 5)",
            [files, BIG.account, BIG.region],
        ).fetchall()
    out["EventId", "present"] = [replace(BIG, attribute=("EventId", row[0])) for row in ids]
    out["EventId", "absent"] = [replace(BIG, attribute=("EventId", f"no-{number}")) for number in range(50)]
    return out


def measure(history: History, asked: Questions, label: str) -> None:
    chance = random.Random(9)
    every: list[float] = []
    for (attribute, kind), requests in asked.items():
        times, found = [], 0
        for number in range(QUESTIONS):
            request = requests[number % len(requests)]
            if number % 2:
                end_us = START_US + chance.randrange(86_400, SPAN_S) * 1_000_000
                span_s = chance.choice((3600, 86_400, 7 * 86_400, 60 * 86_400))
                request = replace(request, start_us=end_us - span_s * 1_000_000, end_us=end_us)
            started = time.perf_counter()
            found += len(history.lookup(request).events)
            times.append(time.perf_counter() - started)
        every += times
        print(f"  {label:5} {attribute:13} {kind:12} {percentiles(times)}  {found / QUESTIONS:5.1f} events", flush=True)
    print(f"  {label:5} ALL                        {percentiles(every)}")


def measure_paging(history: History, asked: Questions) -> None:
    times = []
    for kind in (("none", "common"), ("ReadOnly", "common"), ("EventName", "common"), ("Username", "common")):
        for request in asked[kind][:3]:
            after = None
            for _ in range(20):
                started = time.perf_counter()
                page = history.lookup(replace(request, after=after))
                if after is not None:
                    times.append(time.perf_counter() - started)
                if (after := page.next) is None:
                    break
    print(f"  pages 2 to 20                    {percentiles(times)}")


def percentiles(times: list[float]) -> str:
    p50, p90, p99 = np.percentile(np.array(times) * 1e3, [50, 90, 99])
    return f"p50 {p50:7.2f}  p90 {p90:7.2f}  p99 {p99:7.2f}  max {max(times) * 1e3:7.2f} ms"


def forget(folder: Path) -> None:
    """Let the operating system drop the table's files from its cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def ask_table(folder: Path) -> None:
    clock = SystemClock()
    journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
    asked = questions(folder)
    forget(folder / "tables")
    with cpu("history opened, cold", 1):
        history = History.open(folder / "tables", journal, clock)
    measure(history, asked, "cold")
    measure(history, asked, "warm")
    measure_paging(history, asked)
    history.close()
    journal.close()


def ask_tail(folder: Path, asked: Questions, records: int) -> None:
    clock = SystemClock()
    journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
    for entries in made_batches(records, seed=2):
        journal.append(entries, "live")
    with cpu(f"hot tail of {records}", records):
        history = History.open(folder / "tables", journal, clock)
    measure(history, asked, "tail")
    history.close()
    journal.close()


def run(folder: Path, records: int, tail: int) -> None:
    if not (folder / "tables").exists():
        print(f"{records} events")
        build(folder, records)
    ask_table(folder)
    with tempfile.TemporaryDirectory() as other:
        ask_tail(Path(other), questions(folder), tail)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=int, nargs="?", default=RECORDS)
    parser.add_argument("--tail", type=int, default=TAIL_RECORDS, help="events in the hot tail")
    parser.add_argument("--keep", type=Path, help="a folder to keep, and to ask again if it is there")
    options = parser.parse_args(arguments if arguments is not None else [])
    if options.keep is not None:
        run(options.keep, options.records, options.tail)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.records, options.tail)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`opentrail validate` beside `aws cloudtrail validate-logs`, on the same bucket of a real S3, near and far.

3,000 files (120 hourly digests of 24 log files, 50 records each) in SeaweedFS; far is behind a proxy that holds back
every request for 30 ms. Both are started as a user starts them, one after the other; wall is until they have ended,
CPU all their threads. `python -m benchmarks.validation [DIGESTS [MILLISECONDS]]`.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.importing import record
from benchmarks.processes import free_port, wait_for_port
from opentrail.objects.bucket import Properties
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access
from tests.objects.seaweedfs import KEY, client, seaweedfs
from tests.trails.validation.cloudtrail_stand_in import cloudtrail_stand_in
from tests.trails.validation.judges import environment
from tests.trails.validation.made_trails import BUCKET, REGION, MadeChain, key_pair, trail_arn

DIGESTS = 120
LOG_FILES = 24  # in each digest
RECORDS = 50
FAR_MILLISECONDS = 30
PUTS_AT_ONCE = 8
SEED = 20260302


class _Recorded:
    """Puts are kept, to be done by several threads."""

    def __init__(self) -> None:
        self.puts: list[tuple[str, bytes, Properties]] = []

    def put(self, key: str, body: bytes, properties: Properties) -> None:
        self.puts.append((key, body, properties))


class _Chain(MadeChain):
    """Log files of the size that real ones have."""

    def record(self, time: str) -> bytes:
        return record(self.chance, 0)


def fill(url: str, digests: int) -> int:
    """A trail in the bucket; bytes of its log files as stored."""
    recorded = _Recorded()
    chain = _Chain(recorded, chance=random.Random(SEED))  # type: ignore[arg-type]
    for _ in range(digests):
        step = chain.interval_us // (LOG_FILES + 1)
        chain.grow([chain.log_file(chain.now_us + step * (number + 1), RECORDS) for number in range(LOG_FILES)])
    client(url).create_bucket(Bucket=BUCKET)
    access = S3Access(url, REGION, KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])
    bucket = S3Bucket(BUCKET, access)
    with ThreadPoolExecutor(PUTS_AT_ONCE) as threads:
        list(threads.map(lambda put: bucket.put(*put), recorded.puts))
    return sum(len(body) for key, body, _ in recorded.puts if "/CloudTrail/" in key)


@contextmanager
def behind(url: str, milliseconds: float) -> Iterator[str]:
    """The URL of the same S3, further away."""
    if not milliseconds:
        yield url
        return
    port = free_port()
    upstream = url.rpartition(":")[2]
    command = [sys.executable, "-m", "benchmarks.latency_proxy", str(port), upstream, str(milliseconds / 1000)]
    process = subprocess.Popen(command)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def run(command: list[str], env: dict[str, str], expected: str) -> tuple[float, float]:
    """Wall and CPU seconds of a command that has to say `expected` and to succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or expected not in done.stdout:
        raise RuntimeError(f"{command[:4]} said {done.returncode}: {done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(digests: int = DIGESTS, distances: tuple[float, ...] = (0, FAR_MILLISECONDS)) -> None:
    aws = [sys.executable, "-m", "awscli", "cloudtrail", "validate-logs"]
    ours = [sys.executable, "-m", "opentrail", "validate"]
    options = ["--trail-arn", trail_arn(), "--start-time", "2026-03-02T00:00:00Z", "--s3-bucket", BUCKET]
    options += ["--end-time", "2026-03-20T00:00:00Z", "--region", REGION]
    expected = f"{digests * LOG_FILES}/{digests * LOG_FILES} log files valid"
    with tempfile.TemporaryDirectory(prefix="opentrail-bench-") as folder, cloudtrail_stand_in() as stand_in:
        stand_in.keys = [key_pair(0).published]
        with seaweedfs(Path(folder)) as url:
            size = fill(url, digests)
            files = digests * (LOG_FILES + 1)
            print(f"{files:,} files, {size / digests / LOG_FILES:,.0f} bytes each as stored, {RECORDS} records")
            print(f"{'':34}{'wall s':>9}{'CPU s':>9}{'files/s':>10}")
            for distance in distances:
                with behind(url, distance) as there:
                    env = environment(there, stand_in.url)
                    figures = {}
                    for title, command in (("opentrail validate", ours), ("aws cloudtrail validate-logs", aws)):
                        wall, cpu = run([*command, *options], env, expected)
                        figures[title] = wall
                        print(
                            f"{title + f', {distance:g} ms':34}{wall:>9.2f}{cpu:>9.2f}{files / wall:>10,.0f}",
                            flush=True,
                        )
                    ratio = figures["aws cloudtrail validate-logs"] / figures["opentrail validate"]
                    print(f"{'':34}{ratio:>9.1f} times faster", flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DIGESTS
    main(count, (float(sys.argv[2]),) if len(sys.argv) > 2 else (0, FAR_MILLISECONDS))

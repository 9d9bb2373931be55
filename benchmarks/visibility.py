"""Time from an answered call to its event in LookupEvents, idle and while an import runs.

python -m benchmarks.visibility [--calls 200] [--files 200]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.load import write_log_files
from tests.acceptance.program import Program


def visible_after_ms(program: Program, calls: int) -> list[float]:
    """For each of `calls` calls, the milliseconds from its answer until a look-up finds its event; in order of size."""
    trail = program.client("cloudtrail")
    times: list[float] = []
    for _ in range(calls):
        request = trail.lookup_events(MaxResults=1)["ResponseMetadata"]["RequestId"]
        answered = time.perf_counter()
        while True:
            found = trail.lookup_events(
                MaxResults=20, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "LookupEvents"}]
            )["Events"]
            if any(request in event["CloudTrailEvent"] for event in found):
                break
        times.append((time.perf_counter() - answered) * 1000)
    return sorted(times)


def report(name: str, times: list[float]) -> None:
    """One row."""
    print(
        f"{name:<24} p50 {times[len(times) // 2]:7.1f} ms  p99 {times[int(len(times) * 0.99)]:7.1f} ms  "
        f"max {times[-1]:7.1f} ms  ({len(times)} calls)"
    )


def main() -> None:
    """Print both rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--files", type=int, default=200)
    chosen, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder) / "data", ("--no-sandbox",)).start()
        report("idle", visible_after_ms(program, chosen.calls))
        logs = Path(folder) / "logs"
        write_log_files(logs, chosen.files, 2000)
        command = [sys.executable, "-m", "opentrail", "import", str(logs), "--data-dir", str(program.data_dir)]
        importing = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        times = visible_after_ms(program, chosen.calls)
        state = "still running" if importing.poll() is None else "ended before"
        report("while an import runs", times)
        print(f"(the import had {state} when the calls ended)")
        importing.wait()
        program.stop()


if __name__ == "__main__":
    main()

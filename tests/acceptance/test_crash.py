"""kill -9 at random moments under load: what was answered is there, exactly once, and the folder proves whole."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.load import Clients, write_log_files
from tests.acceptance.program import Program, eventually

pytestmark = pytest.mark.acceptance


def _descendants(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        pid, ppid = (int(part) for part in line.split())
        children.setdefault(ppid, []).append(pid)
    found, waiting = [], [parent]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Kept(NamedTuple):
    answered: list[str]  # request IDs of calls that were answered
    twice: list[str]  # event IDs that are there more than once
    missing: list[str]  # answered calls that are not there exactly once, and imported events that are not there


def _rounds(tmp_path: Path, rounds: int) -> Kept:
    """Kill the program under load `rounds` times; what of the calls and of an import is there in the end."""
    chance = random.Random(20260304)
    logs = tmp_path / "logs"
    imported = write_log_files(logs, files=30, records=400)
    options = ("--no-sandbox", "--commit-interval", "1")
    data_dir = tmp_path / "data"
    answered: list[str] = []
    for turn in range(rounds):
        program = Program(data_dir, options).start()
        clients = Clients(program, 8).start()
        importing = subprocess.Popen(
            [sys.executable, "-m", "opentrail", "import", str(logs), "--data-dir", str(data_dir)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.3, 2.5))
        assert program.process is not None
        started = _descendants(program.process.pid)
        program.kill()
        importing.kill()
        importing.wait()
        clients.stop()
        answered += clients.answered
        assert eventually(lambda pids=started: not any(_alive(pid) for pid in pids), seconds=5), "children outlived"
        checked = program.opentrail("check")
        assert checked.returncode == 0, f"round {turn}: {checked.stdout}{checked.stderr}"

    program = Program(data_dir, options).start()
    finished = program.opentrail("import", str(logs))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    events = program.events("--category", "all", "--all-accounts", "--all-regions")
    program.stop()
    identifiers = Counter(event["eventID"] for event in events)
    twice = [identifier for identifier, times in identifiers.items() if times > 1]
    requests = Counter(event["requestID"] for event in events)
    checked = program.opentrail("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    missing = [request for request in answered if requests[request] != 1]
    return Kept(answered, twice, missing + sorted(imported - identifiers.keys()))


def test_answered_calls_survive_kill_9(tmp_path: Path) -> None:
    kept = _rounds(tmp_path, rounds=10)
    assert len(kept.answered) > 10, "the load never ran"
    assert (kept.twice, kept.missing) == ([], [])


@pytest.mark.soak
def test_answered_calls_survive_200_times_kill_9(tmp_path: Path) -> None:
    kept = _rounds(tmp_path, rounds=200)
    assert len(kept.answered) > 200, "the load never ran"
    assert (kept.twice, kept.missing) == ([], [])


def test_children_die_with_a_parent_that_is_killed_alone(tmp_path: Path) -> None:
    program = Program(tmp_path / "data").start()
    assert program.process is not None
    started = _descendants(program.process.pid)
    assert len(started) >= 3, "the worker and both parts of the sandbox"
    program.kill()
    assert eventually(lambda: not any(_alive(pid) for pid in started), seconds=5)
    again = Program(tmp_path / "data").start()
    assert again.client("s3").list_buckets()["Buckets"] == []
    assert again.stop() == 0

"""Processes that die while appending, and several that append at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from opentrail.journal.check import check
from tests.conftest import ROOT
from tests.journal.appender import STRIDE, THREADS
from tests.journal.making import entries, numbers, open_journal, read_all


def start_appender(folder: Path, start: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.journal.appender", str(folder), str(start)], cwd=ROOT, stdout=subprocess.PIPE
    )


def acknowledged(process: "subprocess.Popen[bytes]", at_least: int) -> dict[int, int]:
    """Let the process work until `at_least` appends were acknowledged, kill it; positions by number."""
    assert process.stdout is not None
    lines = []
    while len(lines) < at_least:
        line = process.stdout.readline()
        assert line, "the appender ended by itself"
        lines.append(line)
    os.kill(process.pid, signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return {int(number): int(position) for number, position in (line.split() for line in lines if line.endswith(b"\n"))}


def stored(folder: Path) -> dict[int, int]:
    """Positions by number of all that is in the journal; no number may be there twice."""
    with open_journal(folder) as journal:
        batches = read_all(journal)
    found = numbers(batches)
    assert len(set(found)) == len(found)
    positions = [position for batch in batches for position in range(batch.first, batch.last + 1)]
    assert positions == list(range(1, len(positions) + 1))
    return dict(zip(found, positions, strict=True))


def require_order(there: dict[int, int]) -> None:
    """What a thread submitted one after the other lies in that order, without a gap."""
    lanes: dict[int, list[int]] = {}
    for number in sorted(there, key=lambda number: there[number]):
        lanes.setdefault(number // STRIDE, []).append(number)
    for lane, members in lanes.items():
        assert members == list(range(lane * STRIDE, lane * STRIDE + len(members)))


def test_everything_acknowledged_survives_kill_9_exactly_once_in_order(tmp_path: Path):
    acks: dict[int, int] = {}
    for round_number in range(4):
        process = start_appender(tmp_path / "journal", round_number * THREADS * STRIDE)
        acks |= acknowledged(process, at_least=200 + 777 * round_number)
        findings = check(tmp_path / "journal")
        assert findings.problems == []
        there = stored(tmp_path / "journal")
        assert {number: there.get(number) for number in acks} == acks
        require_order(there)
    # Unacknowledged at the moment of death: at most one append of each thread and round.
    assert len(there) - len(acks) <= 4 * THREADS * 300


def test_two_processes_append_at_once(tmp_path: Path):
    folder = tmp_path / "journal"
    processes = [start_appender(folder, place * THREADS * STRIDE) for place in range(2)]
    try:
        with open_journal(folder) as journal:
            mine = {number: journal.append(entries(number), "live").first for number in range(10**9, 10**9 + 50)}
        acks = acknowledged(processes[0], 1500) | acknowledged(processes[1], 1500) | mine
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert check(folder).problems == []
    there = stored(folder)
    assert {number: there.get(number) for number in acks} == acks
    require_order(there)


def test_a_journal_left_by_a_killed_process_can_be_read_without_a_writer(tmp_path: Path, clock):
    acks = acknowledged(start_appender(tmp_path / "journal", 0), 300)
    assert (tmp_path / "journal" / "journal.db-wal").stat().st_size > 0
    findings = check(tmp_path / "journal")
    assert findings.whole and findings.head >= max(acks.values())

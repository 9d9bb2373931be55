"""Hostile input at both doors: never a 500, never a crash, bounded memory."""

import re
import socket
from pathlib import Path

import pytest

from tests.acceptance.program import Program
from tests.fuzz.requests import hostile

ANSWER_SECONDS = 0.25  # a request that is never whole gets no answer; it is not waited for long
MEMORY_GROWTH_MB = 200


def _ask(port: int, raw: bytes) -> int:
    """The status of the answer; 0 where the connection was closed or nothing came."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        try:
            connection.sendall(raw)
            answer = connection.recv(65536)
        except (TimeoutError, ConnectionError, OSError):
            return 0
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found.group(1)) if found else 0


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found.group(1)) / 1024


def _statuses(tmp_path: Path, count: int, first: int) -> dict[int, list[int]]:
    """The seeds of `count` hostile requests by the status that they got, from a program that bears them all."""
    program = Program(tmp_path / "data", ("--no-sandbox",)).start()
    assert program.process is not None
    for seed in range(first, first + 50):
        _ask(program.port, hostile(seed))
    before = _resident_mb(program.process.pid)
    statuses: dict[int, list[int]] = {}
    for seed in range(first, first + count):
        statuses.setdefault(_ask(program.port, hostile(seed)), []).append(seed)
    assert program.process.poll() is None, "".join(program.output[-40:])
    assert _resident_mb(program.process.pid) - before < MEMORY_GROWTH_MB
    assert program.client("cloudtrail").lookup_events(MaxResults=1)["Events"]
    assert program.stop() == 0
    checked = program.opentrail("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return statuses


@pytest.mark.acceptance
def test_hostile_requests_get_an_error_and_never_a_500(tmp_path: Path) -> None:
    statuses = _statuses(tmp_path, 400, first=0)
    assert statuses.get(500, []) == [], "seeds of requests that were answered with 500"
    assert len(statuses.get(0, [])) < 200, "too few were answered"


@pytest.mark.fuzz
def test_ten_thousand_hostile_requests(tmp_path: Path) -> None:
    statuses = _statuses(tmp_path, 10_000, first=1_000)
    assert statuses.get(500, []) == [], "seeds of requests that were answered with 500"
    assert len(statuses.get(0, [])) < 5_000, "too few were answered"

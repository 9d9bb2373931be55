"""A disk that is full, fails or is read-only, under the whole program: no call acts that cannot be recorded."""

import contextlib
import http.client
import os
import resource
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.counted import CountedServer, HeldProgram, at_once
from tests.acceptance.program import eventually
from tests.recorder.rig import ScriptedUpstream, signed_headers

pytestmark = pytest.mark.acceptance

GUARANTEES = ("durable", "write-ahead")


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    made = ScriptedUpstream()
    made.script = at_once
    yield made
    made.close()


def _put(program: HeldProgram, key: str) -> int:
    """The status of the answer; 0 where the connection was cut in its place."""
    headers = signed_headers("PUT", f"{program.endpoint}/bucket/{key}", b"bytes")
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=10)
    try:
        connection.request("PUT", f"/bucket/{key}", b"bytes", headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _records(server: CountedServer) -> Counter[str]:
    return Counter({key: len(says) for key, says in server.told().items()})


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_a_full_disk_keeps_calls_from_the_upstream(
    small_disk: Path, upstream: ScriptedUpstream, guarantee: str
) -> None:
    server = CountedServer(small_disk, upstream, guarantee)
    program = server.start()
    assert _put(program, "before") == 200
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(small_disk)
        file.write(b"\0" * (free.f_bavail * free.f_frsize - 8 * 1024 * 1024))
    numbers = iter(range(10_000))
    assert eventually(lambda: _put(program, f"full-{next(numbers)}") == 503, seconds=5)
    reached = len(server.arrived())
    assert [_put(program, f"later-{number}") for number in range(5)] == [503] * 5
    assert len(server.arrived()) == reached, "a call went to the upstream although it could not be recorded"
    filler.unlink()
    assert eventually(lambda: _put(program, f"again-{next(numbers)}") == 200, seconds=5)
    assert eventually(lambda: _records(server) == Counter(server.arrived()), seconds=5)
    assert program.stop() == 0


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_a_disk_that_fails_between_two_calls(tmp_path: Path, upstream: ScriptedUpstream, guarantee: str) -> None:
    server = CountedServer(tmp_path, upstream, guarantee)
    program = server.start()
    assert _put(program, "before") == 200
    with _failing_writes(program):
        first = _put(program, "first")
        assert _put(program, "second") == 503
        acted = {"durable": ["before", "first"], "write-ahead": ["before"]}[guarantee]
        assert server.arrived() == acted, "known to fail, the journal is not tried with another call"
        assert first == {"durable": 0, "write-ahead": 503}[guarantee], "what acted and is not recorded has no answer"
    assert eventually(lambda: _records(server) == Counter(acted), seconds=10), "the record follows from memory"
    statuses = [first, 503]
    while statuses[-1] != 200 and len(statuses) < 1000:
        statuses.append(_put(program, "again"))

    def told() -> list[int]:
        found = program.events("--category", "all", "--event-name", "JournalUnavailable")
        return [event["serviceEventDetails"]["callsRefused"] for event in found]

    assert eventually(told, seconds=5) == [statuses.count(503)]
    assert program.stop() == 0


@contextlib.contextmanager
def _failing_writes(program: HeldProgram) -> Iterator[None]:
    """No file of the program may grow meanwhile: what a disk does that has come to its end."""
    assert program.process is not None
    pid = program.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def test_a_journal_folder_that_is_read_only_is_told_at_the_start(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    server = CountedServer(tmp_path, upstream)
    assert server.start().stop() == 0
    folder = tmp_path / "data" / "journal"
    assert not (folder / "journal.db-wal").exists(), "whoever ended last could not write"
    bound = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if bound.returncode != 0:
        pytest.skip("making a folder read-only for root needs mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        with pytest.raises(AssertionError, match=r"journal\.db cannot be opened for writing"):
            server.start()
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    assert upstream.arrived == []
    program = server.start()
    assert _put(program, "again") == 200
    assert program.stop() == 0

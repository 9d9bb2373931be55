"""A disk that is full, read-only, or short of space; and that recovers."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opentrail import limits
from opentrail.clock import SystemClock
from opentrail.journal import Journal, JournalUnwritable
from opentrail.journal import writability as writability_module
from opentrail.journal.check import check
from tests.journal.making import entries, numbers, open_journal, read_all


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOURNAL_PROBE_SECONDS", 0.02)
    monkeypatch.setattr(limits, "JOURNAL_SPACE_SECONDS", 0.0)


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.005)
    return False


def append_until_refused(journal: Journal, first: int = 0) -> list[int]:
    """Numbers, from `first` on, that were acknowledged before the disk was full."""
    kept: list[int] = []
    for number in range(first, 10_000):
        try:
            journal.append(entries(number, size=1) if number % 2 else noise(number), "live")
        except JournalUnwritable as error:
            assert "the journal cannot write" in error.message
            return kept
        kept.append(number)
    raise AssertionError("the disk never became full")


def noise(number: int):
    """An entry that does not compress."""
    entry = entries(number)
    return type(entry).one("1", "r", "Management", 1, "id", entry.bodies[0] + b" " + os.urandom(30_000))


@pytest.fixture
def rare_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial write is small and may still fit where an append did not: keep it from coming before the look."""
    monkeypatch.setattr(limits, "JOURNAL_PROBE_SECONDS", 5.0)


@pytest.mark.usefixtures("rare_probes")
def test_a_full_disk_refuses_appends_and_recovers_when_space_returns(small_disk: Path):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    with open_journal(small_disk / "journal") as journal:
        kept = append_until_refused(journal)
        while journal.writable():  # a trial write, which is small, still fitted
            kept += append_until_refused(journal, kept[-1] + 1 if kept else 0)
        assert kept and not journal.writable()
        assert numbers(read_all(journal)) == kept
        ballast.unlink()
        assert eventually(journal.writable)
        journal.append(entries(777_777), "live")
        assert numbers(read_all(journal)) == [*kept, 777_777]
    assert check(small_disk / "journal").problems == []


@pytest.mark.usefixtures("rare_probes")
def test_a_file_that_may_not_grow_refuses_appends_and_recovers(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(tmp_path / "journal") as journal:
        journal.append(entries(1), "live")
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
            kept = append_until_refused(journal)
            assert not journal.writable()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert eventually(journal.writable)
        journal.append(entries(777_777), "live")
        assert numbers(read_all(journal)) == [1, *kept, 777_777]
    assert check(tmp_path / "journal").problems == []


def test_all_of_a_failed_transaction_fail_and_none_is_there(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(tmp_path / "journal") as journal:
        intent = journal.submit_intent(b"about to happen").result()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
            futures = [journal.submit(noise(n), "live", ends_intents=(intent,)) for n in range(40)]
            failed = [n for n, future in enumerate(futures) if future.exception() is not None]
            with pytest.raises(JournalUnwritable):
                for number in range(100):
                    journal.submit_intent(os.urandom(30_000) + bytes([number])).result()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        there = numbers(read_all(journal))
        assert failed and there == [n for n in range(40) if n not in failed]
        assert (intent in [kept.number for kept in journal.intents()]) == (not there)


def test_short_space_makes_the_journal_unwritable_before_the_disk_is_full(tmp_path: Path, monkeypatch):
    free = 10_000

    class Disk:
        f_frsize = 1

        @property
        def f_bavail(self) -> int:
            return free

    monkeypatch.setattr(writability_module.os, "statvfs", lambda folder: Disk())
    with Journal.open(tmp_path / "journal", SystemClock(), reserve_bytes=5_000) as journal:
        assert journal.writable()
        free = 4_999
        assert not journal.writable()
        # Records of calls that have acted may still use the reserve.
        assert journal.append(entries(1), "live").first == 1
        assert not journal.writable()
        free = 5_000
        assert eventually(journal.writable)


def test_a_commit_that_hangs_makes_the_journal_unwritable(tmp_path: Path, monkeypatch):
    with open_journal(tmp_path / "journal") as journal:
        journal._writability.began()
        assert journal.writable()
        monkeypatch.setattr(limits, "JOURNAL_STALL_SECONDS", 0.0)
        assert not journal.writable()
        journal._writability.ended(written=True)
        assert journal.writable()


def _append_and_crash(folder: Path) -> None:
    script = (
        "import sys, os; from pathlib import Path; from tests.journal.making import *\n"
        "journal = open_journal(Path(sys.argv[1])); journal.append(entries(1, 2, 3), 'live')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, folder], cwd=Path(__file__).parents[2])
    for name in ("journal.db-wal", "journal.db-shm"):
        assert (folder / name).exists()


def test_a_read_only_file_system_is_told_even_with_all_that_a_crash_left(small_disk: Path):
    folder = small_disk / "journal"
    _append_and_crash(folder)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(JournalUnwritable, match="cannot be opened for writing"):
        open_journal(folder)


def test_a_read_only_file_system_can_be_read_even_with_a_log_left_by_a_crash(small_disk: Path):
    folder = small_disk / "journal"
    _append_and_crash(folder)
    (folder / "journal.db-shm").unlink()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with Journal.open(folder, SystemClock(), read_only=True) as reader:
        assert numbers(read_all(reader)) == [1, 2, 3]
        assert reader.wait(3, 0.0) == 3
    assert check(folder).whole
    with pytest.raises(JournalUnwritable, match="cannot be opened for writing"):
        open_journal(folder)
    with pytest.raises(JournalUnwritable, match="cannot be opened for writing"):
        open_journal(small_disk / "elsewhere")


def test_a_clean_journal_on_a_read_only_file_system_can_be_read(small_disk: Path):
    with open_journal(small_disk / "journal") as journal:
        journal.append(entries(1, 2, 3), "live")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with Journal.open(small_disk / "journal", SystemClock(), read_only=True) as reader:
        assert numbers(read_all(reader)) == [1, 2, 3]

"""What the runner promises a follower, and what it promises about one."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from opentrail import limits, telemetry
from opentrail.clock import SettableClock
from opentrail.followers import FollowerAheadOfJournal, Runner
from opentrail.followers.ownership import Ownership
from opentrail.journal import Batch, Journal
from tests.conftest import ROOT
from tests.journal.making import entries, numbers, open_journal


class Recording:
    """A follower that keeps what it is handed, durable after every handled call unless told otherwise."""

    def __init__(self, name: str = "history", wanted: str = "live") -> None:
        self.name = name
        self.wanted = wanted
        self.durable = 0
        self.handled_through = 0
        self.seen: list[int] = []
        self.calls: list[tuple[list[int], int]] = []
        self.ticks = 0
        self.fail_next = 0
        self.holds_back = False

    def wants(self, origin: str) -> bool:
        return origin == self.wanted

    def position(self) -> int:
        return self.durable

    def handle(self, batches: Sequence[Batch], through: int) -> None:
        self.calls.append((numbers(list(batches)), through))
        if self.fail_next:
            self.fail_next -= 1
            raise RuntimeError("the table is out of reach")
        self.seen += numbers(list(batches))
        self.handled_through = through
        if not self.holds_back:
            self.durable = through

    def tick(self) -> None:
        self.ticks += 1


class Flushing(Recording):
    """A follower that makes nothing durable until it is told to."""

    holds_back = True

    def __init__(self) -> None:
        super().__init__()
        self.holds_back = True

    def flush(self) -> None:
        self.durable = self.handled_through


@pytest.fixture
def journal(tmp_path: Path, clock: SettableClock) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal", clock) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FOLLOWER_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(limits, "FOLLOWER_IDLE_SECONDS", 0.01)
    monkeypatch.setattr(limits, "FOLLOWER_OWNER_SECONDS", 0.01)


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.002)
    return False


def start(runner: Runner) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    return thread, stop


def test_every_wanted_event_is_handed_over_once_in_order(journal: Journal, tmp_path: Path, clock):
    follower = Recording()
    thread, stop = start(Runner(journal, follower, tmp_path / "lock", clock))
    for number in range(30):
        journal.append(entries(number), "live" if number % 3 else "import")
    assert eventually(lambda: follower.durable == 30)
    stop.set()
    thread.join()
    assert follower.seen == [number for number in range(30) if number % 3]
    assert journal.positions() == {"history": 30}
    assert follower.ticks > 0
    assert telemetry.FOLLOWER_LAG.labels("history")._value.get() == 0


def test_what_comes_within_a_moment_is_handed_over_together(journal: Journal, tmp_path: Path, clock):
    class Gathering(threading.Event):
        """Told to stop once the moment after the second step is over; until then events come one by one."""

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout == limits.FOLLOWER_GATHER_SECONDS
            if len(follower.calls) == 2:
                self.set()
            else:
                for number in (2, 3, 4):
                    journal.append(entries(number), "live")
            return self.is_set()

    follower = Recording()
    journal.append(entries(1), "live")
    Runner(journal, follower, tmp_path / "lock", clock).run(Gathering())
    assert follower.calls == [([1], 1), ([2, 3, 4], 4)]


def test_unwanted_events_move_the_position_too(journal: Journal, tmp_path: Path, clock):
    journal.append(entries(1, 2, 3), "import")
    follower = Recording()
    Runner(journal, follower, tmp_path / "lock", clock).run_until(3)
    assert follower.calls == [([], 3)] and journal.position("history") == 3


def test_a_failed_batch_comes_again_and_is_counted(journal: Journal, tmp_path: Path, clock):
    failures = telemetry.FOLLOWER_FAILURES.labels("flaky")
    before = failures._value.get()
    follower = Recording("flaky")
    follower.fail_next = 3
    runner = Runner(journal, follower, tmp_path / "lock", clock)
    journal.append(entries(1, 2), "live")
    thread, stop = start(runner)
    assert eventually(lambda: follower.durable == 2)
    stop.set()
    thread.join()
    assert follower.calls == [([1, 2], 2)] * 4 and follower.seen == [1, 2]
    assert failures._value.get() - before == 3 and runner.failures == 0


def test_after_a_failure_reading_resumes_from_what_is_durable(journal: Journal, tmp_path: Path, clock):
    follower = Recording()
    follower.holds_back = True
    runner = Runner(journal, follower, tmp_path / "lock", clock)
    journal.append(entries(1), "live")
    thread, stop = start(runner)
    assert eventually(lambda: follower.handled_through == 1)
    follower.fail_next = 1
    journal.append(entries(2), "live")
    assert eventually(lambda: follower.handled_through == 2)
    stop.set()
    thread.join()
    assert follower.calls == [([1], 1), ([2], 2), ([1, 2], 2)]
    assert journal.position("history") == 0


def test_the_back_off_doubles_up_to_a_limit(journal: Journal, tmp_path: Path, clock, monkeypatch):
    monkeypatch.setattr(limits, "FOLLOWER_BACKOFF_SECONDS", 0.1)
    runner = Runner(journal, Recording(), tmp_path / "lock", clock)
    delays = [runner._failed(RuntimeError()) for _ in range(40)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == limits.FOLLOWER_LONGEST_BACKOFF_SECONDS


def test_run_until_flushes_a_follower_that_holds_back(journal: Journal, tmp_path: Path, clock):
    follower = Flushing()
    journal.append(entries(1, 2), "live")
    Runner(journal, follower, tmp_path / "lock", clock).run_until(2)
    assert follower.durable == 2 and journal.position("history") == 2


def test_run_until_raises_what_the_follower_raised(journal: Journal, tmp_path: Path, clock):
    follower = Recording()
    follower.fail_next = 1
    journal.append(entries(1), "live")
    with pytest.raises(RuntimeError, match="out of reach"):
        Runner(journal, follower, tmp_path / "lock", clock).run_until(1)


def test_run_until_waits_for_the_owner_if_there_is_one(journal: Journal, tmp_path: Path, clock):
    owner = Recording()
    thread, stop = start(Runner(journal, owner, tmp_path / "lock", clock))
    assert eventually(lambda: owner.ticks > 0)
    clock.advance(10)  # the owner may mirror its position again
    journal.append(entries(1), "live")
    second = Recording()
    Runner(journal, second, tmp_path / "lock", clock).run_until(1)
    stop.set()
    thread.join()
    assert owner.seen == [1] and second.calls == []


def test_a_second_runner_takes_over_when_the_first_one_ends(journal: Journal, tmp_path: Path, clock):
    first, second = Recording(), Recording()
    first_thread, first_stop = start(Runner(journal, first, tmp_path / "lock", clock))
    assert eventually(lambda: first.ticks > 0)
    second_thread, second_stop = start(Runner(journal, second, tmp_path / "lock", clock))
    journal.append(entries(1), "live")
    assert eventually(lambda: first.durable == 1)
    assert second.calls == [] and second.ticks == 0
    first_stop.set()
    first_thread.join()
    second.durable = first.durable
    journal.append(entries(2), "live")
    assert eventually(lambda: second.durable == 2)
    second_stop.set()
    second_thread.join()
    assert (first.seen, second.seen) == ([1], [2])


def test_an_owner_that_is_killed_leaves_no_lock(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from opentrail.followers.ownership import Ownership\n"
        "lock = Ownership(Path(sys.argv[1])); print(lock.take(), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "lock"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"True\n"
    mine = Ownership(tmp_path / "lock")
    assert not mine.take()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert mine.take() and mine.held
    mine.release()
    assert not mine.held


def test_a_follower_of_another_journal_is_told_and_nothing_is_passed_over(journal: Journal, tmp_path: Path, clock):
    follower = Recording()
    follower.durable = 5
    journal.append(entries(1), "live")
    runner = Runner(journal, follower, tmp_path / "lock", clock)
    with pytest.raises(FollowerAheadOfJournal, match="up to position 5, the journal ends at 1"):
        runner.run_until(1)
    assert follower.calls == [] and journal.positions() == {}


def test_the_position_is_mirrored_at_most_once_in_a_while_but_always_at_the_end(journal: Journal, tmp_path, clock):
    follower = Recording()
    thread, stop = start(Runner(journal, follower, tmp_path / "lock", clock))
    assert eventually(lambda: "history" in journal.positions())
    journal.append(entries(1), "live")
    assert eventually(lambda: follower.durable == 1)
    ticks = follower.ticks
    assert eventually(lambda: follower.ticks > ticks + 2)
    assert journal.position("history") == 0
    clock.advance(limits.FOLLOWER_MIRROR_SECONDS)
    assert eventually(lambda: journal.position("history") == 1)
    journal.append(entries(2), "live")
    assert eventually(lambda: follower.durable == 2)
    stop.set()
    thread.join()
    assert journal.position("history") == 2

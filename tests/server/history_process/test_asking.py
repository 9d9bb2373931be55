"""Questions to the history's process: answered as the history itself answers, also by the next one of them."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import pytest

from opentrail import limits
from opentrail.clock import SystemClock
from opentrail.history import History, LookupRequest
from opentrail.journal import Journal
from opentrail.segments.faults import SegmentCorrupt
from opentrail.server.data_folder import DataFolder
from opentrail.server.history_process.asking import AskedHistory, HistoryUnavailable
from opentrail.server.history_process.messages import Question
from opentrail.server.history_process.process import HistoryProcessSettings, answer_to, history_program
from opentrail.server.processes.children import Child, stop_all, wait_until
from tests.segments.made_events import ACCOUNTS, REGIONS, made_entries

REQUEST = LookupRequest(ACCOUNTS[0], REGIONS[0], max_results=20)


@dataclass(frozen=True)
class Running:
    """A history's process, and what the doors have beside it."""

    folder: DataFolder
    journal: Journal
    asked: AskedHistory
    child: Child


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests, since it takes a second to start."""
    folder = DataFolder(tmp_path_factory.mktemp("data"))
    with Journal.open(folder.journal, SystemClock(), reserve_bytes=0) as journal, closing(AskedHistory()) as asked:
        child = Child(history_program(HistoryProcessSettings(str(folder.root), asked.listener.fileno())))
        try:
            wait_until(asked.ready, child, 30)
            yield Running(folder, journal, asked, child)
        finally:
            stop_all([child])


@pytest.fixture
def own(running: Running) -> Iterator[History]:
    """The history without a process of its own."""
    with closing(History.open(running.folder.tables, running.journal, SystemClock())) as history:
        yield history


def test_every_question_sees_what_was_durable_before_it(running: Running, own: History) -> None:
    entries = made_entries(400)
    before = running.journal.head()
    for begin in range(0, 400, 20):
        running.journal.append(entries.slice(begin, begin + 20), "live")
        assert running.asked.lookup(REQUEST) == own.lookup(REQUEST)
    page = running.asked.lookup(REQUEST)
    assert len(page.events) == 20 and page.next is not None
    name = page.events[0].event_name
    assert name is not None
    attributed = LookupRequest(REQUEST.account, REQUEST.region, ("EventName", name), after=page.next)
    assert running.asked.lookup(attributed) == own.lookup(attributed)
    counts = running.asked.counts()
    assert (counts.tail_events, counts.segments) == (before + 400, 0)


def test_a_question_waits_for_the_next_process_where_one_has_ended(running: Running, own: History) -> None:
    running.journal.append(made_entries(50), "live")
    assert running.asked.lookup(REQUEST) == own.lookup(REQUEST)
    running.child.process.kill()
    running.child.process.wait()
    running.child.revive()
    with ThreadPoolExecutor(1) as doors:
        asked = doors.submit(running.asked.lookup, REQUEST)
        while not running.child.running:
            assert not asked.done()
            time.sleep(0.02)
            running.child.revive()
        assert asked.result() == own.lookup(REQUEST)


def test_a_stranger_gets_no_answer(running: Running) -> None:
    """Another process of the same user, which knows the name of the socket."""
    program = (
        "import socket, sys; asking = socket.socket(socket.AF_UNIX); asking.connect(bytes.fromhex(sys.argv[1])); "
        "asking.settimeout(5); print(len(asking.recv(1)))"
    )
    name = running.asked.listener.getsockname().hex()
    told = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True)
    assert told.stdout == "0\n"


def test_without_a_process_a_question_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOKUP_SECONDS", 0.05)
    with closing(AskedHistory()) as asked, pytest.raises(HistoryUnavailable):
        asked.lookup(REQUEST)


def test_what_goes_wrong_with_a_question_is_told_and_the_next_one_answered(
    own: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_request: LookupRequest) -> None:
        raise SegmentCorrupt("a page is damaged")

    with monkeypatch.context() as patched:
        patched.setattr(own, "lookup", damaged)
        answer = answer_to(own, Question(REQUEST))
    assert answer.page is None and answer.failed == "SegmentCorrupt: a page is damaged"
    assert answer_to(own, Question(REQUEST)).page == own.lookup(REQUEST)

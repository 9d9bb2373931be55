"""Tail and table under concurrency: no gap and no event twice, at any moment."""

import threading
import time
from dataclasses import replace

from opentrail.followers import Runner
from opentrail.history import History, HistorySettings, LookupRequest
from tests.history.rig import Rig, page_through
from tests.segments.made_events import START_US, entries_of, line

BUSY = HistorySettings(
    commit_interval_s=0.0,
    compaction_check_s=0.0,
    compaction_files=4,
    sweep_check_s=0.0,
    sweep_grace_s=0.5,
    expire_after_commits=10,
    snapshot_poll_s=0.005,
)
REQUEST = LookupRequest("111122223333", "us-east-1", max_results=50)


def numbered(number: int) -> bytes:
    return line(
        eventTime="2026-03-04T10:15:31Z",
        eventID=f"event-{number}",
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        eventName="N",
        eventCategory="Management",
    )


def test_readers_see_every_durable_event_exactly_once_while_the_follower_commits(rig: Rig) -> None:
    history = History.open(rig.tables, rig.journal, rig.clock, BUSY)
    rig.new_follower(BUSY)
    stop = threading.Event()
    failures: list[str] = []
    runner = Runner(rig.journal, rig.follower, rig.folder / "history.lock", rig.clock)
    threads = [
        threading.Thread(target=runner.run, args=(stop,)),
        threading.Thread(target=_ask, args=(history, stop, failures)),
        threading.Thread(target=_ask_for_one, args=(history, rig, stop, failures)),
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 2
    number = 0
    while time.monotonic() < deadline and not failures:
        rig.append(entries_of([numbered(number + index) for index in range(5)]))
        number += 5
        rig.clock.advance(0.01)
        time.sleep(0.002)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    history.refresh()
    commits = history.table_position
    assert commits > 0
    assert len(page_through(history, REQUEST, size=2000)) == number
    history.close()


def _ask(history: History, stop: threading.Event, failures: list[str]) -> None:
    """All events have one time, so a page is the newest positions without a gap, down from what was seen last."""
    newest = 0
    while not stop.is_set():
        seen = history.position
        events = history.lookup(REQUEST).events
        positions = [event.position for event in events]
        top = positions[0] if positions else 0
        if positions != list(range(top, max(top - 50, 0), -1)):
            failures.append(f"not contiguous: {positions}")
        if top < max(newest, seen):
            failures.append(f"{max(newest, seen)} was durable and seen, then the newest was {top}")
        newest = top


def _ask_for_one(history: History, rig: Rig, stop: threading.Event, failures: list[str]) -> None:
    while not stop.is_set():
        position = history.position
        if position == 0:
            continue
        attribute = ("EventId", f"event-{position - 1}")
        found = [event.position for event in history.lookup(replace(REQUEST, attribute=attribute)).events]
        if found != [position]:
            failures.append(f"{attribute} was found at {found}")


def test_a_question_that_began_before_a_commit_ends_as_it_began(rig: Rig, history: History) -> None:
    """It holds on to its view, though the tail is emptied and files are merged and swept behind its back."""
    for number in range(300):
        rig.append(entries_of([numbered(number)]))
    while history.position < 300:
        time.sleep(0.001)
    tail = history._tail.sources()
    sources = history._table.with_tail(tail)
    rig.commit()
    history.refresh()
    assert history._tail.rows == 0
    from opentrail.history.merge import newest_first
    from opentrail.segments.attributes import MANAGEMENT, Scope
    from opentrail.segments.source import Wanted

    wanted = Wanted(Scope("111122223333", "us-east-1", MANAGEMENT))
    assert [place.position for place, _, _ in newest_first(sources, wanted)] == list(range(300, 0, -1))
    late = history._table.with_tail(tail)
    assert [place.position for place, _, _ in newest_first(late, wanted)] == list(range(300, 0, -1))


def test_a_reader_that_opens_late_sees_table_and_tail(rig: Rig) -> None:
    rig.append(entries_of([numbered(number) for number in range(10)]))
    rig.commit()
    rig.append(entries_of([numbered(number) for number in range(10, 15)]))
    history = History.open(rig.tables, rig.journal, rig.clock, HistorySettings(snapshot_poll_s=3600))
    assert [event.position for event in history.lookup(REQUEST).events] == list(range(15, 0, -1))
    assert history.lookup(REQUEST).events[0].time_us == START_US
    history.close()


def test_a_restarted_journal_reader_goes_on_after_trimming(rig: Rig) -> None:
    """What the table has may be gone from the journal."""
    rig.append(entries_of([numbered(number) for number in range(20)]))
    rig.commit()
    rig.journal.set_position("history", 20)
    rig.clock.advance(7200)
    assert rig.journal.trim(rig.clock.now_us() - 3_600_000_000) == 20
    rig.append(entries_of([numbered(20)]))
    history = History.open(rig.tables, rig.journal, rig.clock, HistorySettings(snapshot_poll_s=3600))
    assert [event.position for event in history.lookup(REQUEST).events] == list(range(21, 0, -1))
    history.close()


def test_a_question_finds_what_was_durable_before_it_however_seldom_the_tail_looks(rig: Rig) -> None:
    history = History.open(rig.tables, rig.journal, rig.clock, HistorySettings(tail_poll_s=600))
    for number in range(1, 20):
        rig.append(entries_of([numbered(number)]))
        assert history.lookup(REQUEST).events[0].position == number
    history.close()

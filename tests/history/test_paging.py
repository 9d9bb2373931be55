"""Paging while events arrive, late ones too, and while the table is committed, compacted and swept."""

import random

from opentrail.history import FoundEvent, History, HistorySettings, LookupRequest, Place
from tests.history.rig import Rig
from tests.segments.made_events import ACCOUNTS, REGIONS, SECOND_US, START_US, made_entries

BUSY = HistorySettings(
    compaction_check_s=0,
    compaction_files=2,
    sweep_check_s=0,
    sweep_grace_s=0,
    expire_after_commits=3,
    retention_check_s=1e9,
)


def test_each_event_comes_once_and_in_order_whatever_happens_meanwhile(rig: Rig, history: History) -> None:
    """Events that were there when paging began come exactly once; later ones at most once, where they belong."""
    rng = random.Random(5)
    for number in range(4):
        rig.append(made_entries(200, seed=number))
    rig.new_follower(BUSY)
    scope = (ACCOUNTS[0], REGIONS[0])
    _catch_up(rig, history)
    at_start = rig.oracle.positions(*scope)
    seen: list[FoundEvent] = []
    after: Place | None = None
    step = 0
    while True:
        page = history.lookup(LookupRequest(*scope, max_results=5, after=after))
        seen += page.events
        if page.next is None:
            break
        after = page.next
        step += 1
        late = START_US - rng.randrange(0, 60) * SECOND_US if step % 2 else START_US + step * 10 * SECOND_US
        if step < 30:
            rig.append(made_entries(20, seed=1000 + step, start_us=late))
        if step % 3 == 0:
            rig.commit()
        rig.follower.tick()
        if step % 4 == 0:
            _catch_up(rig, history)
    places = [(event.time_us, event.position) for event in seen]
    assert places == sorted(set(places), reverse=True)
    assert set(at_start) <= {event.position for event in seen}
    assert all(event.raw == rig.oracle.bodies[event.position] for event in seen)
    assert step > 20


def test_a_place_means_the_same_before_and_after_compaction(rig: Rig, history: History) -> None:
    for number in range(5):
        rig.append(made_entries(100, seed=number))
        rig.commit()
    history.refresh()
    request = LookupRequest(ACCOUNTS[1], REGIONS[1], max_results=13)
    first = history.lookup(request)
    second = history.lookup(LookupRequest(ACCOUNTS[1], REGIONS[1], max_results=13, after=first.next))
    rig.new_follower(BUSY)
    for _ in range(12):
        rig.follower.tick()
    history.refresh()
    assert len(rig.follower._open().snapshot.files) == 1
    again = history.lookup(LookupRequest(ACCOUNTS[1], REGIONS[1], max_results=13, after=first.next))
    assert [event.position for event in again.events] == [event.position for event in second.events]
    assert again.next == second.next


def test_events_of_one_second_are_told_apart_by_their_position(rig: Rig, history: History) -> None:
    rig.append(made_entries(300, spread_s=0, start_us=START_US))
    half = made_entries(300, seed=9, spread_s=0, start_us=START_US)
    rig.commit()
    rig.append(half)
    _catch_up(rig, history)
    seen = []
    after = None
    while True:
        page = history.lookup(LookupRequest(ACCOUNTS[0], REGIONS[1], max_results=1, after=after))
        seen += [event.position for event in page.events]
        if page.next is None:
            break
        after = page.next
    assert seen == rig.oracle.positions(ACCOUNTS[0], REGIONS[1])


def _catch_up(rig: Rig, history: History) -> None:
    history.refresh()
    while history.position < rig.journal.head():
        rig.journal.wait(rig.journal.head(), 0.001)

"""Look-ups over tail and table against an oracle that looks at everything."""

import json
import time
from pathlib import Path

import pytest

from opentrail.history import History, HistorySettings, LookupRequest, Place
from opentrail.segments.attributes import ATTRIBUTES
from tests.history.rig import Rig, page_through
from tests.segments.made_events import ACCOUNTS, REGIONS, START_US, entries_of, line, made_entries, sample_records

DAY_US = 86_400_000_000


def fill(rig: Rig, state: str) -> None:
    """The same events, in the tail, in the table, in both, or compacted."""
    for number in range(6):
        rig.append(made_entries(150, seed=number, start_us=START_US + number * 10_000_000))
        if state in ("table", "compacted") or (state == "both" and number < 3):
            rig.commit()
    if state == "compacted":
        compact_all(rig)


def compact_all(rig: Rig) -> None:
    rig.new_follower(HistorySettings(compaction_check_s=0, compaction_files=2, retention_check_s=1e9))
    before = -1
    while before != len(files(rig)):
        before = len(files(rig))
        rig.follower.tick()


def files(rig: Rig) -> tuple[object, ...]:
    return rig.follower._open().snapshot.files


@pytest.mark.parametrize("state", ["tail", "both", "table", "compacted"])
def test_every_attribute_finds_what_looking_at_everything_finds(rig: Rig, history: History, state: str) -> None:
    fill(rig, state)
    history.refresh()
    wait_for(history, rig.journal.head())
    asked = set()
    for account, region, category in rig.oracle.scopes():
        if category == "Other":
            continue
        everything = LookupRequest(account, region, category=category)
        expected = rig.oracle.positions(account, region, None, category)
        events = page_through(history, everything)
        assert [event.position for event in events] == expected
        assert [event.raw for event in events] == [rig.oracle.bodies[position] for position in expected]
        for attribute, values in rig.oracle.values(account, region, category).items():
            for value in [*sorted(values)[:5], "absent"]:
                request = LookupRequest(account, region, (attribute, value), category=category)
                expected = rig.oracle.positions(account, region, (attribute, value), category)
                assert [event.position for event in page_through(history, request, size=7)] == expected
                asked.add(attribute)
    assert asked == set(ATTRIBUTES)


def wait_for(history: History, position: int) -> None:
    deadline = time.monotonic() + 5
    while history.position < position:
        assert time.monotonic() < deadline, "the tail does not follow the journal"
        time.sleep(0.001)


@pytest.mark.parametrize("committed", [False, True])
def test_sample_records_are_found_by_all_their_attributes(rig: Rig, sample_data: Path, committed: bool) -> None:
    rig.append(entries_of(sample_records(sample_data)), origin="live")
    if committed:
        rig.commit()
    history = History.open(rig.tables, rig.journal, rig.clock)
    asked = 0
    try:
        for account, region, category in rig.oracle.scopes():
            if category == "Other":
                continue
            expected = rig.oracle.positions(account, region, None, category)
            events = page_through(history, LookupRequest(account, region, category=category))
            assert [event.raw for event in events] == [rig.oracle.bodies[position] for position in expected]
            for attribute, values in rig.oracle.values(account, region, category).items():
                for value in sorted(values)[:: max(len(values) // 6, 1)]:
                    request = LookupRequest(account, region, (attribute, value), category=category)
                    expected = rig.oracle.positions(account, region, (attribute, value), category)
                    assert [event.position for event in page_through(history, request)] == expected
                    asked += 1
    finally:
        history.close()
    assert asked > 300


def test_data_events_are_in_history_but_not_in_look_ups(rig: Rig, history: History) -> None:
    rig.append(made_entries(300))
    rig.commit()
    history.refresh()
    for account in ACCOUNTS:
        for region in REGIONS:
            events = page_through(history, LookupRequest(account, region))
            assert {json.loads(event.raw)["eventCategory"] for event in events} == {"Management"}
    assert any(category == "Other" for _, _, category in rig.oracle.scopes())


def test_insight_events_have_their_own_category_and_the_name_of_the_calls(rig: Rig, history: History) -> None:
    rig.append(made_entries(400))
    rig.commit()
    history.refresh()
    request = LookupRequest(ACCOUNTS[0], REGIONS[0], ("EventName", "CreateUser"), category="Insight")
    events = page_through(history, request)
    assert events
    assert all((event.event_name, event.event_source) == ("CreateUser", "iam.amazonaws.com") for event in events)
    assert all(event.resources == [] and event.username is None and event.read_only is None for event in events)
    nothing = LookupRequest(ACCOUNTS[0], REGIONS[0], ("ReadOnly", "true"), category="Insight")
    assert page_through(history, nothing) == []


def test_events_of_any_age_are_found(rig: Rig, history: History) -> None:
    old = START_US - 3000 * DAY_US
    rig.append(made_entries(50, start_us=old), origin="import")
    rig.commit()
    history.refresh()
    expected = rig.oracle.positions(ACCOUNTS[0], REGIONS[0])
    assert expected
    assert [event.position for event in page_through(history, LookupRequest(ACCOUNTS[0], REGIONS[0]))] == expected


def test_imports_are_seen_with_a_commit_and_stores_never(rig: Rig, history: History) -> None:
    rig.append(made_entries(50, seed=1), origin="import:store")
    last = rig.append(made_entries(50, seed=2), origin="import")
    wait_for(history, last)
    scopes = [(account, region) for account in ACCOUNTS for region in REGIONS]
    assert all(page_through(history, LookupRequest(*scope)) == [] for scope in scopes)
    rig.commit()
    history.refresh()
    for scope in scopes:
        expected = rig.oracle.positions(*scope)
        assert [event.position for event in page_through(history, LookupRequest(*scope))] == expected


def test_an_event_is_seen_at_once(rig: Rig, history: History) -> None:
    raw = line(
        eventTime="2026-03-04T10:15:31Z",
        eventID="only-1",
        awsRegion="us-east-1",
        recipientAccountId="111122223333",
        eventName="X",
        eventCategory="Management",
    )
    started = time.monotonic()
    rig.append(entries_of([raw]), "live")
    request = LookupRequest("111122223333", "us-east-1", ("EventId", "only-1"))
    while not (events := history.lookup(request).events):
        assert time.monotonic() < started + 1
        time.sleep(0.001)
    assert events[0].raw == raw


def test_another_process_s_event_is_seen_within_a_fifth_of_a_second(rig: Rig, history: History) -> None:
    """Another Journal object appends, so nobody wakes the reader."""
    from opentrail.journal import Journal

    with Journal.open(rig.folder / "journal", rig.clock, reserve_bytes=0) as other:
        entries = made_entries(1, seed=3)
        other.append(entries, "live")
        started = time.monotonic()
        wait_for(history, rig.journal.head())
    assert time.monotonic() - started < 0.5


def test_a_page_ends_exactly_where_the_answer_ends(rig: Rig, history: History) -> None:
    rig.append(made_entries(200))
    rig.commit()
    history.refresh()
    total = len(rig.oracle.positions(ACCOUNTS[0], REGIONS[0]))
    whole = history.lookup(LookupRequest(ACCOUNTS[0], REGIONS[0], max_results=total))
    assert (len(whole.events), whole.next) == (total, None)
    short = history.lookup(LookupRequest(ACCOUNTS[0], REGIONS[0], max_results=total - 1))
    last = short.events[-1]
    assert short.next == Place(last.time_us, last.position)


def test_time_range_has_both_ends_inside(rig: Rig, history: History) -> None:
    fill(rig, "both")
    history.refresh()
    wait_for(history, rig.journal.head())
    for start, end in ((0, 0), (5, 20), (-100, 3), (60, 1000), (30, 20)):
        start_us, end_us = START_US + start * 1_000_000, START_US + end * 1_000_000
        request = LookupRequest(ACCOUNTS[1], REGIONS[0], start_us=start_us, end_us=end_us)
        expected = rig.oracle.positions(ACCOUNTS[1], REGIONS[0], start_us=start_us, end_us=end_us)
        assert [event.position for event in page_through(history, request)] == expected


def test_the_account_of_the_envelope_counts_not_that_of_the_record(rig: Rig, history: History) -> None:
    """An importer takes the account from the file's name where the record names none."""
    raw = line(eventTime="2026-03-04T10:15:31Z", eventID="e", awsRegion="us-east-1", eventCategory="Management")
    rig.append(entries_of([raw]))
    rig.commit()
    history.refresh()
    assert [event.raw for event in page_through(history, LookupRequest("999999999999", "us-east-1"))] == [raw]
    assert page_through(history, LookupRequest("", "us-east-1")) == []

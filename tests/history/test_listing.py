"""Listings: all filters at once, newest first, unchanged, from table and journal together."""

from pathlib import Path

import pytest

from opentrail import limits
from opentrail.history.filters import EventFilters
from opentrail.history.listing import list_events
from opentrail.record.view import view
from opentrail.segments.attributes import answers
from tests.history.rig import Rig
from tests.segments.made_events import ACCOUNTS, REGIONS, START_US, entries_of, made_entries, sample_records


def spread(rig: Rig) -> None:
    """Events in several files and in the journal."""
    for number in range(3):
        rig.append(made_entries(200, seed=number, start_us=START_US + number * 5_000_000))
        rig.commit()
    rig.append(made_entries(200, seed=7, start_us=START_US - 20_000_000))
    rig.append(made_entries(50, seed=8), origin="import:store")


def expected(rig: Rig, filters: EventFilters) -> list[int]:
    found = []
    for time_us, position, account, region, _, event_id, _ in rig.oracle._rows:
        record = view(rig.oracle.bodies[position])
        category = record.eventCategory or ""
        said = answers(record, category)
        if filters.match_envelope(account, region, category, time_us, event_id) and filters.match_record(record, said):
            found.append((time_us, position))
    return [position for _, position in sorted(found, reverse=True)][: filters.limit]


FILTERS = [
    EventFilters(),
    EventFilters(limit=7),
    EventFilters(accounts=(ACCOUNTS[0],), regions=(REGIONS[1],)),
    EventFilters(accounts=ACCOUNTS, categories=("Data", "Insight")),
    EventFilters(categories=("Management",), read_only=True, event_source="iam.amazonaws.com"),
    EventFilters(event_name="CreateUser"),
    EventFilters(event_name="CreateUser", username="user3", read_only=False, limit=3),
    EventFilters(resource_type="AWS::S3::Bucket"),
    EventFilters(resource_name="bucket3", event_name="CreateBucket"),
    EventFilters(access_key_id=f"AKIA{3:016d}", start_us=START_US, end_us=START_US + 9_000_000),
    EventFilters(source_ip="203.0.113.4", categories=("Management", "Insight")),
    EventFilters(accounts=()),
    EventFilters(username="nobody' OR true --"),
]


@pytest.mark.parametrize("filters", FILTERS)
def test_filters_hold_together(rig: Rig, filters: EventFilters) -> None:
    spread(rig)
    listed = list(list_events(rig.tables, rig.journal, filters))
    assert [event.position for event in listed] == expected(rig, filters)
    assert [event.raw for event in listed] == [rig.oracle.bodies[event.position] for event in listed]


def test_one_event_by_its_id(rig: Rig) -> None:
    spread(rig)
    for position in (1, 333, 700):
        event_id = view(rig.oracle.bodies[position]).eventID
        assert [event.position for event in list_events(rig.tables, rig.journal, EventFilters(event_id=event_id))] == [
            position
        ]


def test_a_long_journal_is_held_in_chunks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TAIL_CHUNK_ROWS", 40)
    for number in range(6):
        rig.append(made_entries(50, seed=number))
    assert [event.position for event in list_events(rig.tables, rig.journal)] == expected(rig, EventFilters())


def test_an_empty_folder_lists_nothing(rig: Rig) -> None:
    assert list(list_events(rig.tables, rig.journal)) == []


def test_every_sample_record_comes_back_byte_for_byte(rig: Rig, sample_data: Path) -> None:
    raws = sample_records(sample_data)
    rig.append(entries_of(raws), origin="import")
    rig.commit()
    listed = {event.position: event.raw for event in list_events(rig.tables, rig.journal)}
    assert [listed[position] for position in range(1, len(raws) + 1)] == raws


def test_a_listing_that_is_broken_off_lets_go(rig: Rig) -> None:
    spread(rig)
    listing = list_events(rig.tables, rig.journal)
    next(listing)
    listing.close()  # type: ignore[attr-defined]
    assert len(list(list_events(rig.tables, rig.journal))) == 800

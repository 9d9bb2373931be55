"""Records as columns."""

from pathlib import Path

import pytest

from opentrail.record.view import view
from opentrail.segments.columns import Rows, table_of
from opentrail.segments.schema import COLUMNS, arrow_schema, iceberg_schema
from tests.segments.made_events import START_US, batch_of, entries_of, line, made_entries, sample_records

DAY_US = 86_400_000_000


def test_rows_are_sorted_by_time_and_position_and_keep_their_bytes() -> None:
    entries = made_entries(500)
    table = table_of([batch_of(entries, first=10)])
    places = list(zip(table["eventtime"].cast("int64").to_pylist(), table["position"].to_pylist(), strict=True))
    assert places == sorted(zip(entries.times_us, range(10, 510), strict=True))
    for position, text in zip(table["position"].to_pylist(), table["eventjson"].to_pylist(), strict=True):
        assert text.encode() == entries.bodies[position - 10]


def test_columns_say_what_the_sample_records_say(sample_data: Path) -> None:
    raws = sample_records(sample_data)
    table = table_of([batch_of(entries_of(raws))])
    assert table.num_rows == len(raws) > 4000
    by_position = {row["position"]: row for row in table.to_pylist()}
    for position, raw in enumerate(raws, start=1):
        record, row = view(raw), by_position[position]
        assert row["eventname"] == record.eventName
        assert row["requestid"] == record.requestID
        assert row["readonly"] == record.readOnly
        assert row["eventid"] == (record.eventID or record.eventId)
        assert row["eventjson"].encode() == raw


def test_a_record_that_cannot_be_read_keeps_envelope_and_bytes() -> None:
    entries = made_entries(3)
    bodies = [entries.bodies[0], b"\xff not json", entries.bodies[2]]
    damaged = type(entries)(
        entries.accounts, entries.regions, entries.categories, entries.times_us, entries.event_ids, bodies
    )
    table = table_of([batch_of(damaged)])
    row = table["position"].to_pylist().index(2)
    assert table["eventid"][row].as_py() == entries.event_ids[1]
    assert table["eventname"][row].as_py() is None
    assert table["eventjson"].cast("large_binary")[row].as_py() == b"\xff not json"


def test_insight_events_answer_to_the_calls_they_speak_of() -> None:
    raw = line(
        eventTime="2026-03-04T10:15:31Z",
        awsRegion="us-east-1",
        eventID="i-1",
        recipientAccountId="111122223333",
        insightDetails={"state": "Start", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"},
        eventCategory="Insight",
    )
    row = table_of([batch_of(entries_of([raw]))]).to_pylist()[0]
    assert (row["eventname"], row["insighteventname"]) == (None, "CreateUser")
    assert row["insighteventsource"] == "iam.amazonaws.com"


def test_days_of_arrival_are_told_apart() -> None:
    rows = Rows()
    rows.add(batch_of(made_entries(5, seed=1), first=1, appended_at_us=START_US))
    rows.add(batch_of(made_entries(3, seed=2), first=6, appended_at_us=START_US + DAY_US))
    rows.add(batch_of(made_entries(2, seed=3), first=9, appended_at_us=START_US))
    parts = rows.by_arrival_day()
    assert [part.positions for part in parts] == [[1, 2, 3, 4, 5, 9, 10], [6, 7, 8]]
    assert [part.bytes for part in parts] == [part.entries.body_bytes() for part in parts]


def test_what_is_at_or_below_the_position_is_not_taken() -> None:
    rows = Rows()
    rows.add(batch_of(made_entries(5), first=11), after=13)
    assert rows.positions == [14, 15]
    assert len(rows.entries.bodies) == 2


def test_one_list_of_columns_makes_both_schemas() -> None:
    arrow, iceberg = arrow_schema(), iceberg_schema()
    assert (
        [field.name for field in arrow]
        == [column.name for column in COLUMNS]
        == [field.name for field in iceberg.fields]
    )
    for field in arrow:
        assert int(field.metadata[b"PARQUET:field_id"]) == iceberg.find_field(field.name).field_id


@pytest.mark.parametrize("name", ["eventid", "account", "region", "eventtime", "position", "eventjson"])
def test_what_every_event_has_is_required(name: str) -> None:
    assert iceberg_schema().find_field(name).required

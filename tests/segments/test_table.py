"""The Iceberg table: commits, what readers see, compaction, retention, sweeping."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from opentrail import limits
from opentrail.clock import SettableClock
from opentrail.segments import compaction, writer
from opentrail.segments.columns import table_of
from opentrail.segments.compaction import compact, merged, plan_compaction
from opentrail.segments.retention import expired
from opentrail.segments.schema import arrow_schema
from opentrail.segments.segment import Segment
from opentrail.segments.snapshot import EMPTY, SegmentFile, SnapshotReader
from opentrail.segments.sweep import Sweeper, reading, unreferenced
from opentrail.segments.table import EventTable
from opentrail.segments.writer import index_path, write_segment
from tests.segments.made_events import START_US, batch_of, made_entries

DAY_US = 86_400_000_000


def add(table: EventTable, first: int, count: int = 100, appended_at_us: int = START_US, seed: int = 0) -> Path:
    entries = made_entries(count, seed=seed or first)
    columns = table_of([batch_of(entries, first, appended_at_us=appended_at_us)])
    path = write_segment(table.data_folder, [columns], appended_at_us).path
    table.append([path], first + count - 1)
    return path


@pytest.fixture
def table(tmp_path: Path) -> EventTable:
    return EventTable.open(tmp_path)


def test_files_and_position_are_committed_together(table: EventTable, tmp_path: Path) -> None:
    reader = SnapshotReader(tmp_path)
    assert reader.load().position == 0
    first = add(table, 1)
    before = reader.load()
    second = add(table, 101)
    after = reader.load()
    assert (before.position, [file.path for file in before.files]) == (100, [first])
    assert (after.position, {file.path for file in after.files}) == (200, {first, second})
    assert after == table.snapshot
    assert EventTable.open(tmp_path).snapshot == after


def test_what_the_committer_holds_in_memory_is_what_the_files_say(table: EventTable, tmp_path: Path) -> None:
    for number in range(4):
        add(table, 1 + number * 100)
    table.expire_snapshots()
    table.replace(table.snapshot.files[:2], [])
    metadata = EventTable.open(tmp_path)._table.metadata
    assert len(metadata.snapshots) == 2
    assert table._table.metadata.model_dump() == metadata.model_dump()


def test_what_somebody_else_committed_is_not_lost(table: EventTable, tmp_path: Path) -> None:
    other = EventTable.open(tmp_path)
    files = {add(table, 1), add(other, 101), add(table, 201)}
    assert {file.path for file in EventTable.open(tmp_path).snapshot.files} == files


def test_a_file_with_other_columns_is_not_committed(table: EventTable) -> None:
    add(table, 1)
    path = add(table, 101)  # of the second file of a form less is looked at
    odd = path.with_name("odd.parquet")
    columns = pq.read_table(path, partitioning=None)
    pq.write_table(columns.append_column("odd", columns.column("position")), odd)
    with pytest.raises(ValueError, match="odd"):
        table.append([odd], 300)
    assert table.snapshot.position == 200


def test_a_snapshot_tells_the_bounds_of_its_files(table: EventTable) -> None:
    path = add(table, 11)
    file = table.snapshot.files[0]
    times = made_entries(100, seed=11).times_us
    assert (file.path, file.rows, file.bytes) == (path, 100, path.stat().st_size)
    assert (file.oldest_us, file.newest_us) == (min(times), max(times))
    assert (file.first_position, file.last_position) == (11, 110)
    assert (file.first_arrival_us, file.last_arrival_us) == (START_US, START_US)


def test_a_reader_without_a_table_sees_nothing(tmp_path: Path) -> None:
    assert SnapshotReader(tmp_path).load() == EMPTY


def test_the_position_alone_can_be_committed(table: EventTable) -> None:
    add(table, 1)
    table.append([], 150)
    assert (table.snapshot.position, len(table.snapshot.files)) == (150, 1)


def test_replaced_files_are_gone_and_the_position_stays(table: EventTable) -> None:
    for number in range(4):
        add(table, 1 + 100 * number)
    gone = table.snapshot.files[:3]
    path = compact(table.data_folder, gone)[0]
    table.replace(gone, [path])
    assert table.snapshot.position == 400
    assert sorted(file.rows for file in table.snapshot.files) == [100, 300]
    assert table.snapshot.rows == 400


def test_expired_files_leave_a_trace_in_the_table(table: EventTable, tmp_path: Path) -> None:
    add(table, 1)
    table.drop(table.snapshot.files, START_US + 5)
    assert (table.snapshot.files, table.snapshot.position) == ((), 100)
    assert SnapshotReader(tmp_path).load().expired_before_us == START_US + 5


def test_expiry_keeps_the_current_snapshot_alone(table: EventTable, tmp_path: Path) -> None:
    for number in range(5):
        add(table, 1 + 100 * number)
    table.expire_snapshots()
    assert table.commits_since_expiry == 0
    assert len(table._table.metadata.snapshots) == 1
    assert SnapshotReader(tmp_path).load().rows == 500


def test_many_commits_stay_readable(table: EventTable, tmp_path: Path) -> None:
    """More than the number after which manifests are merged."""
    for number in range(30):
        add(table, 1 + 10 * number, count=10)
    snapshot = SnapshotReader(tmp_path).load()
    assert (snapshot.rows, snapshot.position, len(snapshot.files)) == (300, 300, 30)
    assert len(table._table.metadata.current_snapshot().manifests(table._table.io)) < 25
    assert EventTable.open(tmp_path)._table.scan().to_arrow().num_rows == 300


def test_merging_keeps_every_row_in_order(table: EventTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_CHUNK_ROWS", 37)
    paths = [add(table, 1 + 200 * number, count=200, seed=number + 1) for number in range(3)]
    rows = [row for part in merged(paths, arrow_schema()) for row in part.to_pylist()]
    places = [(row["eventtime"], row["position"]) for row in rows]
    assert places == sorted(places)
    before = [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]
    assert sorted(rows, key=lambda row: row["position"]) == sorted(before, key=lambda row: row["position"])


def test_a_merged_segment_answers_as_its_parts_did(table: EventTable) -> None:
    for number in range(3):
        add(table, 1 + 200 * number, count=200)
    path = compact(table.data_folder, table.snapshot.files)[0]
    whole = Segment.open(path)
    assert whole.rows == 600
    assert set(whole.scopes) == {scope for file in table.snapshot.files for scope in Segment.open(file.path).scopes}
    assert index_path(path).exists()


def file_of(rows: int, day: int = 0, size: int = 1000, newest_us: int = START_US) -> SegmentFile:
    arrived = START_US // DAY_US * DAY_US + day * DAY_US + 5
    return SegmentFile(Path(f"{rows}-{day}"), rows, size, 0, newest_us, 1, rows, arrived, arrived + 10)


def test_files_of_one_size_wait_until_there_are_enough() -> None:
    small, large = [file_of(100) for _ in range(7)], [file_of(50_000) for _ in range(7)]
    assert plan_compaction([*small, *large], START_US, 8) == []
    assert plan_compaction([*small, *large, file_of(90)], START_US, 8) == [*small, file_of(90)]


def test_when_the_day_of_arrival_is_over_the_rest_is_merged() -> None:
    files = [file_of(100), file_of(50_000), file_of(limits.SEGMENT_ROWS)]
    assert plan_compaction(files, START_US, 8) == []
    assert plan_compaction(files, START_US + 2 * DAY_US, 8) == files[:2]
    assert plan_compaction(files[:1], START_US + 2 * DAY_US, 8) == []


def test_days_of_arrival_are_never_merged() -> None:
    days = [[file_of(100 + number, day) for number in range(2)] for day in range(3)]
    group = plan_compaction([file for day in days for file in day], START_US + 9 * DAY_US, 8)
    assert group == days[0]


def test_no_merge_makes_more_than_a_segment_holds() -> None:
    files = [file_of(limits.SEGMENT_ROWS // 2 + number) for number in range(9)]
    group = plan_compaction(files, START_US + 9 * DAY_US, 8)
    assert len(group) == 2
    heavy = [file_of(10, size=limits.SEGMENT_BYTES // 2) for _ in range(9)]
    assert len(plan_compaction(heavy, START_US + 9 * DAY_US, 8)) == 2


def test_a_file_stays_while_one_event_in_it_happened_or_arrived_lately() -> None:
    late_arrival = file_of(1, newest_us=0)
    late_event = file_of(2, newest_us=START_US + 50 * DAY_US)
    keep_after_us = START_US + 10 * DAY_US
    assert expired([late_arrival, late_event], keep_after_us) == [late_arrival]
    assert expired([late_arrival], late_arrival.last_arrival_us) == []


def test_loose_files_go_after_the_grace_period_and_never_named_ones(table: EventTable, clock: SettableClock) -> None:
    kept = add(table, 1)
    loose = write_segment(table.data_folder, [table_of([batch_of(made_entries(10))])], START_US).path
    partial = table.data_folder / "x.index.17.partial"
    partial.write_bytes(b"cut")
    sweeper = Sweeper(clock, grace_seconds=600)
    assert sweeper.sweep(table) == 0
    clock.advance(599)
    assert sweeper.sweep(table) == 0
    clock.advance(1)
    assert sweeper.sweep(table) == 3
    assert not loose.exists() and not index_path(loose).exists() and not partial.exists()
    assert kept.exists() and index_path(kept).exists()
    assert unreferenced(table) == []


def test_nothing_is_swept_while_somebody_reads_file_by_file(table: EventTable, clock: SettableClock) -> None:
    loose = write_segment(table.data_folder, [table_of([batch_of(made_entries(10))])], START_US).path
    sweeper = Sweeper(clock, grace_seconds=0)
    with reading(table.folder):
        assert sweeper.sweep(table) == 0
        assert loose.exists()
    assert sweeper.sweep(table) == 2


def test_iceberg_s_own_files_are_swept_after_expiry(table: EventTable, clock: SettableClock, tmp_path: Path) -> None:
    for number in range(30):
        add(table, 1 + 10 * number, count=10)
    before = len(list(table.metadata_folder.iterdir()))
    table.expire_snapshots()
    Sweeper(clock, grace_seconds=0).sweep(table)
    assert len(list(table.metadata_folder.iterdir())) < before // 2
    assert EventTable.open(tmp_path)._table.scan().to_arrow().num_rows == 300


def test_a_folder_that_was_moved_is_read_and_written_as_before(clock: SettableClock, tmp_path: Path) -> None:
    table = EventTable.open(tmp_path / "before")
    for number in range(3):
        add(table, 1 + 100 * number)
    table.close()
    moved = (tmp_path / "before").rename(tmp_path / "after")
    table = EventTable.open(moved)
    assert table.snapshot == SnapshotReader(moved).load()
    assert all(file.path.is_relative_to(moved) and file.path.exists() for file in table.snapshot.files)
    add(table, 301)
    gone = table.snapshot.files[:2]
    table.replace(gone, compact(table.data_folder, gone))
    table.expire_snapshots()
    assert Sweeper(clock, grace_seconds=0).sweep(table) > 0
    snapshot = SnapshotReader(moved).load()
    assert (snapshot.rows, snapshot.position) == (400, 400)
    assert sum(Segment.open(file.path).rows for file in snapshot.files) == 400
    assert not (tmp_path / "before").exists()


def test_a_segment_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = table_of([batch_of(made_entries(50))])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_segment(tmp_path, [columns], START_US)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "build_index", full)
        with pytest.raises(OSError, match="No space"):
            write_segment(tmp_path, [columns], START_US)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

"""`opentrail check` of history: silent when all is well, and it names every kind of damage."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from opentrail.history import HistorySettings
from opentrail.history.check import check
from opentrail.journal import Batch
from opentrail.segments.columns import table_of
from opentrail.segments.index_file import read_index_file, write_index_file
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.writer import index_path, write_segment
from tests.history.rig import Rig
from tests.segments.made_events import START_US, batch_of, made_entries


def problems(rig: Rig) -> str:
    return "\n".join(check(rig.tables, rig.folder / "journal").problems)


@pytest.fixture
def filled(rig: Rig) -> Rig:
    for number in range(3):
        rig.append(made_entries(100, seed=number))
        rig.commit()
    rig.append(made_entries(20, seed=9), origin="import:store")
    rig.append(made_entries(30, seed=10))
    return rig


def first_file(rig: Rig) -> Path:
    return SnapshotReader(rig.tables).load().files[0].path


def test_a_whole_folder_has_no_problems(filled: Rig) -> None:
    findings = check(filled.tables, filled.folder / "journal")
    assert (findings.problems, findings.whole) == ([], True)
    assert (findings.files, findings.rows, findings.position) == (3, 300, 300)


def test_no_table_yet_is_no_problem(rig: Rig) -> None:
    rig.append(made_entries(5))
    assert problems(rig) == ""


def test_after_compaction_and_retention_it_is_whole(filled: Rig) -> None:
    filled.commit()
    filled.new_follower(HistorySettings(compaction_check_s=0, compaction_files=2, retention_check_s=0))
    filled.follower.tick()
    assert problems(filled) == ""
    filled.clock.advance(100 * 86_400)
    for _ in range(5):
        filled.follower.tick()
    findings = check(filled.tables, filled.folder / "journal")
    assert (findings.rows, findings.problems) == (0, [])


def test_a_missing_file_is_named(filled: Rig) -> None:
    path = first_file(filled)
    path.unlink()
    assert f"{path.name}: the table names it, and it is missing" in problems(filled)


def test_a_file_that_is_no_parquet_is_named(filled: Rig) -> None:
    path = first_file(filled)
    path.write_bytes(b"PAR1 what?")
    assert f"{path.name}: cannot be read" in problems(filled)


def test_rows_that_are_missing_are_named(filled: Rig) -> None:
    path = first_file(filled)
    pq.write_table(pq.read_table(path, partitioning=None).slice(0, 60), path)
    assert "60 rows, the table says 100" in problems(filled)


def test_an_event_that_the_table_lost_is_named(filled: Rig) -> None:
    table = filled.follower._open()
    table.replace(table.snapshot.files[:1], [])
    assert "is in the journal and not in the table" in problems(filled)


def test_an_event_that_is_there_twice_is_named(filled: Rig) -> None:
    table = filled.follower._open()
    again = table_of([batch_of(made_entries(100, seed=0), first=1)])
    table.append([write_segment(table.data_folder, [again], START_US).path], 300)
    found = problems(filled)
    assert "position 1 is in the table twice" in found
    assert "100 events are in the table twice by account, Region and event ID" in found


def test_a_position_beyond_the_journal_is_named(filled: Rig) -> None:
    filled.follower._open().append([], 10_000)
    found = problems(filled)
    assert "the table's position is 10000, the journal ends at 350" in found
    assert "position 321 is in the journal and not in the table" in found


def test_a_position_inside_a_batch_is_named(filled: Rig) -> None:
    filled.follower._open().append([], 299)
    found = problems(filled)
    assert "lies inside the batch 201 to 300" in found
    assert "position 300 is in the table, whose own position is 299" in found


def test_an_index_that_does_not_fit_its_rows_is_named(filled: Rig) -> None:
    index = index_path(first_file(filled))
    facts, arrays = read_index_file(index)
    positions = arrays["positions"].copy()
    positions[3] += 1
    write_index_file(index, facts, {**arrays, "positions": positions})
    assert "positions of its index does not fit its rows" in problems(filled)


def test_a_record_that_is_not_that_of_its_columns_is_named(rig: Rig) -> None:
    entries = made_entries(10, seed=1)
    swapped = [entries.bodies[1], entries.bodies[0], *entries.bodies[2:]]
    exchanged = type(entries)(
        entries.accounts, entries.regions, entries.categories, entries.times_us, entries.event_ids, swapped
    )
    rig.append(entries)
    rig.follower.handle([Batch(first=1, origin="live", appended_at_us=rig.clock.now_us(), entries=exchanged)], 10)
    rig.follower.flush()
    assert "is not that of its columns" in problems(rig)


def test_a_table_that_went_back_behind_what_the_journal_was_told_is_named(filled: Rig) -> None:
    filled.journal.set_position("history", 301)
    assert "the journal was told that the table reaches 301, it reaches 300" in problems(filled)


def test_a_table_that_is_gone_is_named(filled: Rig) -> None:
    filled.journal.set_position("history", 300)
    filled.follower.close()
    shutil.rmtree(filled.tables)
    assert "it reaches 0" in problems(filled)


def test_a_missing_journal_is_named(tmp_path: Path) -> None:
    assert check(tmp_path / "tables", tmp_path / "journal").problems != []

"""A journal that someone or something has changed: reading and the check name the place."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.journal import Journal, JournalCorrupt
from opentrail.journal.check import batches, check
from tests.journal.making import entries, numbers, open_journal, read_all


@pytest.fixture
def written(folder: Path, clock: SettableClock) -> Iterator[Path]:
    """A closed journal of three batches at 1, 3 and 5, a follower and an intent."""
    with open_journal(folder, clock) as journal:
        for start in (1, 3, 5):
            journal.append(entries(start, start + 1), "live" if start < 5 else "import")
        journal.set_position("history", 4)
        journal.submit_intent(b"body").result()
    return folder


def change(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def flip(folder: Path, column: str, first: int, place: int) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    (value,) = connection.execute(f"SELECT {column} FROM batches WHERE first = ?", (first,)).fetchone()
    connection.close()
    changed = bytearray(value)
    changed[place] ^= 1
    change(folder, f"UPDATE batches SET {column} = ? WHERE first = ?", bytes(changed), first)


def told(folder: Path, clock: SettableClock) -> tuple[str, str]:
    """What the check says of a damaged journal, all its lines, and what a reader says who comes to the damage."""
    with Journal.open(folder, clock, read_only=True) as reader, pytest.raises(JournalCorrupt) as raised:
        read_all(reader)
    return "\n".join(check(folder).problems), str(raised.value)


def test_a_whole_journal_is_proved_whole(written: Path):
    findings = check(written)
    assert findings.whole and findings.problems == []
    assert (findings.batches, findings.events, findings.first, findings.head) == (3, 6, 1, 6)
    assert (findings.positions, findings.intents) == ({"history": 4}, 1)
    assert findings.events_by_origin == {"live": 4, "import": 2}
    assert [(first, origin, part.count) for first, origin, part in batches(written)] == [
        (1, "live", 2),
        (3, "live", 2),
        (5, "import", 2),
    ]


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_flipped_bit_of_a_payload_is_named(written: Path, clock, place: int):
    flip(written, "payload", 3, place)
    assert all("batch 3: checksum" in said for said in told(written, clock))


def test_a_flipped_bit_of_a_checksum_is_named(written: Path, clock):
    flip(written, "checksum", 3, 7)
    assert all("batch 3: checksum" in said for said in told(written, clock))


@pytest.mark.parametrize(("column", "value"), [("appended_at_us", 1), ("origin", "import")])
def test_a_changed_envelope_is_named(written: Path, clock, column: str, value: object):
    change(written, f"UPDATE batches SET {column} = ? WHERE first = 3", value)
    assert all("batch 3: checksum" in said for said in told(written, clock))


def test_a_truncated_payload_is_named(written: Path, clock):
    change(written, "UPDATE batches SET payload = substr(payload, 1, 10) WHERE first = 3")
    assert all("batch 3: checksum" in said for said in told(written, clock))


@pytest.mark.parametrize("value", [None, "text", 0])
def test_a_column_of_another_type_is_named(written: Path, clock, value: object):
    connection = sqlite3.connect(written / "journal.db")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'batches'")
    connection.commit()
    connection.close()
    change(written, "UPDATE batches SET payload = ? WHERE first = 3", value)
    findings = check(written)
    assert any("batch 3: payload" in problem for problem in findings.problems), findings.problems


def test_a_batch_taken_from_the_middle_is_missed(written: Path, clock):
    change(written, "DELETE FROM batches WHERE first = 3")
    assert all("batch 3 is missing" in said for said in told(written, clock))


def test_a_batch_taken_from_the_beginning_is_missed(written: Path, clock):
    change(written, "DELETE FROM batches WHERE first = 1")
    assert all("batch 1 is missing" in said for said in told(written, clock))


def test_a_batch_moved_to_another_place_does_not_fit(written: Path, clock):
    change(written, "UPDATE batches SET first = 7 WHERE first = 5")
    assert all("batch 5 is missing" in said for said in told(written, clock))
    assert any("batch 7: checksum" in problem for problem in check(written).problems)


def test_batches_before_and_after_a_damaged_one_can_still_be_read(written: Path, clock):
    flip(written, "payload", 3, 0)
    with Journal.open(written, clock, read_only=True) as reader:
        assert numbers(reader.read(0, 2)) == [1, 2]
        assert numbers(reader.read(4, 100)) == [5, 6]
    assert check(written).batches == 2


def test_a_follower_beyond_the_head_or_behind_the_trim_is_named(written: Path):
    change(written, "UPDATE followers SET position = 7")
    assert check(written).problems == ["follower history is at position 7, the journal ends at 6"]
    change(written, "DELETE FROM batches WHERE first = 1")
    change(written, "UPDATE state SET trimmed_through = 2")
    change(written, "UPDATE followers SET position = 1")
    (problem,) = check(written).problems
    assert "follower history is at position 1, but the journal has been trimmed through 2" in problem


def test_a_changed_intent_is_named(written: Path, clock):
    change(written, "UPDATE intents SET body = x'00'")
    assert any("intent 1: the checksum" in problem for problem in check(written).problems)
    with Journal.open(written, clock, read_only=True) as reader, pytest.raises(JournalCorrupt, match="intent 1"):
        reader.intents()


def test_torn_pages_are_found_and_the_place_is_named(folder: Path, clock):
    with open_journal(folder, clock) as journal:
        for number in range(40):
            journal.append(entries(*range(number * 300, number * 300 + 300), size=50), "live")
    file = folder / "journal.db"
    whole = file.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    file.write_bytes(whole[:middle] + b"\xff" * 8192 + whole[middle + 8192 :])
    problems = check(folder).problems
    assert any("batch" in problem for problem in problems), problems
    with Journal.open(folder, clock, read_only=True) as reader, pytest.raises(JournalCorrupt, match="batch"):
        read_all(reader)
    file.write_bytes(whole[:middle])
    (problem,) = check(folder).problems
    assert str(file) in problem and "damaged" in problem
    with pytest.raises(JournalCorrupt, match="damaged"):
        open_journal(folder, clock)


def test_a_torn_log_loses_only_what_was_never_acknowledged(folder: Path, clock):
    """SQLite's own frames carry checksums: half a transaction at the end of the log is as if it had never begun."""
    journal = open_journal(folder, clock)
    journal.append(entries(1), "live")
    wal = folder / "journal.db-wal"
    acknowledged = wal.stat().st_size
    journal.append(entries(2), "live")
    torn = {name: (folder / name).read_bytes() for name in ("journal.db", "journal.db-wal")}
    journal.close()
    copy = folder.parent / "copy"
    copy.mkdir()
    (copy / "journal.db").write_bytes(torn["journal.db"])
    (copy / "journal.db-wal").write_bytes(torn["journal.db-wal"][: acknowledged + 100])
    assert check(copy).problems == []
    with open_journal(copy, clock) as again:
        assert numbers(read_all(again)) == [1]
        assert again.append(entries(3), "live").first == 2


@pytest.mark.parametrize("content", [b"", b"not a database, though long enough to be taken for one" * 20])
def test_a_file_that_is_no_journal_is_told(folder: Path, clock, content: bytes):
    folder.mkdir()
    (folder / "journal.db").write_bytes(content)
    assert len(check(folder).problems) == 1
    if content:
        with pytest.raises(JournalCorrupt):
            open_journal(folder, clock)


def test_a_database_of_another_kind_or_format_is_not_touched(folder: Path, clock):
    folder.mkdir()
    change(folder, "CREATE TABLE other (x)")
    with pytest.raises(JournalCorrupt, match="expected journal format 1"):
        open_journal(folder, clock)


def test_a_missing_journal_is_a_finding(folder: Path):
    (problem,) = check(folder).problems
    assert "there is no journal" in problem

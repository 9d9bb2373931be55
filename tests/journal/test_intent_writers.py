"""Intents know the run of the process that announced them, and end by one append, whoever makes it."""

import sqlite3
import threading
from pathlib import Path

import pytest

from opentrail.clock import SystemClock
from opentrail.journal import EntriesRefused, IntentsEnded, Journal
from opentrail.journal.check import check
from opentrail.journal.database import APPLICATION_ID, FORMAT_VERSION, TABLES
from tests.journal.making import entries, numbers, open_journal, read_all


def _open(folder: Path, writer: str) -> Journal:
    return Journal.open(folder, SystemClock(), reserve_bytes=0, writer=writer)


def test_intents_are_found_by_the_run_that_announced_them(folder: Path):
    with _open(folder, "calls-2.1") as one, _open(folder, "calls-2.2") as next_run, open_journal(folder) as nameless:
        first = one.submit_intent(b"one").result()
        one.submit_intent(b"one too").result()
        next_run.submit_intent(b"another").result()
        nameless.submit_intent(b"nobody's").result()
        nameless.submit_intent(b"one, further on", replaces=first).result()
        assert [intent.body for intent in nameless.intents("calls-2.1")] == [b"one, further on", b"one too"]
        assert [intent.number for intent in nameless.intents("calls-2.1", most=1)] == [first]
        assert [intent.body for intent in nameless.intents("calls-2.2")] == [b"another"]
        assert nameless.intents("calls-2") == [] and len(nameless.intents()) == 4


def test_an_append_in_place_of_intents_is_made_once_and_whole_or_not_at_all(journal: Journal):
    first, second, third = (journal.submit_intent(b"call").result() for _ in range(3))
    assert journal.append_in_place(entries(1), "live", [first]).first == 1
    with pytest.raises(IntentsEnded):
        journal.append_in_place(entries(1, 2), "live", [first, second])
    assert [intent.number for intent in journal.intents()] == [second, third] and journal.head() == 1
    together = journal.submit(entries(3), "live", ends_intents=[third])
    with pytest.raises(IntentsEnded):
        journal.append_in_place(entries(4), "live", [third])
    with pytest.raises(EntriesRefused):
        journal.append_in_place(entries(), "live", [second])
    assert together.result().first == 2, "what shares its transaction is there all the same"
    assert numbers(read_all(journal)) == [1, 3] and [intent.number for intent in journal.intents()] == [second]


def test_of_many_who_append_in_place_of_an_intent_one_does(folder: Path):
    ended: list[int] = []

    def end_all(journal: Journal) -> None:
        for number in intents:
            try:
                journal.append_in_place(entries(number), "live", [number])
            except IntentsEnded:
                ended.append(number)

    with _open(folder, "one") as one, _open(folder, "another") as another:
        intents = [future.result() for future in [one.submit_intent(b"call") for _ in range(40)]]
        rivals = [threading.Thread(target=end_all, args=(journal,)) for journal in (one, one, another, another)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert sorted(numbers(read_all(one))) == intents and one.intents() == []
    assert sorted(ended) == sorted(3 * intents)


@pytest.fixture
def older(folder: Path) -> Path:
    """A journal as programs made it before intents had writers, with an intent from then."""
    with open_journal(folder) as journal:
        journal.submit_intent(b"from then").result()
    connection = sqlite3.connect(folder / "journal.db", isolation_level=None)
    connection.execute("ALTER TABLE intents DROP COLUMN writer")
    connection.close()
    return folder


def test_an_older_journal_can_be_read_as_it_is(older: Path):
    with Journal.open(older, SystemClock(), read_only=True) as reader:
        assert [intent.body for intent in reader.intents()] == [b"from then"]
    findings = check(older)
    assert findings.intents == 1 and findings.problems == []


def test_an_older_journal_gets_writers_once_and_older_programs_go_on_with_it(older: Path):
    opened = [_open(older, "calls-2.1") for _ in range(2)]
    opened[0].submit_intent(b"from now").result()
    connection = sqlite3.connect(older / "journal.db", isolation_level=None)
    assert [column[1] for column in connection.execute("PRAGMA table_info(intents)")][-1] == "writer"
    assert connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT_VERSION
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    about = connection.execute("SELECT submitted_at_us, checksum, body FROM intents WHERE number = 1").fetchone()
    connection.execute("INSERT INTO intents (submitted_at_us, checksum, body) VALUES (?, ?, ?)", about)
    connection.close()
    assert [intent.body for intent in opened[1].intents()] == [b"from then", b"from now", b"from then"]
    assert [intent.body for intent in opened[1].intents("calls-2.1")] == [b"from now"]
    for journal in opened:
        journal.close()


def test_a_new_journal_has_the_column_that_an_older_one_gets(older: Path, tmp_path: Path):
    def columns(folder: Path) -> list[tuple[object, ...]]:
        with open_journal(folder):
            connection = sqlite3.connect(folder / "journal.db")
            found = list(connection.execute("PRAGMA table_info(intents)"))
            connection.close()
        return found

    assert columns(older) == columns(tmp_path / "new") and any("writer TEXT" in table for table in TABLES)

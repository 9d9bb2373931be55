"""A sealed journal shows nothing to who has no key, takes nothing from who has none, and still reads its plain past."""

import sqlite3

import pytest

from opentrail.accounts.data_keys import DataKeys
from opentrail.accounts.faults import DataKeyMissing
from opentrail.clock import SettableClock
from opentrail.journal import Entries, Journal, JournalCorrupt, JournalSealed
from opentrail.journal.check import batches, check
from tests.journal.making import entries, numbers, read_all

SECRET = b"nobody-may-read-this"


def keys(number: int = 1) -> DataKeys:
    return DataKeys({number: bytes([number]) * 32})


def opened(folder, clock, sealer=None, **more) -> Journal:
    return Journal.open(folder, clock, reserve_bytes=0, sealer=sealer, **more)


def telling(*numbers: int) -> Entries:
    made = entries(*numbers)
    made.bodies[:] = [body + SECRET for body in made.bodies]
    return made


@pytest.fixture
def sealed(folder, clock: SettableClock):
    """A closed journal: a plain batch at 1, sealed ones at 2 and 4 (one of many events at 6), and a sealed intent."""
    with opened(folder, clock) as journal:
        journal.append(entries(1), "live")
    with opened(folder, clock, keys()) as journal:
        journal.append(telling(2, 3), "live")
        journal.append(telling(4, 5), "live")
        journal.append(telling(*range(6, 306)), "import")
        journal.submit_intent(SECRET).result()
    return folder


def test_nothing_of_a_body_or_its_envelope_lies_on_disk(sealed):
    stored = b"".join(path.read_bytes() for path in sealed.iterdir())
    connection = sqlite3.connect(sealed / "journal.db")
    payloads = [row[0] for row in connection.execute("SELECT payload FROM batches WHERE first > 1")]
    (body,) = connection.execute("SELECT body FROM intents").fetchone()
    connection.close()
    assert SECRET not in stored
    assert all(payload.startswith(b"OTS1") for payload in [*payloads, body]) and len(payloads) == 3


def test_plain_and_sealed_batches_are_read_with_the_key(sealed, clock):
    with opened(sealed, clock, keys(), read_only=True) as journal:
        assert numbers(read_all(journal)) == list(range(1, 306))
        assert [intent.body for intent in journal.intents()] == [SECRET]
    findings = check(sealed, keys())
    assert findings.whole and (findings.events, findings.intents) == (305, 1)
    assert [first for first, _, _ in batches(sealed, keys())] == [1, 2, 4, 6]


def test_without_the_key_reading_and_writing_are_refused(sealed, clock):
    with opened(sealed, clock, read_only=True) as journal:
        assert numbers(journal.read(0, 1)) == [1]
        with pytest.raises(JournalSealed):
            journal.read(1, 10)
        with pytest.raises(JournalSealed):
            journal.intents()
    with pytest.raises(JournalSealed):  # it would go on in the clear
        opened(sealed, clock)
    assert check(sealed).problems == [str(JournalSealed())]


def test_another_key_is_named_as_that(sealed, clock):
    with opened(sealed, clock, keys(2), read_only=True) as journal, pytest.raises(DataKeyMissing, match="data key 1"):
        read_all(journal)
    assert "data key 1" in check(sealed, keys(2)).problems[0]


def test_a_newer_data_key_seals_and_the_older_one_opens(sealed, clock):
    both = DataKeys({1: bytes([1]) * 32, 2: bytes([2]) * 32})
    with opened(sealed, clock, both) as journal:
        journal.append(telling(306), "live")
        assert numbers(read_all(journal)) == list(range(1, 307))
    assert "data key 2" in check(sealed, keys(1)).problems[0]


def test_who_has_no_key_can_neither_change_nor_move_a_row(sealed, clock):
    connection = sqlite3.connect(sealed / "journal.db")
    with connection:  # two rows of one length change places, with their checksums
        rows = dict(connection.execute("SELECT first, payload FROM batches WHERE first IN (2, 4)").fetchall())
        sums = dict(connection.execute("SELECT first, checksum FROM batches WHERE first IN (2, 4)").fetchall())
        for here, there in ((2, 4), (4, 2)):
            connection.execute(
                "UPDATE batches SET payload = ?, checksum = ? WHERE first = ?", (rows[there], sums[there], here)
            )
    connection.close()
    with opened(sealed, clock, keys(), read_only=True) as journal, pytest.raises(JournalCorrupt, match="batch 2"):
        read_all(journal)
    assert len(check(sealed, keys()).problems) == 2


def test_a_read_is_bounded_by_what_sealed_batches_unpack_to(folder, clock, monkeypatch):
    with opened(folder, clock, keys()) as journal:
        for number in range(1, 5):
            journal.append(entries(number, size=1000), "live")
        monkeypatch.setattr("opentrail.limits.JOURNAL_READ_BYTES", 2500)
        assert numbers(journal.read(0, 1000)) == [1, 2]

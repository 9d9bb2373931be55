"""Appends that nobody waits for share a transaction, and hold up nobody who waits."""

from pathlib import Path

import pytest

from opentrail import limits
from opentrail.clock import SettableClock
from opentrail.journal import Journal, committer
from tests.journal.making import entries, open_journal, read_all

LONG_SECONDS = 600.0
SOON_SECONDS = 30.0


@pytest.fixture(autouse=True)
def long_gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "GATHER_SECONDS", LONG_SECONDS)


def test_patient_appends_go_with_the_first_that_somebody_waits_for(journal: Journal):
    patient = [journal.submit(entries(number), "live", patient=True) for number in (1, 2)]
    assert not any(future.done() for future in patient)
    waited_for = journal.submit(entries(3), "live").result(SOON_SECONDS)
    assert [future.result(SOON_SECONDS).first for future in patient] == [1, 2]
    assert waited_for.first == 3
    assert len(journal.read(0, 10)) == 1  # one row, so one transaction


def test_a_full_batch_waits_for_nobody(journal: Journal):
    future = journal.submit(entries(*range(limits.JOURNAL_BATCH_EVENTS)), "live", patient=True)
    assert future.result(SOON_SECONDS).last == limits.JOURNAL_BATCH_EVENTS


def test_closing_writes_what_gathers(folder: Path, clock: SettableClock):
    with open_journal(folder, clock) as journal:
        journal.submit(entries(1), "live", patient=True)
    with open_journal(folder, clock) as journal:
        assert len(read_all(journal)) == 1


def test_after_a_while_patient_appends_are_written(monkeypatch: pytest.MonkeyPatch, journal: Journal):
    monkeypatch.setattr(committer, "GATHER_SECONDS", 0.001)
    assert journal.submit(entries(1), "live", patient=True).result(SOON_SECONDS).first == 1

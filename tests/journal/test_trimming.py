"""What trimming may take, and what it must leave."""

import random
import sqlite3
from pathlib import Path

import pytest

from opentrail import limits
from opentrail.clock import SettableClock
from opentrail.journal import Entries, Journal, trimming
from opentrail.journal.check import check
from tests.journal.making import HOUR_US, entries, numbers, open_journal, read_all


def append_hourly(journal: Journal, clock: SettableClock, count: int) -> None:
    for number in range(count):
        journal.append(entries(number), "live")
        clock.advance(3600)


def test_a_batch_goes_only_when_it_is_old_and_handled(journal: Journal, clock: SettableClock):
    append_hourly(journal, clock, 6)
    keep_after = clock.now_us() - 3 * HOUR_US
    assert journal.trim(keep_after) == 0  # nobody has said what it handled
    journal.set_position("history", 2)
    journal.set_position("trails", 6)
    assert journal.trim(keep_after) == 2
    assert numbers(read_all(journal)) == [2, 3, 4, 5]
    journal.set_position("history", 6)
    assert journal.trim(keep_after) == 1
    assert numbers(read_all(journal)) == [3, 4, 5]


def test_a_batch_handled_in_part_stays_whole(journal: Journal, clock: SettableClock):
    journal.append(entries(1, 2, 3), "live")
    clock.advance(3600)
    journal.set_position("history", 2)
    assert journal.trim(clock.now_us()) == 0
    journal.set_position("history", 3)
    assert journal.trim(clock.now_us()) == 3


def test_the_head_stays_when_everything_is_gone(folder: Path, clock: SettableClock):
    with open_journal(folder, clock) as journal:
        append_hourly(journal, clock, 5)
        journal.set_position("history", 5)
        assert journal.trim(clock.now_us()) == 5
        assert journal.head() == 5
        nothing = journal.read(0, 100)
        assert nothing == [] and nothing.through == 5
        assert check(folder).whole
    with open_journal(folder, clock) as journal:
        assert journal.append(entries(9), "live").first == 6
        assert numbers(journal.read(0, 100)) == [9] and numbers(journal.read(5, 100)) == [9]
    assert check(folder).whole


def test_a_clock_that_was_ahead_does_not_keep_batches_for_ever(journal: Journal, clock: SettableClock):
    clock.jump(10 * 365 * 86_400)
    journal.append(entries(0), "live")
    clock.jump(-10 * 365 * 86_400)
    journal.append(entries(1), "live")
    clock.advance(3600)
    journal.append(entries(2), "live")
    journal.set_position("history", 3)
    assert journal.trim(clock.now_us() - HOUR_US + 1) == 2
    assert numbers(read_all(journal)) == [2]


def test_a_clock_that_went_back_does_not_let_young_batches_go(journal: Journal, clock: SettableClock):
    journal.append(entries(0), "live")
    clock.jump(-7200)
    journal.append(entries(1), "live")
    clock.jump(7200)
    journal.set_position("history", 2)
    assert journal.trim(clock.now_us() - HOUR_US) == 0
    clock.advance(3601)
    assert journal.trim(clock.now_us() - HOUR_US) == 2


def test_the_file_shrinks_and_appends_go_on_meanwhile(
    folder: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "JOURNAL_FREE_PAGES", 100)
    monkeypatch.setattr(limits, "JOURNAL_TRIM_BYTES", 1_000_000)
    rows, row_bytes, kept = 200, 100_000, 50
    with open_journal(folder, clock) as journal:
        for number in range(rows):
            incompressible = random.Random(number).randbytes(row_bytes)
            journal.append(Entries.one("1", "r", "Management", 1, "id", incompressible), "live")
        clock.advance(3600)
        journal.set_position("history", rows - kept)
        pending = [journal.submit(entries(number), "live") for number in range(20)]
        assert journal.trim(clock.now_us()) == rows - kept
        assert [future.result().last for future in pending][-1] == rows + 20
    assert (folder / "journal.db").stat().st_size < (kept + 20) * row_bytes
    findings = check(folder)
    assert findings.whole and findings.first == rows - kept + 1
    mode = sqlite3.connect(folder / "journal.db").execute("PRAGMA auto_vacuum").fetchone()[0]
    assert mode == 2  # incremental: appends and ordinary deletes move no pages


def test_a_follower_set_back_while_trimming_stops_it(journal: Journal, clock: SettableClock, monkeypatch):
    monkeypatch.setattr(limits, "JOURNAL_TRIM_BATCHES", 2)
    append_hourly(journal, clock, 6)
    journal.set_position("history", 6)
    original = trimming._delete_some

    def set_back_after_the_first(connection, cut):
        result = original(connection, cut)
        if journal.position("history") == 6:
            journal.set_position("history", 3)
        return result

    monkeypatch.setattr(trimming, "_delete_some", set_back_after_the_first)
    assert journal.trim(clock.now_us()) == 3
    assert numbers(read_all(journal)) == [3, 4, 5]

"""What callers of the journal may rely on."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from opentrail import limits, telemetry
from opentrail.clock import SettableClock
from opentrail.journal import (
    Appended,
    Entries,
    EntriesRefused,
    Journal,
    JournalClosed,
    JournalMissing,
    JournalUnreadable,
    JournalUnwritable,
)
from tests.journal.making import entries, numbers, open_journal, read_all


def test_positions_begin_at_one_and_are_contiguous(journal: Journal, clock: SettableClock):
    assert journal.head() == 0
    assert journal.append(entries(1, 2, 3), "live") == Appended(1, 3, clock.now_us())
    assert journal.append(entries(4), "import") == Appended(4, 4, clock.now_us())
    assert journal.head() == 4


def test_read_gives_back_every_column_as_it_was_appended(journal: Journal, clock: SettableClock):
    mixed = Entries(
        ["1", "2"], ["eu-west-1", ""], ["Data", "Insight"], [-5, 2**62], ["ä", "\U0001f600"], [b"\x00\xff", b""]
    )
    journal.append(mixed, "channel:abc")
    (batch,) = journal.read(0, 10)
    assert (batch.first, batch.last, batch.origin, batch.appended_at_us) == (1, 2, "channel:abc", clock.now_us())
    assert batch.entries == mixed


def test_read_begins_with_the_batch_that_holds_the_next_position(journal: Journal):
    journal.append(entries(1, 2, 3), "live")
    journal.append(entries(4, 5), "live")
    assert [batch.first for batch in journal.read(0, 100)] == [1, 4]
    assert [batch.first for batch in journal.read(1, 100)] == [1, 4]
    assert [batch.first for batch in journal.read(3, 100)] == [4]
    assert journal.read(5, 100) == [] and journal.read(5, 100).through == 5


def test_read_takes_whole_batches_up_to_max_events_but_always_one(journal: Journal):
    for start in range(0, 12, 4):
        journal.append(entries(*range(start, start + 4)), "live")
    first = journal.read(0, 9)
    assert [batch.first for batch in first] == [1, 5] and first.through == 8
    assert [batch.first for batch in journal.read(0, 1)] == [1]


def test_read_passes_over_other_origins_and_says_how_far_it_came(journal: Journal):
    journal.append(entries(1), "live")
    journal.append(entries(2, 3), "import")
    found = journal.read(0, 100, origins=lambda origin: origin == "live")
    assert numbers(found) == [1] and found.through == 3
    nothing = journal.read(1, 100, origins=lambda origin: origin == "live")
    assert nothing == [] and nothing.through == 3


def test_a_read_is_bounded_in_bytes(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "JOURNAL_READ_BYTES", 5000)
    for number in range(4):
        journal.append(entries(number, size=2000), "live")
    assert numbers(journal.read(0, 100)) == [0, 1]


def test_large_submissions_become_several_rows_at_contiguous_positions(journal: Journal):
    count = limits.JOURNAL_BATCH_EVENTS * 2 + 7
    assert journal.append(entries(*range(count)), "import").last == count
    batches = read_all(journal)
    assert [batch.entries.count for batch in batches] == [limits.JOURNAL_BATCH_EVENTS, limits.JOURNAL_BATCH_EVENTS, 7]
    assert numbers(batches) == list(range(count))


def test_a_row_holds_at_most_batch_bytes(journal: Journal):
    journal.append(entries(1, 2, 3, size=limits.JOURNAL_BATCH_BYTES // 2), "live")
    assert [batch.entries.count for batch in read_all(journal)] == [2, 1]
    with pytest.raises(EntriesRefused, match="exceeds"):
        journal.append(entries(4, size=limits.JOURNAL_BATCH_BYTES + 1), "live")


def test_many_callers_share_fsyncs_and_each_keeps_its_own_range(journal: Journal):
    commits = telemetry.JOURNAL_COMMITS._value.get()
    futures: dict[int, Future[Appended]] = {}

    def submit(worker: int) -> None:
        for step in range(100):
            number = worker * 100 + step
            futures[number] = journal.submit(entries(number), "live")

    threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    at = {number: future.result() for number, future in futures.items()}
    stored = {}
    for batch in read_all(journal):
        stored.update(zip(numbers([batch]), range(batch.first, batch.last + 1), strict=True))
    assert stored == {number: appended.first for number, appended in at.items()}
    assert sorted(stored.values()) == list(range(1, 801))
    assert telemetry.JOURNAL_COMMITS._value.get() - commits < 400
    for worker in range(8):
        mine = [at[worker * 100 + step].first for step in range(100)]
        assert mine == sorted(mine)


def test_neighbours_of_different_origin_keep_their_origin(journal: Journal):
    for future in [journal.submit(entries(n), "live" if n % 2 else "import") for n in range(50)]:
        future.result()
    for batch in read_all(journal):
        assert {n % 2 for n in numbers([batch])} == {1 if batch.origin == "live" else 0}


def test_an_entry_that_cannot_be_encoded_fails_alone(journal: Journal):
    bad = Entries.one("1", "r", "Management", 2**70, "id", b"{}")
    futures = [journal.submit(bad if n == 3 else entries(n), "live") for n in range(6)]
    with pytest.raises(EntriesRefused, match="cannot be encoded"):
        futures[3].result()
    assert [future.result().first for n, future in enumerate(futures) if n != 3] == [1, 2, 3, 4, 5]


def test_entries_that_make_no_sense_are_refused(journal: Journal):
    with pytest.raises(EntriesRefused, match="no entries"):
        journal.append(Entries.empty(), "live")
    with pytest.raises(EntriesRefused, match="origin"):
        journal.append(entries(1), "")
    with pytest.raises(EntriesRefused, match="equally long"):
        Entries(["1"], [], [], [], [], [])
    crooked = entries(1, 2)
    crooked.bodies.pop()
    with pytest.raises(EntriesRefused, match="equally long"):
        journal.append(crooked, "live")
    assert journal.head() == 0


def test_a_submission_cannot_be_cancelled(journal: Journal):
    future = journal.submit(entries(1), "live")
    assert not future.cancel()
    assert future.result().first == 1


def test_intents_live_until_their_outcome(journal: Journal, clock: SettableClock):
    first, second = journal.submit_intent(b"one").result(), journal.submit_intent(b"two").result()
    assert [(i.number, i.body, i.submitted_at_us) for i in journal.intents()] == [
        (first, b"one", clock.now_us()),
        (second, b"two", clock.now_us()),
    ]
    journal.append(entries(1), "live", ends_intents=[first])
    assert [intent.body for intent in journal.intents()] == [b"two"]
    journal.append(entries(2), "live", ends_intents=[first])
    assert journal.submit_intent(b"three").result() > second
    with pytest.raises(EntriesRefused, match="exceeds"):
        journal.submit_intent(bytes(limits.JOURNAL_INTENT_BYTES + 1)).result()


def test_an_intent_can_be_brought_up_to_date_and_withdrawn(journal: Journal):
    first, second = journal.submit_intent(b"one").result(), journal.submit_intent(b"two").result()
    assert journal.submit_intent(b"one, further on", replaces=first).result() == first
    assert [(intent.number, intent.body) for intent in journal.intents()] == [
        (first, b"one, further on"),
        (second, b"two"),
    ]
    journal.withdraw_intent(second).result()
    journal.append(entries(1), "live", ends_intents=[first])
    assert journal.intents() == []
    assert journal.submit_intent(b"too late", replaces=first).result() == first
    assert journal.intents() == [], "what has ended does not come back"


def test_intents_share_transactions(journal: Journal):
    before = telemetry.JOURNAL_COMMITS._value.get()
    numbers = [future.result() for future in [journal.submit_intent(b"call %d" % n) for n in range(1000)]]
    for future in [journal.submit(entries(n + 1), "live", ends_intents=[number]) for n, number in enumerate(numbers)]:
        future.result()
    assert len(set(numbers)) == 1000 and journal.intents() == [] and journal.head() == 1000
    assert telemetry.JOURNAL_COMMITS._value.get() - before < 200


def test_positions_are_durable_and_never_beyond_the_head(folder: Path):
    with open_journal(folder) as journal:
        journal.append(entries(1, 2, 3), "live")
        assert journal.position("history") == 0
        journal.set_position("history", 3)
        journal.set_position("history", 2)
        with pytest.raises(ValueError, match="cannot be at 4"):
            journal.set_position("history", 4)
    with open_journal(folder) as journal:
        assert journal.positions() == {"history": 2}
        journal.forget_follower("history")
        assert journal.positions() == {}


def test_wait_wakes_at_once_on_an_append_here(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "JOURNAL_POLL_SECONDS", 30.0)
    heads: list[int] = []
    waiter = threading.Thread(target=lambda: heads.append(journal.wait(0, 20)))
    waiter.start()
    began = time.monotonic()
    journal.append(entries(1), "live")
    waiter.join()
    assert heads == [1] and time.monotonic() - began < 5


def test_wait_sees_appends_of_another_opener_and_gives_up_in_time(folder: Path, journal: Journal):
    assert journal.wait(0, 0.01) == 0
    with open_journal(folder) as other:
        other.append(entries(1), "import")
        assert journal.wait(0, 20) == 1


def test_a_reader_needs_a_journal(folder: Path, clock: SettableClock):
    with pytest.raises(JournalMissing):
        Journal.open(folder, clock, read_only=True)


def test_a_reader_reads_beside_a_writer_and_cannot_write(folder: Path, journal: Journal, clock: SettableClock):
    with Journal.open(folder, clock, read_only=True) as reader:
        journal.append(entries(1), "live")
        assert numbers(reader.read(0, 10)) == [1]
        assert not reader.writable()
        with pytest.raises(JournalUnwritable, match="reading only"):
            reader.append(entries(2), "live")
        with pytest.raises(JournalUnwritable, match="reading only"):
            reader.trim(0)


def test_close_writes_what_was_submitted_and_then_refuses(folder: Path, clock: SettableClock):
    journal = open_journal(folder, clock)
    futures = [journal.submit(entries(n), "live") for n in range(20)]
    journal.close()
    assert [future.result().first for future in futures] == list(range(1, 21))
    with pytest.raises(JournalClosed):
        journal.append(entries(21), "live")
    with pytest.raises(JournalUnreadable, match="closed"):
        journal.head()


def test_submissions_beyond_what_may_wait_are_refused(folder: Path, clock: SettableClock, monkeypatch):
    monkeypatch.setattr(limits, "JOURNAL_WAITING_EVENTS", 2)
    hold = threading.Event()

    class SlowClock(SettableClock):
        def now_us(self) -> int:
            hold.wait(20)
            return super().now_us()

    with open_journal(folder, SlowClock()) as journal:
        futures = [journal.submit(entries(n), "live") for n in range(12)]
        refused = [future for future in futures if future.done()]
        hold.set()
        assert refused
        for future in refused:
            assert isinstance(future.exception(), JournalUnwritable)
        kept = [future.result().first for future in futures if future not in refused]
        assert kept == list(range(1, journal.head() + 1))


def test_the_clock_may_jump_backwards(journal: Journal, clock: SettableClock):
    journal.append(entries(1), "live")
    clock.jump(-86_400)
    assert journal.append(entries(2), "live").first == 2
    assert numbers(read_all(journal)) == [1, 2]
    first, second = read_all(journal)
    assert second.appended_at_us < first.appended_at_us

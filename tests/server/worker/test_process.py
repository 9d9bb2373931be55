"""The worker outlives a trim that fails."""

from pathlib import Path

from opentrail.clock import SystemClock
from opentrail.journal import Entries, Journal
from opentrail.server.worker.process import trim_journal


def test_a_trim_that_fails_ends_nothing(tmp_path: Path) -> None:
    clock = SystemClock()
    event = Entries.one("123456789012", "us-east-1", "Management", clock.now_us(), "e", b"{}")
    with Journal.open(tmp_path, clock) as journal:
        journal.append(event, "live")
        journal.set_position("history", 1)
        with Journal.open(tmp_path, clock, read_only=True) as unwritable:
            trim_journal(unwritable, clock.now_us() + 1)
        assert journal.read(0, 10).through == 1 and len(journal.read(0, 10)) == 1
        trim_journal(journal, clock.now_us() + 1)
        assert len(journal.read(0, 10)) == 0

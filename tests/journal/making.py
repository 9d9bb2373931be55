"""Entries for tests, told apart by a number."""

from pathlib import Path

from opentrail.clock import Clock, SystemClock
from opentrail.journal import Batch, Entries, Journal

HOUR_US = 3_600_000_000


def entries(*numbers: int, size: int = 20) -> Entries:
    """One event per number; its body begins with the number."""
    return Entries(
        ["111122223333"] * len(numbers),
        ["us-east-1"] * len(numbers),
        ["Management"] * len(numbers),
        [1_772_619_331_000_000 + number for number in numbers],
        [f"id-{number}" for number in numbers],
        [f"{number} ".encode().ljust(size, b".") for number in numbers],
    )


def numbers(batches: list[Batch]) -> list[int]:
    """The numbers of all events of `batches`, in order."""
    return [int(body.split()[0]) for batch in batches for body in batch.entries.bodies]


def read_all(journal: Journal) -> list[Batch]:
    """Every batch of the journal, as a follower reads it: step by step."""
    found: list[Batch] = []
    after = 0
    while (part := journal.read(after, 1000)).through > after:
        found += part
        after = part.through
    return found


def open_journal(folder: Path, clock: Clock | None = None) -> Journal:
    """A journal that does not mind how full the disk of the test machine is."""
    return Journal.open(folder, clock or SystemClock(), reserve_bytes=0)

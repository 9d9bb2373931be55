"""Proving a journal whole, trusting only its format; or naming what is not as it was written."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opentrail.errors import OpenTrailError
from opentrail.journal.database import open_reader, read_fault, snapshot
from opentrail.journal.entries import Entries
from opentrail.journal.faults import JournalCorrupt
from opentrail.journal.problems import MOST_PROBLEMS, Problems
from opentrail.journal.reading import Row, read_intents, read_positions, require_next
from opentrail.journal.sealing import Sealer


@dataclass(slots=True)
class Findings(Problems):
    """What was read, and each problem in a sentence that names the place."""

    batches: int = 0
    events: int = 0
    first: int = 0
    head: int = 0
    trimmed_through: int = 0
    intents: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    events_by_origin: dict[str, int] = field(default_factory=dict)


def check(folder: Path, sealer: Sealer | None = None) -> Findings:
    """Decode every batch of the journal in `folder` as it is at this moment; works beside a server and without.

    A missing or unreadable journal is a finding too; nothing is raised.
    """
    findings = Findings()
    try:
        connection = open_reader(folder)
    except OpenTrailError as error:
        findings.add(error.message)
        return findings
    try:
        with snapshot(connection):
            _check_state(connection, findings)
            _check_batches(connection, findings, sealer)
            _check_positions(connection, findings)
            _check_intents(connection, findings, sealer)
            _check_pages(connection, findings)
    except sqlite3.Error as error:
        findings.add(read_fault(error, "checking the journal").message)
    except OpenTrailError as error:
        findings.add(error.message)
    finally:
        connection.close()
    return findings


def batches(folder: Path, sealer: Sealer | None = None) -> Iterator[tuple[int, str, Entries]]:
    """(first, origin, entries) of every batch in one snapshot, for comparing with what was made of them.

    Raises JournalMissing, JournalUnreadable, JournalCorrupt.
    """
    connection = open_reader(folder)
    try:
        with snapshot(connection):
            for row in _rows(connection, 0):
                yield row.first, row.origin, row.batch(sealer).entries
    except sqlite3.Error as error:
        raise read_fault(error, "reading the journal") from error
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, after: int) -> Iterator[Row]:
    cursor = connection.execute(
        "SELECT first, count, origin, appended_at_us, checksum, payload FROM batches WHERE first > ? ORDER BY first",
        (after,),
    )
    return (Row(*values) for values in cursor)


def _check_state(connection: sqlite3.Connection, findings: Findings) -> None:
    states = connection.execute("SELECT trimmed_through FROM state").fetchall()
    if len(states) != 1 or not isinstance(states[0][0], int) or states[0][0] < 0:
        raise JournalCorrupt(f"the state table should hold one position, it holds {states!r:.200}")
    findings.trimmed_through = findings.head = states[0][0]


def _check_batches(connection: sqlite3.Connection, findings: Findings, sealer: Sealer | None) -> None:
    expected = findings.trimmed_through + 1
    last_seen = 0
    try:
        for row in _rows(connection, last_seen):
            last_seen = row.first
            try:
                require_next(row, expected)
            except JournalCorrupt as error:
                findings.add(error.message)
            if isinstance(row.count, int) and row.count >= 1:
                expected = row.last + 1
            try:
                row.batch(sealer)
            except (JournalCorrupt, TypeError) as error:
                findings.add(error.message if isinstance(error, JournalCorrupt) else f"batch {row.first}: {error}")
                continue
            findings.batches += 1
            findings.events += row.count
            findings.first = findings.first or row.first
            findings.head = row.last
            findings.events_by_origin[row.origin] = findings.events_by_origin.get(row.origin, 0) + row.count
    except sqlite3.Error as error:
        findings.add(read_fault(error, f"the batch after batch {last_seen} cannot be read").message)


def _check_positions(connection: sqlite3.Connection, findings: Findings) -> None:
    findings.positions = read_positions(connection)
    for name, position in sorted(findings.positions.items()):
        if position > findings.head:
            findings.add(f"follower {name} is at position {position}, the journal ends at {findings.head}")
        if position < findings.trimmed_through:
            findings.add(
                f"follower {name} is at position {position}, but the journal has been trimmed through "
                f"{findings.trimmed_through}: what lies between is gone"
            )


def _check_intents(connection: sqlite3.Connection, findings: Findings, sealer: Sealer | None) -> None:
    findings.intents = len(read_intents(connection, sealer))


def _check_pages(connection: sqlite3.Connection, findings: Findings) -> None:
    """SQLite's own look at its pages: finds damage in pages that no row above lies on."""
    for (line,) in connection.execute(f"PRAGMA quick_check({MOST_PROBLEMS})"):
        if line != "ok":
            findings.add(f"SQLite: {line}")

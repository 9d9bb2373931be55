"""Reading batches: rows in order, without a gap, each verified."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opentrail import limits
from opentrail.journal import payload
from opentrail.journal.database import HEAD, read_fault, snapshot
from opentrail.journal.entries import Batch, Intent, ReadResult
from opentrail.journal.faults import JournalCorrupt, JournalSealed
from opentrail.journal.sealing import MARK, Sealer, opened_by

Origins = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it lies in the file; `packed` and `checksum` are None where its origin was not wanted."""

    first: int
    count: int
    origin: str
    appended_at_us: int
    checksum: bytes | None
    packed: bytes | None

    @property
    def last(self) -> int:
        """Position of the last event."""
        return self.first + self.count - 1

    def batch(self, sealer: Sealer | None) -> Batch:
        """Verified and unpacked; raises JournalCorrupt naming the batch, and what opening a sealed one raises."""
        if not isinstance(self.packed, bytes) or not isinstance(self.checksum, bytes):
            raise JournalCorrupt(f"batch {self.first}: payload or checksum is missing")
        entries = payload.unpack(
            self.packed, self.checksum, self.first, self.count, self.origin, self.appended_at_us, sealer
        )
        return Batch(first=self.first, origin=self.origin, appended_at_us=self.appended_at_us, entries=entries)


def read_head(connection: sqlite3.Connection) -> int:
    """The last position ever given, 0 before the first; trimming does not lower it."""
    try:
        return int(connection.execute(HEAD).fetchone()[0])
    except sqlite3.Error as error:
        raise read_fault(error, "reading the head of the journal") from error


def read_trimmed_through(connection: sqlite3.Connection) -> int:
    """The last position that trimming has deleted, 0 before the first."""
    try:
        return int(connection.execute("SELECT trimmed_through FROM state").fetchone()[0])
    except sqlite3.Error as error:
        raise read_fault(error, "reading how far the journal is trimmed") from error


def read_position(connection: sqlite3.Connection, follower: str) -> int:
    """The durable position of `follower`, 0 for one that is not known."""
    try:
        row = connection.execute("SELECT position FROM followers WHERE name = ?", (follower,)).fetchone()
    except sqlite3.Error as error:
        raise read_fault(error, "reading a follower's position") from error
    return int(row[0]) if row else 0


def read_positions(connection: sqlite3.Connection) -> dict[str, int]:
    """Every follower's durable position by name."""
    try:
        return {str(name): int(at) for name, at in connection.execute("SELECT name, position FROM followers")}
    except sqlite3.Error as error:
        raise read_fault(error, "reading the followers' positions") from error


def require_sealer(connection: sqlite3.Connection, sealer: Sealer | None) -> None:
    """Raise JournalSealed where the newest batch is sealed and there is nobody to seal the next one."""
    if sealer is not None:
        return
    newest = "SELECT substr(payload, 1, ?) FROM batches ORDER BY first DESC LIMIT 1"
    try:
        row = connection.execute(newest, (len(MARK),)).fetchone()
    except sqlite3.Error as error:
        raise read_fault(error, "reading the newest batch") from error
    if row is not None and row[0] == MARK:
        raise JournalSealed


def read_intents(
    connection: sqlite3.Connection, sealer: Sealer | None, writer: str | None = None, most: int = -1
) -> list[Intent]:
    """Intents without an outcome, of `writer` or of all, oldest first; raises JournalCorrupt naming a damaged one."""
    of_writer, values = ("", (most,)) if writer is None else ("WHERE writer = ?", (writer, most))
    about = "number, submitted_at_us, checksum, body"
    try:
        rows = connection.execute(f"SELECT {about} FROM intents {of_writer} ORDER BY number LIMIT ?", values)
        intents = []
        for number, submitted_at_us, checksum, body in rows:
            if intent_checksum(body, submitted_at_us) != checksum:
                raise JournalCorrupt(f"intent {number}: the checksum does not fit: the row has been changed")
            intents.append(Intent(number, submitted_at_us, opened_by(sealer, body)))
    except sqlite3.Error as error:
        raise read_fault(error, "reading the intents") from error
    return intents


def intent_checksum(body: bytes, submitted_at_us: int) -> bytes:
    """The checksum kept beside an intent; its number is given by SQLite and therefore not part of it."""
    return payload.checksum(body, 0, 1, "intent", submitted_at_us)


def read_batches(
    connection: sqlite3.Connection, after: int, max_events: int, origins: Origins | None, sealer: Sealer | None
) -> ReadResult:
    """Whole batches from the one that holds position `after + 1` on; see Journal.read."""
    try:
        with snapshot(connection):
            rows, through = _read_rows(connection, after, max_events, origins)
    except sqlite3.Error as error:
        raise read_fault(error, f"reading the batches after position {after}") from error
    return ReadResult((row.batch(sealer) for row in rows), through)


def _read_rows(
    connection: sqlite3.Connection, after: int, max_events: int, origins: Origins | None
) -> tuple[list[Row], int]:
    start = connection.execute("SELECT max(first) FROM batches WHERE first <= ?", (after + 1,)).fetchone()[0]
    if start is None:
        start = expected = connection.execute("SELECT trimmed_through FROM state").fetchone()[0] + 1
    else:
        expected = start
    rows: list[Row] = []
    through, events, unpacked = after, 0, 0
    for row in _select(connection, start, origins):
        require_next(row, expected)
        expected = row.last + 1
        if row.last <= after:
            continue
        if row.packed is not None:
            events += row.count
            unpacked += max(payload.unpacked_bytes(row.packed), 0)
            if rows and (events > max_events or unpacked > limits.JOURNAL_READ_BYTES):
                break
            rows.append(row)
        through = row.last
        if events >= max_events:
            break
    if not rows and through == after:
        # Everything up to here may have been trimmed; then there is nothing left to come to.
        through = max(after, expected - 1)
    return rows, through


def require_next(row: Row, expected: int) -> None:
    """Raise JournalCorrupt unless `row` is the batch that begins at position `expected`."""
    if not (isinstance(row.count, int) and isinstance(row.origin, str) and isinstance(row.appended_at_us, int)):
        raise JournalCorrupt(f"batch {row.first}: a column does not hold what the format says")
    if row.count < 1:
        raise JournalCorrupt(f"batch {row.first}: holds {row.count} events")
    if row.first != expected:
        raise JournalCorrupt(f"batch {expected} is missing: the batch at {row.first} comes next")


def _select(connection: sqlite3.Connection, start: int, origins: Origins | None) -> Iterator[Row]:
    columns = "first, count, origin, appended_at_us, checksum, payload"
    if origins is not None:
        # SQLite does not read the pages of a payload that it need not return: batches passed over cost little.
        connection.create_function("wanted", 1, origins, deterministic=True)
        columns = "first, count, origin, appended_at_us, checksum, CASE WHEN wanted(origin) THEN payload END"
    cursor = connection.execute(
        f"SELECT {columns} FROM batches WHERE first >= ? ORDER BY first LIMIT ?", (start, limits.JOURNAL_READ_ROWS)
    )
    return (Row(*values) for values in cursor)

"""Trimming: deleting batches that are old enough and that every follower has handled."""

import sqlite3

from opentrail import limits
from opentrail.journal.database import primary_code, transaction, write_fault


def trim(connection: sqlite3.Connection, keep_after_us: int, now_us: int) -> int:
    """Delete the oldest batches in small transactions; how many events went. Raises JournalUnwritable."""
    removed = 0
    try:
        cut = _cut(connection, keep_after_us, now_us)
        while cut:
            count, more = _delete_some(connection, cut)
            removed += count
            if not more:
                break
        if removed:
            _give_back(connection)
    except sqlite3.Error as error:
        raise write_fault(error) from error
    return removed


def _cut(connection: sqlite3.Connection, keep_after_us: int, now_us: int) -> int:
    """First position of the last batch that may go; 0 if none may.

    Only a prefix of the journal may go. A batch stamped later than now comes from a clock that has since been set
    back: it was appended before its successors, so it does not hold them, and goes when one of them may.
    """
    slowest = connection.execute("SELECT min(position) FROM followers").fetchone()[0]
    if slowest is None:
        # Nobody follows yet: then nobody has handled anything.
        return 0
    young = connection.execute(
        "SELECT first FROM batches WHERE appended_at_us BETWEEN ? AND ? ORDER BY first LIMIT 1", (keep_after_us, now_us)
    ).fetchone()
    bound = young[0] - 1 if young else slowest
    last = connection.execute(
        """SELECT first FROM batches WHERE first <= ? AND first + count - 1 <= ? AND appended_at_us < ?
           ORDER BY first DESC LIMIT 1""",
        (min(bound, slowest), slowest, keep_after_us),
    ).fetchone()
    return int(last[0]) if last else 0


def _delete_some(connection: sqlite3.Connection, cut: int) -> tuple[int, bool]:
    """Delete up to JOURNAL_TRIM_BATCHES; (events deleted, whether some are left)."""
    with transaction(connection):
        rows = connection.execute(
            "SELECT first, count FROM batches WHERE first <= ? ORDER BY first LIMIT ?",
            (cut, limits.JOURNAL_TRIM_BATCHES),
        ).fetchall()
        # A follower may have been set back since the cut was chosen.
        slowest = connection.execute("SELECT min(position) FROM followers").fetchone()[0]
        rows = [(first, count) for first, count in rows if slowest is not None and first + count - 1 <= slowest]
        if not rows:
            return 0, False
        first, count = rows[-1]
        connection.execute("DELETE FROM batches WHERE first <= ?", (first,))
        connection.execute("UPDATE state SET trimmed_through = ?", (first + count - 1,))
    return sum(count for _, count in rows), first < cut


def _give_back(connection: sqlite3.Connection) -> None:
    """Shrink the file, once free pages are a large share of it; fewer are soon used by the next appends."""
    while True:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        if free <= limits.JOURNAL_VACUUM_PAGES or free < pages * limits.JOURNAL_FREE_SHARE:
            return
        with transaction(connection):
            connection.execute(f"PRAGMA incremental_vacuum({limits.JOURNAL_VACUUM_PAGES})").fetchall()
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.OperationalError as error:
            if primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise

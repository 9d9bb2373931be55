"""Trimming: deleting batches that are old enough and that every follower has handled."""

import sqlite3

from opentrail import limits
from opentrail.journal.database import set_auto_vacuum, transaction, write_fault


def trim(connection: sqlite3.Connection, keep_after_us: int, now_us: int) -> int:
    """Delete the oldest batches in small transactions; how many events went. Raises JournalUnwritable."""
    removed = 0
    shrinking = False
    try:
        cut = _cut(connection, keep_after_us, now_us)
        while cut:
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            if free > limits.JOURNAL_FREE_PAGES and not shrinking:
                _shrink_on_commit(connection, True)
                shrinking = True
            count, more = _delete_some(connection, cut)
            removed += count
            if not more:
                break
    except sqlite3.Error as error:
        raise write_fault(error) from error
    finally:
        if shrinking:
            _shrink_on_commit(connection, False)
    return removed


def _shrink_on_commit(connection: sqlite3.Connection, wanted: bool) -> None:
    """Whether a commit gives free pages back to the file system by moving the last pages of the file into them.

    Free pages are soon used by new appends, so that some are left where they are. `PRAGMA incremental_vacuum` is not
    the way: it searches the list of free pages anew for each page, two minutes for half a gigabyte.
    """
    set_auto_vacuum(connection, "FULL" if wanted else "INCREMENTAL")


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
    """Delete up to JOURNAL_TRIM_BATCHES or JOURNAL_TRIM_BYTES; (events deleted, whether some are left)."""
    with transaction(connection):
        # A follower may have been set back, or have appeared, since the cut was chosen.
        slowest = connection.execute("SELECT min(position) FROM followers").fetchone()[0]
        events = size = first = last = 0
        for first, count, payload_bytes in connection.execute(
            "SELECT first, count, length(payload) FROM batches WHERE first <= ? ORDER BY first LIMIT ?",
            (cut, limits.JOURNAL_TRIM_BATCHES),
        ):
            if slowest is None or first + count - 1 > slowest:
                cut = last
                break
            events += count
            size += payload_bytes
            last = first + count - 1
            if size >= limits.JOURNAL_TRIM_BYTES:
                break
        if not events:
            return 0, False
        connection.execute("DELETE FROM batches WHERE first <= ?", (last,))
        connection.execute("UPDATE state SET trimmed_through = ?", (last,))
    return events, last < cut

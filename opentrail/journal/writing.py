"""The statements of an append, inside whose transaction they are."""

import sqlite3
from collections.abc import Iterable

from opentrail.journal.payload import Packed


def insert_row(connection: sqlite3.Connection, row: Packed, first: int, origin: str, now_us: int) -> int:
    """Put `row` at position `first`, which must follow the head; the new head."""
    connection.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)",
        (first, row.count, origin, now_us, row.checksum(first, origin, now_us), row.payload),
    )
    return first + row.count - 1


def end_intents(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Delete intents whose outcome is in this transaction."""
    for number in numbers:
        connection.execute("DELETE FROM intents WHERE number = ?", (number,))

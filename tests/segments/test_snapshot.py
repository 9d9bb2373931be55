"""Reading the table beside a committer that may die at any moment."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from opentrail.segments.columns import table_of
from opentrail.segments.faults import TableUnreadable
from opentrail.segments.layout import HISTORY
from opentrail.segments.snapshot import SnapshotReader
from opentrail.segments.table import EventTable
from opentrail.segments.writer import write_segment
from tests.segments.made_events import START_US, batch_of, made_entries

# Enough changed pages for SQLite to write some of them into the database before the transaction ends.
DIE_IN_A_TRANSACTION = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE iceberg_tables SET metadata_location = 'half-written'")
connection.execute("CREATE TABLE filler (content BLOB)")
connection.executemany("INSERT INTO filler VALUES (?)", [(os.urandom(4000),) for _ in range(200)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_committer_killed_in_its_transaction_leaves_a_readable_table(tmp_path: Path) -> None:
    table = EventTable.open(tmp_path)
    columns = table_of([batch_of(made_entries(50), 1, appended_at_us=START_US)])
    table.append([write_segment(table.data_folder, [columns], START_US).path], 50)
    table.close()
    database = tmp_path / HISTORY.catalog_file
    subprocess.run([sys.executable, "-c", DIE_IN_A_TRANSACTION, str(database)], check=False)
    assert database.with_name(f"{HISTORY.catalog_file}-journal").stat().st_size > 0, (
        "nothing to play back: the test is idle"
    )
    reader = SnapshotReader(tmp_path)
    assert reader.load().rows == 50
    reader.close()


def test_a_damaged_or_locked_catalog_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / HISTORY.catalog_file).write_bytes(b"no database at all" * 400)
    reader = SnapshotReader(tmp_path)
    with pytest.raises(TableUnreadable, match=HISTORY.catalog_file):
        reader.location()
    reader.close()
    monkeypatch.setattr("opentrail.segments.snapshot._BUSY_SECONDS", 0.01)
    (tmp_path / HISTORY.catalog_file).unlink()
    with closing(sqlite3.connect(tmp_path / HISTORY.catalog_file)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        reader = SnapshotReader(tmp_path)
        with pytest.raises(TableUnreadable, match="locked"):
            reader.location()
        holder.rollback()
        assert reader.location() == ""
        reader.close()

"""The journal's SQLite file: its tables, and how connections to it are opened."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.journal.faults import JournalCorrupt, JournalMissing, JournalUnreadable, JournalUnwritable

FILE_NAME = "journal.db"
APPLICATION_ID = 0x4F54524A  # "OTRJ"
FORMAT_VERSION = 1
PAGE_BYTES = 4096
WAL_BYTES = 64 * limits.MIB  # what the write-ahead log keeps on disk after a burst

TABLES = (
    """CREATE TABLE IF NOT EXISTS batches (
        first INTEGER PRIMARY KEY,
        count INTEGER NOT NULL,
        origin TEXT NOT NULL,
        appended_at_us INTEGER NOT NULL,
        checksum BLOB NOT NULL,
        payload BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS state (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        trimmed_through INTEGER NOT NULL,
        probes INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS followers (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        moved_at_us INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS intents (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        submitted_at_us INTEGER NOT NULL,
        checksum BLOB NOT NULL,
        body BLOB NOT NULL,
        writer TEXT)""",
)
_ADD_WRITER = "ALTER TABLE intents ADD COLUMN writer TEXT"
HEAD = """SELECT coalesce((SELECT first + count - 1 FROM batches ORDER BY first DESC LIMIT 1),
                          (SELECT trimmed_through FROM state))"""

_INCREMENTAL = 2
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_TAKEN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 where the error did not come from SQLite itself."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def read_fault(error: sqlite3.Error, doing: str) -> OpenTrailError:
    """What a failed read means."""
    extended = int(getattr(error, "sqlite_errorcode", 0) or 0)
    if primary_code(error) in _DAMAGED or extended == sqlite3.SQLITE_IOERR_SHORT_READ:
        return JournalCorrupt(f"{doing}: {error}: the database file is damaged")
    return JournalUnreadable(f"{doing}: {error}")


def write_fault(error: BaseException) -> JournalUnwritable:
    """What a failed write means: nothing of it is there."""
    return JournalUnwritable(f"the journal cannot write: {error}")


def open_writer(folder: Path) -> sqlite3.Connection:
    """A connection that may write; makes folder, file and tables where they are missing, durably."""
    path = folder / FILE_NAME
    try:
        new = not path.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    except (OSError, sqlite3.Error) as error:
        raise JournalUnwritable(f"{path} cannot be opened for writing: {error}") from error
    try:
        _retry_while_taken(lambda: _configure(connection))
        _retry_while_taken(lambda: _create(connection, path))
        _require_writable(connection)
        if new:
            sync_folder(folder)
            sync_folder(folder.parent)
    except (OSError, sqlite3.Error) as error:
        connection.close()
        if isinstance(error, sqlite3.Error) and primary_code(error) in _DAMAGED:
            raise JournalCorrupt(f"{path}: {error}: the database file is damaged") from error
        raise JournalUnwritable(f"{path} cannot be opened for writing: {error}") from error
    except OpenTrailError:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    # The first two can only be chosen before the first table exists, and before WAL.
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {limits.JOURNAL_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    connection.execute("PRAGMA trusted_schema = OFF")


def _create(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == FORMAT_VERSION:
        _add_writer(connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in TABLES:
            connection.execute(table)
        connection.execute("INSERT OR IGNORE INTO state VALUES (1, 0, 0)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _require_writable(connection: sqlite3.Connection) -> None:
    # SQLite opens what it may not write for reading alone; where a log is there already, only a change tells.
    _retry_while_taken(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        connection.execute("UPDATE state SET probes = probes")
    finally:
        connection.execute("ROLLBACK")


def _add_writer(connection: sqlite3.Connection) -> None:
    """A journal from before intents had writers gets the column; programs of then do not mind it."""
    if _has_writer(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _has_writer(connection):  # another process may have been first
            connection.execute(_ADD_WRITER)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _has_writer(connection: sqlite3.Connection) -> bool:
    return any(column[1] == "writer" for column in connection.execute("PRAGMA table_info(intents)"))


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The format of the file, 0 while it is empty; raises JournalCorrupt for a file that is not ours."""
    with snapshot(connection):  # all three of one moment: another process may be making the file
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if empty and application == 0 and version == 0:
        return 0
    if application != APPLICATION_ID or version != FORMAT_VERSION:
        raise JournalCorrupt(
            f"{path}: expected journal format {FORMAT_VERSION}, got application {application:#x} format {version}"
        )
    return version


def open_reader(folder: Path) -> sqlite3.Connection:
    """A connection that only reads; works beside writers, without any, and on a read-only file system.

    Raises JournalMissing, JournalUnreadable, JournalCorrupt.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise JournalMissing(f"there is no journal at {path}")
    try:
        return _connect_to_read(path, "")
    except sqlite3.Error as error:
        # SQLite wants to make its shared index beside the database; where we cannot write, that fails.
        if primary_code(error) != sqlite3.SQLITE_CANTOPEN or os.access(folder, os.W_OK):
            raise read_fault(error, str(path)) from error
    log = path.with_name(path.name + "-wal")
    try:
        if log.exists() and log.stat().st_size > 0:
            # A log left by a crash: indexed in our own memory, without the locks that cannot be taken there.
            return _connect_to_read(path, "&vfs=unix-none", "PRAGMA locking_mode = EXCLUSIVE")
        return _connect_to_read(path, "&immutable=1")
    except (sqlite3.Error, OSError) as error:
        raise (
            read_fault(error, str(path)) if isinstance(error, sqlite3.Error) else JournalUnreadable(f"{path}: {error}")
        ) from error


def _connect_to_read(path: Path, options: str, pragma: str = "PRAGMA trusted_schema = OFF") -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=limits.JOURNAL_LOCK_SECONDS,
    )
    try:
        connection.execute(pragma)
        _require_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_tables(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == 0:
        raise JournalMissing(f"{path} is empty: its writer has not started yet")


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; SQLite does so for its logs, not for the database itself."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _retry_while_taken(act: Callable[[], object]) -> None:
    """Run `act`, again and again while another process holds the file."""
    deadline = time.monotonic() + limits.JOURNAL_LOCK_SECONDS
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _TAKEN or time.monotonic() > deadline:
                raise
        # SQLite's own busy handler sleeps up to 100 ms; a bulk appender next door would starve single appends.
        time.sleep(limits.JOURNAL_LOCK_RETRY_SECONDS)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """The only writer of all processes inside; durable after it, nothing of it there if it raises."""
    _retry_while_taken(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def set_auto_vacuum(connection: sqlite3.Connection, mode: str) -> None:
    """Switch between FULL and INCREMENTAL, for this connection and those opened later."""
    _retry_while_taken(lambda: connection.execute(f"PRAGMA auto_vacuum = {mode}"))


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Every statement inside sees the same state of the journal."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Readers:
    """Connections that only read, lent to one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._free: list[sqlite3.Connection] = []
        self._closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A connection for as long as the block lasts; raises JournalUnreadable once closed."""
        with self._lock:
            if self._closed:
                raise JournalUnreadable("the journal is closed")
            connection = self._free.pop() if self._free else None
        if connection is None:
            connection = open_reader(self._folder)
        try:
            yield connection
        finally:
            with self._lock:
                keep = not self._closed
                if keep:
                    self._free.append(connection)
            if not keep:
                connection.close()

    def close(self) -> None:
        """Close the idle connections now and the lent ones when they come back."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for connection in free:
            connection.close()

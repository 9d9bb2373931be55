"""Opening the catalog: one SQLite database, brought up to date under a lock by whoever opens it first.

`FOLDER/catalog.db`, WAL, synchronous=FULL: what a transaction wrote is on disk when it has ended. Transactions take
the write lock when they begin, so that none fails halfway because another process wrote in between; a connection
with the execution option `READING` only reads and takes no lock.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext

from opentrail import limits, telemetry
from opentrail.errors import OpenTrailError, Unavailable

FILE_NAME = "catalog.db"
NEWEST_VERSION = "0011"  # the last of migrations/versions; a test holds both together
READING = {"opentrail_reading": True}
_UNAVAILABLE = {  # primary result codes of https://www.sqlite.org/rescode.html
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}
_log = telemetry.logger("catalog")


class CatalogTooNew(OpenTrailError):
    """The catalog was written by a newer OpenTrail: use that version, or restore a copy from before."""


class CatalogUnreadable(OpenTrailError):
    """The catalog is not a database that OpenTrail can read."""


class CatalogUnavailable(Unavailable):
    """The catalog cannot be written at the moment. Nothing was changed; try again."""


def open_catalog(folder: Path, busy_seconds: float = limits.CATALOG_BUSY_SECONDS) -> Engine:
    """The catalog in `folder`, which is created where it is absent, at the newest version.

    A transaction waits `busy_seconds` for the write lock of another; after that, or where the disk is full or fails,
    it raises CatalogUnavailable, and nothing of it is there. Raises CatalogTooNew, CatalogUnreadable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _named, retval=True)
    if _version(path) != NEWEST_VERSION:
        with _migration_lock(folder):
            if _version(path) != NEWEST_VERSION:
                _migrate(engine)
    return engine


def _version(path: Path) -> str | None:
    """The version of the catalog; None where there is none yet."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=limits.CATALOG_BUSY_SECONDS)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None  # no such table: an empty file, or a creation that was cut off
        except sqlite3.DatabaseError as error:
            raise CatalogUnreadable(f"{path}: {error}") from error
    return str(row[0]) if row is not None else None


def _migrate(engine: Engine) -> None:
    # imported here because Alembic takes longer to load than an up-to-date catalog takes to open
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "opentrail.catalog:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise CatalogTooNew from error


@contextmanager
def _migration_lock(folder: Path) -> Iterator[None]:
    with (folder / "migration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so, schema changes included
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}").close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("opentrail_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _named(failure: ExceptionContext) -> BaseException | None:
    """What SQLite says of a locked file or a failing disk, as an error of ours; None leaves others as they are."""
    told = failure.original_exception
    if not isinstance(told, sqlite3.Error) or getattr(told, "sqlite_errorcode", 0) & 0xFF not in _UNAVAILABLE:
        return None
    _log.error("the catalog cannot be written", action="catalog-unavailable", error=str(told))
    return CatalogUnavailable()

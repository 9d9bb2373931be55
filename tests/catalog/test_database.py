"""The catalog opens at the newest version, from any state, by any number of processes at once."""

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from opentrail.catalog import access_tables, principal_tables
from opentrail.catalog.database import (
    NEWEST_VERSION,
    READING,
    CatalogTooNew,
    CatalogUnavailable,
    CatalogUnreadable,
    open_catalog,
)
from opentrail.catalog.tables import METADATA, imports


def test_the_newest_version_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", "opentrail.catalog:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST_VERSION


def test_migrations_lead_to_the_tables_as_declared(tmp_path):
    engine = open_catalog(tmp_path)
    with engine.connect() as connection:
        assert access_tables.METADATA is principal_tables.METADATA is METADATA  # all tables are known by now
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_catalog_is_durable_and_keeps_its_rows(tmp_path):
    engine = open_catalog(tmp_path)
    with engine.begin() as connection:
        connection.execute(insert(imports).values(source="s", state="running", started_at=1, journal_position=0))
    engine.dispose()
    engine = open_catalog(tmp_path)
    with engine.connect() as connection:
        assert connection.execute(select(imports.c.id, imports.c.source)).one() == (1, "s")
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    engine.dispose()


def test_an_up_to_date_catalog_opens_without_alembic(tmp_path):
    open_catalog(tmp_path).dispose()
    program = (
        "import sys, pathlib; from opentrail.catalog.database import open_catalog;"
        "open_catalog(pathlib.Path(sys.argv[1])).connect().close(); assert 'alembic' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0
    began = time.perf_counter()
    open_catalog(tmp_path).dispose()
    assert time.perf_counter() - began < 0.1


def test_processes_that_open_at_once_migrate_once(tmp_path):
    opening = "open_catalog(pathlib.Path(sys.argv[1]))"
    program = f"import sys, pathlib; from opentrail.catalog.database import open_catalog; {opening}"
    processes = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(30) for process in processes] == [0, 0, 0]


def test_a_creation_that_was_cut_off_is_done_again(tmp_path):
    (tmp_path / "catalog.db").touch()
    engine = open_catalog(tmp_path)
    with engine.connect() as connection:
        assert connection.execute(select(imports)).all() == []
    engine.dispose()


def test_a_newer_catalog_is_refused(tmp_path):
    open_catalog(tmp_path).dispose()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(CatalogTooNew):
        open_catalog(tmp_path)


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(CatalogUnreadable, match=r"catalog\.db"):
        open_catalog(tmp_path)


def test_transactions_that_read_before_they_write_do_not_fail_each_other(tmp_path):
    engine = open_catalog(tmp_path)

    def count_up(_):
        for _ in range(20):
            with engine.begin() as connection:
                rows = len(connection.execute(select(imports.c.id)).all())
                connection.execute(
                    insert(imports).values(source=f"{rows}", state="s", started_at=rows, journal_position=0)
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))
    with engine.connect().execution_options(**READING) as connection:
        assert len(connection.execute(select(imports)).all()) == 80
    engine.dispose()


def test_readers_do_not_wait_for_a_writer(tmp_path):
    engine = open_catalog(tmp_path)
    with engine.begin() as writing:
        writing.execute(insert(imports).values(source="s", state="running", started_at=1, journal_position=0))
        with engine.connect().execution_options(**READING) as reading:
            assert reading.execute(select(imports)).all() == []
    engine.dispose()


def test_a_locked_catalog_is_told_in_time_and_can_be_used_afterwards(tmp_path):
    engine, holder = open_catalog(tmp_path, busy_seconds=0.1), open_catalog(tmp_path)
    with holder.begin():
        began = time.monotonic()
        with pytest.raises(CatalogUnavailable), engine.begin():
            pass
        assert time.monotonic() - began < 5
        with engine.connect().execution_options(**READING) as reading:
            assert reading.execute(select(imports)).all() == []
    with engine.begin() as connection:
        connection.execute(insert(imports).values(source="s", state="running", started_at=1, journal_position=0))
    with engine.connect().execution_options(**READING) as reading:
        assert len(reading.execute(select(imports)).all()) == 1
    holder.dispose()
    engine.dispose()


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path):
    engine = open_catalog(tmp_path)
    with pytest.raises(CatalogUnavailable), engine.begin() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
        for _ in range(100):
            row = insert(imports).values(source="s" * 4096, state="running", started_at=1, journal_position=0)
            connection.execute(row)
    engine.dispose()
    again = open_catalog(tmp_path)
    with again.connect().execution_options(**READING) as reading:
        assert reading.execute(select(imports)).all() == []
    again.dispose()

"""What an import has done, kept in the catalog, so that a broken-off import goes on where it was.

One row of `imports` for each source; its files in `import_files` are those whose records are durable in the journal.
A finished import starts afresh the next time; its rows stay until then and can be looked into.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from opentrail.catalog import tables
from opentrail.catalog.database import READING
from opentrail.clock import Clock
from opentrail.history.import_counts import ImportCounts
from opentrail.objects.documents import Fault
from opentrail.objects.port import ObjectInfo, printable_key

RUNNING = "running"
FINISHED = "finished"
KEYS_IN_ONE_QUESTION = 500


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file that was read to its end."""

    key: str
    fingerprint: str
    kept: int
    duplicates: int
    set_aside: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class SetAsideRecord:
    """A record, or with no `index` a whole file or its rest, that was set aside, and why."""

    key: str
    index: int | None
    reason: str


class ImportLedger:
    """The ledger of one source's import; every method is one transaction, durable on return."""

    def __init__(self, engine: Engine, source: str, clock: Clock) -> None:
        self._engine = engine
        self._source = source
        self._clock = clock
        self._import_id = 0

    def begin(self) -> ImportCounts:
        """Go on with an unfinished import of the source, or start one; what it has done so far."""
        with self._engine.begin() as connection:
            row = connection.execute(
                select(tables.imports.c.id, tables.imports.c.state).where(tables.imports.c.source == self._source)
            ).one_or_none()
            now_us = self._clock.now_us()
            if row is None:
                fresh = insert(tables.imports).values(source=self._source, state=RUNNING, started_at=now_us)
                connection.execute(fresh)
                self._import_id = connection.execute(
                    select(tables.imports.c.id).where(tables.imports.c.source == self._source)
                ).scalar_one()
                return ImportCounts()
            self._import_id = row.id
            if row.state == FINISHED:
                for old in (tables.import_files, tables.set_aside):
                    connection.execute(delete(old).where(old.c.import_id == row.id))
                again = update(tables.imports).where(tables.imports.c.id == row.id)
                connection.execute(again.values(state=RUNNING, started_at=now_us, finished_at=None))
                return ImportCounts()
            return self._so_far(connection)

    def _so_far(self, connection: Connection) -> ImportCounts:
        columns = [
            func.coalesce(func.sum(tables.import_files.c[name]), 0) for name in ("kept", "duplicates", "set_aside")
        ]
        files, kept, duplicates, set_aside = connection.execute(
            select(func.count(), *columns)
            .select_from(tables.import_files)
            .where(tables.import_files.c.import_id == self._import_id)
        ).one()
        faulty = connection.execute(
            select(func.count(func.distinct(tables.set_aside.c.key)))
            .where(tables.set_aside.c.import_id == self._import_id)
            .where(tables.set_aside.c.record_index.is_(None))
            .where(
                tables.set_aside.c.key.in_(
                    select(tables.import_files.c.key).where(tables.import_files.c.import_id == self._import_id)
                )
            )
        ).scalar_one()
        return ImportCounts(
            files_before=files,
            files_set_aside=faulty,
            records_in=kept + duplicates + set_aside,
            kept=kept,
            duplicates=duplicates,
            set_aside=set_aside,
        )

    def not_done(self, infos: Iterable[ObjectInfo]) -> Iterator[ObjectInfo]:
        """Those of `infos`, in order, that are not done yet or have been written anew since."""
        window: list[ObjectInfo] = []
        for info in infos:
            window.append(info)
            if len(window) == KEYS_IN_ONE_QUESTION:
                yield from self._not_done(window)
                window = []
        yield from self._not_done(window)

    def _not_done(self, window: list[ObjectInfo]) -> Iterator[ObjectInfo]:
        if not window:
            return
        question = select(tables.import_files.c.key, tables.import_files.c.fingerprint).where(
            tables.import_files.c.import_id == self._import_id,
            tables.import_files.c.key.in_([printable_key(info.key) for info in window]),
        )
        with self._engine.connect().execution_options(**READING) as connection:
            done = {row.key: row.fingerprint for row in connection.execute(question)}
        for info in window:
            if done.get(printable_key(info.key)) != info.fingerprint or not info.fingerprint:
                yield info

    def done(self, outcomes: Sequence[FileOutcome]) -> None:
        """These files are done: what was kept of them is durable in the journal."""
        if not outcomes:
            return
        keys = [outcome.key for outcome in outcomes]
        rows = [
            {
                "import_id": self._import_id,
                "key": outcome.key,
                "fingerprint": outcome.fingerprint,
                "kept": outcome.kept,
                "duplicates": outcome.duplicates,
                "set_aside": outcome.set_aside,
            }
            for outcome in outcomes
        ]
        with self._engine.begin() as connection:
            self._forget(connection, keys)
            connection.execute(insert(tables.import_files), rows)
            self._add_faults(connection, [(outcome.key, outcome.faults) for outcome in outcomes])

    def unreadable(self, key: str, reason: str) -> None:
        """This file could not be read; it is tried again when the import goes on."""
        with self._engine.begin() as connection:
            self._forget(connection, [key])
            self._add_faults(connection, [(key, [Fault(None, reason)])])

    def finish(self) -> None:
        """Everything was done; the next import of the source starts afresh."""
        done = update(tables.imports).where(tables.imports.c.id == self._import_id)
        with self._engine.begin() as connection:
            connection.execute(done.values(state=FINISHED, finished_at=self._clock.now_us()))

    def set_aside(self) -> Iterator[SetAsideRecord]:
        """Everything that was set aside, in the order of files and records."""
        question = (
            select(tables.set_aside.c.key, tables.set_aside.c.record_index, tables.set_aside.c.reason)
            .where(tables.set_aside.c.import_id == self._import_id)
            .order_by(tables.set_aside.c.key, tables.set_aside.c.record_index)
        )
        with self._engine.connect().execution_options(yield_per=1000, **READING) as connection:
            for row in connection.execute(question):
                yield SetAsideRecord(row.key, row.record_index, row.reason)

    def _forget(self, connection: Connection, keys: list[str]) -> None:
        for start in range(0, len(keys), KEYS_IN_ONE_QUESTION):
            some = keys[start : start + KEYS_IN_ONE_QUESTION]
            for old in (tables.import_files, tables.set_aside):
                connection.execute(delete(old).where(old.c.import_id == self._import_id, old.c.key.in_(some)))

    def _add_faults(self, connection: Connection, faults: Iterable[tuple[str, Sequence[Fault]]]) -> None:
        rows = [
            {"import_id": self._import_id, "key": key, "record_index": fault.index, "reason": fault.reason}
            for key, found in faults
            for fault in found
        ]
        if rows:
            connection.execute(insert(tables.set_aside), rows)

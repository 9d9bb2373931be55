"""What an import has done, kept in the catalog, so that a broken-off import goes on where it was.

One row of `imports` for each source. A row of `import_files` tells of the elements of one file, all or the first few,
whose records are durable in the journal; what was appended after `journal_position` is not told yet. A finished
import starts afresh the next time; its rows stay until then and can be looked into.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, update

from opentrail.catalog.database import READING
from opentrail.catalog.tables import import_files, imports, set_aside
from opentrail.clock import Clock
from opentrail.history.import_counts import ImportCounts
from opentrail.objects.documents import Fault
from opentrail.objects.port import ObjectInfo, printable_key

RUNNING = "running"
FINISHED = "finished"
KEYS_IN_ONE_QUESTION = 500


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file up to now. `elements`: so many are done, or None for all of it.

    `faults` are those that the ledger does not have yet; with `afresh` it forgets what it has of the file.
    """

    key: str
    fingerprint: str
    elements: int | None
    kept: int
    duplicates: int
    set_aside: int
    faults: Sequence[Fault]
    afresh: bool


@dataclass(frozen=True, slots=True)
class DoneInPart:
    """A file that an earlier run was reading when it was broken off."""

    fingerprint: str
    elements: int
    kept: int
    duplicates: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an import stands when a run begins."""

    counts: ImportCounts
    in_part: dict[str, DoneInPart]
    journal_position: int
    goes_on: bool


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

    def begin(self, journal_position: int) -> Standing:
        """Go on with an unfinished import of the source, or start one while the journal is at that position."""
        question = select(imports).where(imports.c.source == self._source)
        fresh = {"state": RUNNING, "started_at": self._clock.now_us(), "journal_position": journal_position}
        with self._engine.begin() as connection:
            row = connection.execute(question).one_or_none()
            if row is None:
                connection.execute(insert(imports).values(source=self._source, **fresh))
                self._import_id = connection.execute(question).one().id
                return Standing(ImportCounts(), {}, journal_position, False)
            self._import_id = row.id
            if row.state == RUNNING:
                counts, in_part = self._so_far(connection)
                return Standing(counts, in_part, row.journal_position, True)
            for old in (import_files, set_aside):
                connection.execute(delete(old).where(old.c.import_id == row.id))
            connection.execute(update(imports).where(imports.c.id == row.id).values(finished_at=None, **fresh))
            return Standing(ImportCounts(), {}, journal_position, False)

    def _so_far(self, connection: Connection) -> tuple[ImportCounts, dict[str, DoneInPart]]:
        mine = import_files.c.import_id == self._import_id
        whole = import_files.c.elements.is_(None)
        columns = [func.coalesce(func.sum(import_files.c[name]), 0) for name in ("kept", "duplicates", "set_aside")]
        files, kept, duplicates, bad = connection.execute(select(func.count(), *columns).where(mine, whole)).one()
        faulty = connection.execute(
            select(func.count(func.distinct(set_aside.c.key)))
            .where(set_aside.c.import_id == self._import_id, set_aside.c.record_index.is_(None))
            .where(set_aside.c.key.in_(select(import_files.c.key).where(mine, whole)))
        ).scalar_one()
        in_part = {
            row.key: DoneInPart(row.fingerprint, row.elements, row.kept, row.duplicates, row.set_aside)
            for row in connection.execute(select(import_files).where(mine, ~whole))
        }
        counts = ImportCounts(
            files_before=files,
            files_set_aside=faulty,
            records_in=kept + duplicates + bad,
            kept=kept,
            duplicates=duplicates,
            set_aside=bad,
        )
        return counts, in_part

    def not_done(self, infos: Iterable[ObjectInfo]) -> Iterator[ObjectInfo]:
        """Those of `infos`, in order, that are not done to their end or have been written anew since."""
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
        question = select(import_files.c.key, import_files.c.fingerprint).where(
            import_files.c.import_id == self._import_id,
            import_files.c.elements.is_(None),
            import_files.c.key.in_([printable_key(info.key) for info in window]),
        )
        with self._engine.connect().execution_options(**READING) as connection:
            done = {row.key: row.fingerprint for row in connection.execute(question)}
        for info in window:
            if not info.fingerprint or done.get(printable_key(info.key)) != info.fingerprint:
                yield info

    def record(self, outcomes: Sequence[FileOutcome], journal_position: int | None) -> None:
        """What has become of these files; what was kept of them is durable up to that position of the journal."""
        rows = [
            {
                "import_id": self._import_id,
                "key": outcome.key,
                "fingerprint": outcome.fingerprint,
                "elements": outcome.elements,
                "kept": outcome.kept,
                "duplicates": outcome.duplicates,
                "set_aside": outcome.set_aside,
            }
            for outcome in outcomes
        ]
        with self._engine.begin() as connection:
            self._forget(connection, import_files, [outcome.key for outcome in outcomes])
            self._forget(connection, set_aside, [outcome.key for outcome in outcomes if outcome.afresh])
            if rows:
                connection.execute(insert(import_files), rows)
            self._add_faults(connection, ((outcome.key, outcome.faults) for outcome in outcomes))
            if journal_position is not None:
                mine = update(imports).where(imports.c.id == self._import_id)
                connection.execute(mine.values(journal_position=journal_position))

    def unreadable(self, key: str, reason: str) -> None:
        """This file could not be opened; it is tried again when the import goes on."""
        with self._engine.begin() as connection:
            for old in (import_files, set_aside):
                self._forget(connection, old, [key])
            self._add_faults(connection, [(key, [Fault(None, reason)])])

    def finish(self) -> None:
        """Everything was done; the next import of the source starts afresh."""
        done = update(imports).where(imports.c.id == self._import_id)
        with self._engine.begin() as connection:
            connection.execute(done.values(state=FINISHED, finished_at=self._clock.now_us()))

    def set_aside(self) -> Iterator[SetAsideRecord]:
        """Everything that was set aside, in the order of files and records."""
        question = (
            select(set_aside.c.key, set_aside.c.record_index, set_aside.c.reason)
            .where(set_aside.c.import_id == self._import_id)
            .order_by(set_aside.c.key, set_aside.c.record_index)
        )
        with self._engine.connect().execution_options(yield_per=1000, **READING) as connection:
            for row in connection.execute(question):
                yield SetAsideRecord(row.key, row.record_index, row.reason)

    def _forget(self, connection: Connection, table: Table, keys: list[str]) -> None:
        for start in range(0, len(keys), KEYS_IN_ONE_QUESTION):
            some = keys[start : start + KEYS_IN_ONE_QUESTION]
            connection.execute(delete(table).where(table.c.import_id == self._import_id, table.c.key.in_(some)))

    def _add_faults(self, connection: Connection, faults: Iterable[tuple[str, Sequence[Fault]]]) -> None:
        rows = [
            {"import_id": self._import_id, "key": key, "record_index": fault.index, "reason": fault.reason}
            for key, found in faults
            for fault in found
        ]
        if rows:
            connection.execute(insert(set_aside), rows)

"""Imports of log files into event data stores: what was asked, how far each is, which files failed.

Files of a prefix are imported in the order of their keys, so that one row a prefix says what is done, however many
files there are. What an import appended to the journal up to `journal_position` is told in these rows; what it appended
beyond it is found there by whoever goes on with it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Engine, Integer, Row, Select, cast, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from opentrail.catalog.database import READING
from opentrail.catalog.tables import lake_import_failures as failures
from opentrail.catalog.tables import lake_import_prefixes as prefixes
from opentrail.catalog.tables import lake_imports as imports
from opentrail.errors import ClientError

Status = Literal["INITIALIZING", "IN_PROGRESS", "COMPLETED", "FAILED", "STOPPED"]
FailureStatus = Literal["FAILED", "RETRY", "SUCCEEDED"]

ONGOING: Final = ("INITIALIZING", "IN_PROGRESS")
ORIGIN: Final = "import:"  # and the store's id: the origin of its batches in the journal


class ImportRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What StartImport asked for. Times in microseconds since the epoch, both included."""

    store_arn: str
    uri: str
    bucket_region: str
    role_arn: str
    created_at_us: int
    start_us: int | None = None
    end_us: int | None = None


class LakeImport(msgspec.Struct, frozen=True):
    """One import, over all its runs."""

    number: int  # in the order of their starts
    id: str  # a UUID
    account: str
    region: str
    store_id: str
    status: Status
    updated_at_us: int
    journal_position: int
    request: ImportRequest

    @property
    def origin(self) -> str:
        """The origin of its batches in the journal."""
        return ORIGIN + self.store_id

    @property
    def ongoing(self) -> bool:
        """Whether somebody works on it, or will."""
        return self.status in ONGOING


class Statistics(msgspec.Struct, frozen=True):
    """What has become of an import so far."""

    prefixes_found: int
    prefixes_completed: int
    files: int
    events: int
    failed: int


class PrefixProgress(msgspec.Struct, frozen=True):
    """How far one prefix is: every file up to `last_key` is done or has failed, of `part_key` so many elements."""

    prefix: str
    done: bool = False
    last_key: str = ""
    part_key: str = ""
    part_elements: int = 0
    files: int = 0
    events: int = 0


class Failure(msgspec.Struct, frozen=True):
    """A file, or with a key that ends in a slash a prefix, that could not be imported as a whole.

    `elements` were read before it failed, of which those in `missing` could not be taken. `events`: brought by retries.
    """

    key: str
    error_type: str
    message: str
    elements: int = 0
    missing: tuple[int, ...] = ()
    status: FailureStatus = "FAILED"
    events: int = 0
    updated_at_us: int = 0
    number: int = 0


class ImportUnderWay(ClientError):
    """The account has an import under way already. Stop it, or wait for its end."""

    code = "AccountHasOngoingImportException"


class LakeImports:
    """All imports of a data folder. Safe from any thread and any number of processes; changes are durable on return."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(
        self, import_id: str, account: str, region: str, store_id: str, request: ImportRequest, position: int
    ) -> LakeImport:
        """A new import, which nobody works on yet. Raises ImportUnderWay where the account has another."""
        with self._engine.begin() as connection:
            _require_none_ongoing(connection, account, region)
            row = insert(imports).values(
                id=import_id,
                account=account,
                region=region,
                store_id=store_id,
                status="INITIALIZING",
                updated_at=request.created_at_us,
                journal_position=position,
                request=_encode(request),
            )
            connection.execute(row)
            return _import(connection.execute(_IMPORTS.where(imports.c.id == import_id)).one())

    def start_again(self, found: LakeImport, now_us: int) -> None:
        """Go on with a stopped or failed import; its failed files get another try. Raises ImportUnderWay."""
        mine = failures.c.import_id == found.id
        with self._engine.begin() as connection:
            _require_none_ongoing(connection, found.account, found.region)
            connection.execute(
                update(imports).where(imports.c.id == found.id).values(status="INITIALIZING", updated_at=now_us)
            )
            connection.execute(update(failures).where(mine, failures.c.status == "FAILED").values(status="RETRY"))

    def end(self, import_id: str, status: Status, now_us: int) -> bool:
        """Let an ongoing import end so; False where it has ended already."""
        return self._set_status(import_id, status, now_us)

    def prefixes_known(self, import_id: str, now_us: int) -> bool:
        """All prefixes are found; False where the import has ended meanwhile."""
        return self._set_status(import_id, "IN_PROGRESS", now_us)

    def find(self, import_id: str) -> LakeImport | None:
        """The import of that id."""
        found = self._read(_IMPORTS.where(imports.c.id == import_id))
        return found[0] if found else None

    def listed(
        self, account: str, region: str, store_id: str | None, status: str | None, before: int, most: int
    ) -> list[LakeImport]:
        """The account's imports, newest first, with a number below `before`."""
        mine = [imports.c.account == account, imports.c.region == region, imports.c.number < before]
        if store_id is not None:
            mine.append(imports.c.store_id == store_id)
        if status is not None:
            mine.append(imports.c.status == status)
        return self._read(_IMPORTS.where(*mine).order_by(imports.c.number.desc()).limit(most))

    def ongoing(self) -> list[LakeImport]:
        """The imports of all accounts that somebody has to work on, oldest first."""
        return self._read(_IMPORTS.where(imports.c.status.in_(ONGOING)).order_by(imports.c.number))

    def is_importing(self, store_id: str) -> bool:
        """Whether an import into the store is under way."""
        return any(one.store_id == store_id for one in self.ongoing())

    def add_prefixes(self, import_id: str, found: Collection[str]) -> None:
        """Note prefixes; those that are known keep what is known of them."""
        rows = [{"import_id": import_id, **msgspec.structs.asdict(PrefixProgress(prefix))} for prefix in found]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(upsert(prefixes).on_conflict_do_nothing(), rows)

    def next_prefix(self, import_id: str, after: str | None) -> PrefixProgress | None:
        """The first prefix behind `after`, or of all, that is not done."""
        question = select(prefixes).where(prefixes.c.import_id == import_id, ~prefixes.c.done)
        if after is not None:
            question = question.where(prefixes.c.prefix > after)
        with self._engine.connect().execution_options(**READING) as connection:
            row = connection.execute(question.order_by(prefixes.c.prefix).limit(1)).one_or_none()
        if row is None:
            return None
        return PrefixProgress(
            row.prefix, row.done, row.last_key, row.part_key, row.part_elements, row.files, row.events
        )

    def record(
        self,
        import_id: str,
        progress: Iterable[PrefixProgress],
        failed: Sequence[Failure],
        journal_position: int | None,
        now_us: int,
    ) -> bool:
        """How far prefixes are and which files failed; what was kept is durable up to that position of the journal.

        False where the import has ended meanwhile: it was recorded all the same.
        """
        with self._engine.begin() as connection:
            for one in progress:
                mine = (prefixes.c.import_id == import_id, prefixes.c.prefix == one.prefix)
                connection.execute(update(prefixes).where(*mine).values(**msgspec.structs.asdict(one)))
            _write_failures(connection, import_id, failed, now_us)
            values: dict[str, Any] = {"updated_at": now_us}
            if journal_position is not None:
                values["journal_position"] = journal_position
            done = connection.execute(
                update(imports).where(imports.c.id == import_id, imports.c.status.in_(ONGOING)).values(**values)
            )
            if done.rowcount == 0 and journal_position is not None:
                mine_too = update(imports).where(imports.c.id == import_id)
                connection.execute(mine_too.values(journal_position=journal_position))
            return done.rowcount > 0

    def failures(self, import_id: str, after: int, most: int, status: str | None = None) -> list[Failure]:
        """Failures with a number beyond `after`, in that order."""
        question = select(failures).where(failures.c.import_id == import_id, failures.c.number > after)
        if status is not None:
            question = question.where(failures.c.status == status)
        with self._engine.connect().execution_options(**READING) as connection:
            return [_failure(row) for row in connection.execute(question.order_by(failures.c.number).limit(most))]

    def statistics(self, import_id: str) -> Statistics:
        """What has become of the import so far."""
        done = func.coalesce(func.sum(cast(prefixes.c.done, Integer)), 0)
        sums = [func.coalesce(func.sum(prefixes.c[name]), 0) for name in ("files", "events")]
        mine = failures.c.import_id == import_id
        with self._engine.connect().execution_options(**READING) as connection:
            found, completed, files, events = connection.execute(
                select(func.count(), done, *sums).where(prefixes.c.import_id == import_id)
            ).one()
            failed = connection.execute(select(func.count()).where(mine, failures.c.status != "SUCCEEDED")).scalar_one()
            mended, brought = connection.execute(
                select(
                    func.coalesce(func.sum(cast(failures.c.status == "SUCCEEDED", Integer)), 0),
                    func.coalesce(func.sum(failures.c.events), 0),
                ).where(mine, ~failures.c.key.endswith("/"))
            ).one()
        return Statistics(found, completed, files + mended, events + brought, failed)

    def _set_status(self, import_id: str, status: Status, now_us: int) -> bool:
        ongoing = update(imports).where(imports.c.id == import_id, imports.c.status.in_(ONGOING))
        with self._engine.begin() as connection:
            return connection.execute(ongoing.values(status=status, updated_at=now_us)).rowcount > 0

    def _read(self, question: Select[Any]) -> list[LakeImport]:
        with self._engine.connect().execution_options(**READING) as connection:
            return [_import(row) for row in connection.execute(question)]


_IMPORTS = select(imports)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ImportRequest).decode
_decode_numbers = msgspec.json.Decoder(tuple[int, ...]).decode


def _import(row: Row[Any]) -> LakeImport:
    return LakeImport(
        row.number,
        row.id,
        row.account,
        row.region,
        row.store_id,
        row.status,
        row.updated_at,
        row.journal_position,
        _decode(row.request),
    )


def _failure(row: Row[Any]) -> Failure:
    return Failure(
        row.key,
        row.error_type,
        row.message,
        row.elements,
        _decode_numbers(row.missing),
        row.status,
        row.events,
        row.updated_at,
        row.number,
    )


def _require_none_ongoing(connection: Connection, account: str, region: str) -> None:
    ongoing = select(imports.c.id).where(
        imports.c.account == account, imports.c.region == region, imports.c.status.in_(ONGOING)
    )
    other = connection.execute(ongoing.limit(1)).scalar_one_or_none()
    if other is not None:
        raise ImportUnderWay(f"Import {other} of this account is under way. Stop it, or wait for its end.")


def _write_failures(connection: Connection, import_id: str, failed: Sequence[Failure], now_us: int) -> None:
    for one in failed:
        told = {
            "status": one.status,
            "error_type": one.error_type,
            "message": one.message,
            "updated_at": now_us,
            "elements": one.elements,
            "missing": _encode(one.missing),
            "events": one.events,
        }
        row = upsert(failures).values(import_id=import_id, key=one.key, **told)
        connection.execute(row.on_conflict_do_update(index_elements=["import_id", "key"], set_=told))

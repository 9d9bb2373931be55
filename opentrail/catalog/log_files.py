"""Cut log files: one row each, from the cut until nothing waits for it any more.

A row is committed before anything is uploaded, and with it the trail's progress; the file's bytes wait in the outbox
under the row's `outbox` name. What a file waits for is told by three states: `delivery` to the bucket, `notification`
of the topic, `logs` to the log group, each `waiting`, `done`, `abandoned`, or `none` where the trail has no such thing.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select, update

from opentrail.catalog.destination import Destination, decode_destination, encode_destination
from opentrail.catalog.tables import log_files

State = Literal["none", "waiting", "done", "abandoned"]
Step = Literal["delivery", "notification", "logs"]
SETTLED = ("none", "done", "abandoned")


class CutFile(msgspec.Struct, frozen=True, kw_only=True):
    """One log file of a trail. Times in microseconds since the epoch, positions of the journal, sizes in bytes."""

    id: int = 0
    trail_id: int
    version: int
    period: int | None
    destination: Destination
    account: str
    region: str
    key: str
    outbox: str
    sha256: str
    oldest: int
    newest: int
    first_position: int
    last_position: int
    events: int
    inflated_bytes: int
    stored_bytes: int
    cut_at: int
    delivery: State = "waiting"
    delivered_at: int | None = None
    notification: State = "none"
    logs: State = "none"
    logs_sent: int = 0
    digest_id: int | None = None

    @property
    def made_us(self) -> int:
        """When it was cut."""
        return self.cut_at


_COLUMNS = [log_files.c[name] for name in CutFile.__struct_fields__]
_FILES = select(*_COLUMNS).order_by(log_files.c.id)
_DESTINATION = CutFile.__struct_fields__.index("destination")


def add_files(connection: Connection, files: Sequence[CutFile]) -> None:
    """Commit `files` with the transaction; their ids are given here."""
    rows = [msgspec.structs.asdict(file) for file in files]
    for row in rows:
        del row["id"]
        row["destination"] = encode_destination(row["destination"])
    if rows:
        connection.execute(insert(log_files), rows)


def waiting_queues(connection: Connection, step: Step) -> list[tuple[int, bytes]]:
    """Which trails have files that wait for `step`, by destination as it is kept.

    A message is sent once its file is in the bucket.
    """
    question = select(log_files.c.trail_id, log_files.c.destination).where(*_waits(step)).distinct()
    return [(row.trail_id, row.destination) for row in connection.execute(question)]


def waiting_files(connection: Connection, step: Step, trail_id: int, destination: bytes, limit: int) -> list[CutFile]:
    """The oldest files of one queue, oldest first."""
    mine = (*_waits(step), log_files.c.trail_id == trail_id, log_files.c.destination == destination)
    return _read(connection, _FILES.where(*mine).limit(limit))


def settle(connection: Connection, step: Step, file_id: int, state: State, at_us: int) -> bool:
    """A step of a file is done or given up; whether another one still needs the file's bytes.

    Where the delivery is given up, nobody is told of the file either.
    """
    values: dict[str, Any] = {step: state}
    if step == "delivery" and state == "done":
        values["delivered_at"] = at_us
    if step == "delivery" and state == "abandoned":
        values["notification"] = "none"
    change = update(log_files).where(log_files.c.id == file_id).values(**values)
    row = connection.execute(change.returning(log_files.c.delivery, log_files.c.logs)).one()
    return "waiting" in (row.delivery, row.logs)


def logs_progress(connection: Connection, file_id: int, sent: int) -> None:
    """So many events of the file, in order of time, are in the log group."""
    connection.execute(update(log_files).where(log_files.c.id == file_id).values(logs_sent=sent))


def undigested(connection: Connection, trail_id: int) -> list[CutFile]:
    """The trail's delivered files of validated periods that no digest names yet, oldest first."""
    mine = (log_files.c.trail_id == trail_id, log_files.c.digest_id.is_(None), log_files.c.period.is_not(None))
    return _read(connection, _FILES.where(*mine, log_files.c.delivery == "done"))


def name_in_digest(connection: Connection, digest_id: int, files: Iterable[int]) -> None:
    """The digest names these files."""
    rows = [{"file": file, "digest": digest_id} for file in files]
    if rows:
        change = update(log_files).where(log_files.c.id == bindparam("file")).values(digest_id=bindparam("digest"))
        connection.execute(change, rows)


def waiting_periods(connection: Connection, trail_id: int) -> set[tuple[int, str, str]]:
    """(period, account, Region) of files that are not delivered yet: their chains cannot be closed."""
    columns = (log_files.c.period, log_files.c.account, log_files.c.region)
    mine = (log_files.c.trail_id == trail_id, log_files.c.delivery == "waiting", log_files.c.period.is_not(None))
    return {(row.period, row.account, row.region) for row in connection.execute(select(*columns).where(*mine))}


def oldest_waiting(connection: Connection, trail_id: int) -> int | None:
    """When the oldest file that any step waits for was cut; None where nothing waits."""
    waits = or_(*(and_(log_files.c[step] == "waiting") for step in ("delivery", "notification", "logs")))
    question = select(func.min(log_files.c.cut_at)).where(log_files.c.trail_id == trail_id, waits)
    oldest: int | None = connection.execute(question).scalar_one()
    return oldest


def needed_outbox(connection: Connection) -> set[str]:
    """Names of the outbox files that a step still needs."""
    needed = or_(log_files.c.delivery == "waiting", log_files.c.logs == "waiting")
    return set(connection.execute(select(log_files.c.outbox).where(needed)).scalars())


def waiting_bytes(connection: Connection) -> dict[int, int]:
    """Bytes that wait in the outbox, by trail."""
    needed = or_(log_files.c.delivery == "waiting", log_files.c.logs == "waiting")
    question = select(log_files.c.trail_id, func.sum(log_files.c.stored_bytes)).where(needed)
    return {row[0]: int(row[1]) for row in connection.execute(question.group_by(log_files.c.trail_id))}


def prune_files(connection: Connection, before_us: int) -> int:
    """Drop rows cut before that time for which nothing is left to do; how many."""
    digested = or_(
        log_files.c.digest_id.is_not(None), log_files.c.period.is_(None), log_files.c.delivery == "abandoned"
    )
    settled: list[ColumnElement[bool]] = [
        log_files.c[step].in_(SETTLED) for step in ("delivery", "notification", "logs")
    ]
    return connection.execute(delete(log_files).where(log_files.c.cut_at < before_us, digested, *settled)).rowcount


def _waits(step: Step) -> list[ColumnElement[bool]]:
    waits = [log_files.c[step] == "waiting"]
    return [*waits, log_files.c.delivery == "done"] if step == "notification" else waits


def _read(connection: Connection, question: Any) -> list[CutFile]:
    files = []
    for row in connection.execute(question):
        values = list(row)
        values[_DESTINATION] = decode_destination(values[_DESTINATION])
        files.append(CutFile(**dict(zip(CutFile.__struct_fields__, values, strict=True))))
    return files

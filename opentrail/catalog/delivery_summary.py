"""What waits to be delivered and what was refused, in numbers, for metrics."""

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, func, or_, select

from opentrail.catalog.database import READING
from opentrail.catalog.tables import digests, log_files, trail_status

KINDS = ("delivery", "digest", "notification", "logs")


class DeliverySummary:
    """Numbers over all trails as they are now. `oldest`: when the oldest waiting file was made, us; None: none waits.

    `errors`: for each kind of delivery the trails whose last attempt was refused.
    """

    def __init__(self, engine: Engine) -> None:
        with engine.connect().execution_options(**READING) as connection:
            waits = or_(log_files.c.delivery == "waiting", log_files.c.logs == "waiting")
            files = _count(connection, log_files, waits, log_files.c.cut_at)
            signed = _count(connection, digests, digests.c.delivery == "waiting", digests.c.made_at)
            self.files = files[0] + signed[0]
            self.bytes = files[1] + signed[1]
            self.oldest: int | None = min((at for at in (files[2], signed[2]) if at is not None), default=None)
            given_up = or_(*(log_files.c[step] == "abandoned" for step in ("delivery", "notification", "logs")))
            self.abandoned = _rows(connection, log_files, given_up)
            self.abandoned += _rows(connection, digests, digests.c.delivery == "abandoned")
            self.errors = {
                kind: _rows(connection, trail_status, trail_status.c[f"{kind}_error"].is_not(None)) for kind in KINDS
            }


def _count(
    connection: Connection, table: Table, waits: ColumnElement[bool], made: Column[int]
) -> tuple[int, int, int | None]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(table.c.stored_bytes), 0), func.min(made)).where(waits)
    ).one()
    return int(row[0]), int(row[1]), row[2]


def _rows(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(which)).scalar_one())

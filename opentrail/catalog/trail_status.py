"""What GetTrailStatus says of a trail's deliveries: the last success and the last error of each kind.

Times in microseconds since the epoch. An error is AWS's code (`AccessDenied`, `NoSuchBucket`, ...) and goes with the
next success. Time-outs set none, as at AWS: they say nothing of the trail.
"""

from typing import Literal

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.database import READING
from opentrail.catalog.tables import trail_status

What = Literal["delivery", "notification", "logs", "digest"]

_SUCCESS: dict[What, str] = {
    "delivery": "delivered_at",
    "notification": "notified_at",
    "logs": "logs_at",
    "digest": "digest_at",
}
_ATTEMPT: dict[What, str] = {"delivery": "delivery_attempted_at", "notification": "notification_attempted_at"}


class TrailStatus(msgspec.Struct, frozen=True):
    """The deliveries of one trail; None where there was none, or no error since the last success."""

    delivered_at: int | None = None
    delivery_error: str | None = None
    delivery_attempted_at: int | None = None
    notified_at: int | None = None
    notification_error: str | None = None
    notification_attempted_at: int | None = None
    logs_at: int | None = None
    logs_error: str | None = None
    digest_at: int | None = None
    digest_error: str | None = None


def read_status(engine: Engine, trail_id: int) -> TrailStatus:
    """The status of a trail; an empty one where nothing was delivered yet."""
    columns = [trail_status.c[name] for name in TrailStatus.__struct_fields__]
    question = select(*columns).where(trail_status.c.trail_id == trail_id)
    with engine.connect().execution_options(**READING) as connection:
        row = connection.execute(question).one_or_none()
    return TrailStatus(*row) if row is not None else TrailStatus()


def report_success(connection: Connection, trail_id: int, what: What, at_us: int) -> None:
    """A delivery of that kind succeeded: its error is over."""
    values: dict[str, int | None] = {_SUCCESS[what]: at_us, f"{what}_error": None}
    if what in _ATTEMPT:
        values[_ATTEMPT[what]] = at_us
    _write(connection, trail_id, values)


def report_failure(connection: Connection, trail_id: int, what: What, at_us: int, code: str | None) -> None:
    """A delivery of that kind failed; `code` None: without an answer, which leaves the last error as it is."""
    values: dict[str, int | str] = {}
    if code is not None:
        values[f"{what}_error"] = code
    if what in _ATTEMPT:
        values[_ATTEMPT[what]] = at_us
    if values:
        _write(connection, trail_id, values)


def _write(connection: Connection, trail_id: int, values: dict[str, int | None] | dict[str, int | str]) -> None:
    row = insert(trail_status).values(trail_id=trail_id, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["trail_id"], set_=values))

"""How far the journal is judged for trails: a position for each, and the one that no trail needs the journal below."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.tables import delivery_position, trail_progress, trail_versions

_ONLY_ROW = 1


def read_progress(connection: Connection) -> tuple[int, dict[int, int]]:
    """The position below which no trail needs anything, and what each trail has in committed cuts, by its id."""
    position = connection.execute(select(delivery_position.c.position)).scalar_one_or_none()
    rows = connection.execute(select(trail_progress.c.trail_id, trail_progress.c.through))
    return position or 0, {row.trail_id: row.through for row in rows}


def write_progress(connection: Connection, position: int, through: Mapping[int, int]) -> None:
    """Set the position, and that of each trail named."""
    row = insert(delivery_position).values(id=_ONLY_ROW, position=position)
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_={"position": position}))
    if through:
        rows = insert(trail_progress)
        connection.execute(
            rows.on_conflict_do_update(index_elements=["trail_id"], set_={"through": rows.excluded.through}),
            [{"trail_id": trail_id, "through": reached} for trail_id, reached in through.items()],
        )


def changed_from(connection: Connection, after: int) -> dict[int, int]:
    """For each trail that was changed since the change `after`: the lowest position from which a new version judges."""
    lowest = func.min(trail_versions.c.from_position)
    question = select(trail_versions.c.trail_id, lowest).where(trail_versions.c.number > after)
    return {row[0]: int(row[1]) for row in connection.execute(question.group_by(trail_versions.c.trail_id))}


def newest_change(connection: Connection) -> int:
    """As Trails.newest_change, within a transaction."""
    return int(connection.execute(select(func.max(trail_versions.c.number))).scalar_one() or 0)

"""Tags of resources, by the resource's ARN."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.sqlite import insert

from opentrail.catalog.database import READING
from opentrail.catalog.tables import tags


class Tag(msgspec.Struct, frozen=True):
    """One tag; a tag without a value is another than one with an empty value."""

    key: str
    value: str | None = None


class Tags:
    """The tags of all resources of a data folder. Safe from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, arn: str) -> tuple[Tag, ...]:
        """The tags of one resource, by key."""
        question = select(tags.c.key, tags.c.value).where(tags.c.arn == arn).order_by(tags.c.key)
        with self._engine.connect().execution_options(**READING) as connection:
            return tuple(Tag(key, value) for key, value in connection.execute(question))

    def add(self, arn: str, added: Sequence[Tag]) -> None:
        """Set tags; equal keys get the new value. Durable on return."""
        with self._engine.begin() as connection:
            write_tags(connection, arn, added)

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags away; keys that are not there are passed over. Durable on return."""
        with self._engine.begin() as connection:
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_(list(keys))))


def write_tags(connection: Connection, arn: str, added: Sequence[Tag]) -> None:
    """Set tags as a part of a larger transaction."""
    if added:
        row = insert(tags).on_conflict_do_update(
            index_elements=["arn", "key"], set_={"value": insert(tags).excluded.value}
        )
        connection.execute(row, [{"arn": arn, "key": tag.key, "value": tag.value} for tag in added])


def drop_tags(connection: Connection, arn: str) -> None:
    """Take all tags of a resource away as a part of a larger transaction."""
    connection.execute(delete(tags).where(tags.c.arn == arn))

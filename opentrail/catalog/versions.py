"""What channels and event data stores are from which journal position on: a row a version, the newest one in force.

A version's `number` ascends over all things of a kind and is never used again; its `body` is the thing as JSON.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, Select, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from opentrail.catalog.database import READING
from opentrail.errors import ClientError

_Version = TypeVar("_Version")


class ChangedMeanwhile(ClientError):
    """The resource was changed by another request at the same time. Try again."""

    code = "ConflictException"


class Versions(Generic[_Version]):
    """The versions in `table`, which names their thing in the column `owner` and holds it in the column `body`."""

    def __init__(self, table: Table, things: Table, owner: str, body: str, make: Callable[..., _Version]) -> None:
        """`things` has a row for each thing, by `id`; `make` makes the value of number, position and body."""
        self._table = table
        self._things = things
        self._owner = table.c[owner]
        self._body = table.c[body]
        self._make = make
        self.all: Select[Any] = select(table.c.number, table.c.from_position, self._body)

    def newest(self) -> Select[Any]:
        """The newest version of each thing, to be narrowed by what the row of the thing says."""
        later = self._table.alias("later")
        owned = later.c[self._owner.name] == self._things.c.id
        newest = select(func.max(later.c.number)).where(owned).scalar_subquery()
        return self.all.join(self._things, self._things.c.id == self._owner).where(self._table.c.number == newest)

    def read(self, engine: Engine, question: Select[Any]) -> list[_Version]:
        """The versions that `all` or `newest` with conditions ask for."""
        with engine.connect().execution_options(**READING) as connection:
            return [self._make(*row) for row in connection.execute(question)]

    def add(self, connection: Connection, owner: str, from_position: int, body: bytes) -> int:
        """The number of a new version."""
        row = insert(self._table).values({self._owner: owner, self._body: body, "from_position": from_position})
        return int(connection.execute(row.returning(self._table.c.number)).scalar_one())

    def number_of(self, connection: Connection, owner: str) -> int | None:
        """The number of the newest version of a thing; None where there is none."""
        found = connection.execute(select(func.max(self._table.c.number)).where(self._owner == owner)).scalar_one()
        return int(found) if found is not None else None

    def newest_change(self, connection: Connection) -> int:
        """A number that is another one after each change of any thing, but for its end."""
        return connection.execute(select(func.max(self._table.c.number))).scalar_one() or 0


@contextmanager
def unless_taken(taken: type[ClientError]) -> Iterator[None]:
    """Raise `taken` where a row would have a name that another one has."""
    try:
        yield
    except IntegrityError as fault:
        raise taken from fault

"""Names in a query: tables and their columns, members of rows, all without case; outer queries behind inner ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.types import Type, quoted


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression of the engine, and the type that Trino would give it."""

    sql: str
    type: Type
    literal: str | None = None  # the text, where the query says it outright


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be named; `sql` is how the engine names it."""

    name: str
    value: Typed
    shown: str = ""  # as the answer names it, where that differs


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query of the engine, and the columns that it gives, in order."""

    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Something behind FROM: its alias in the query, its columns, in order; `database`, if the query names one."""

    alias: str
    columns: tuple[Column, ...]
    database: str = ""

    def column(self, name: str) -> list[Column]:
        """The columns of that name in any case; more than one where it is ambiguous."""
        lowered = name.lower()
        return [one for one in self.columns if one.name.lower() == lowered]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can name; `first` goes before the relations (results in ORDER BY, arguments of lambdas)."""

    relations: tuple[Relation, ...] = ()
    outer: "Scope | None" = None
    first: tuple[Column, ...] = ()
    joined: frozenset[str] = field(default=frozenset())  # columns of USING: one name for both sides

    def resolve(self, parts: Sequence[str]) -> Typed:
        """The value that a dotted name stands for. Raises InvalidQueryStatement where it is unknown or ambiguous."""
        scope: Scope | None = self
        while scope is not None:
            found = scope._find(parts)
            if found is not None:
                return found
            scope = scope.outer
        raise InvalidQueryStatement(f"Column '{'.'.join(parts)}' cannot be resolved")

    def with_first(self, columns: Sequence[Column]) -> "Scope":
        """The same with names that go before all others."""
        return Scope(self.relations, self.outer, (*columns, *self.first), self.joined)

    def _find(self, parts: Sequence[str]) -> Typed | None:
        head = parts[0].lower()
        for column in self.first:
            if column.name.lower() == head:
                return _members(column.value, parts, 1)
        if len(parts) > 1:
            for relation in self.relations:
                if relation.alias.lower() == head:
                    return self._column(relation.column(parts[1]), parts, 2)
                inside = len(parts) > 2 and relation.database and relation.database.lower() == head
                if inside and relation.alias.lower() == parts[1].lower():
                    return self._column(relation.column(parts[2]), parts, 3)
        return self._column([found for one in self.relations for found in one.column(head)], parts, 1)

    def _column(self, found: list[Column], parts: Sequence[str], used: int) -> Typed | None:
        if not found:
            return None
        if len(found) > 1 and parts[used - 1].lower() not in self.joined:
            raise InvalidQueryStatement(f"Column '{'.'.join(parts[:used])}' is ambiguous")
        return _members(found[0].value, parts, used)


def _members(value: Typed, parts: Sequence[str], used: int) -> Typed:
    for name in parts[used:]:
        value = member(value, name)
    return value


def member(value: Typed, name: str) -> Typed:
    """A member of a row. Raises InvalidQueryStatement where it has none of that name."""
    found = value.type.member(name) if value.type.kind == "row" else None
    if found is None:
        instead = f"; of a map: element_at(.., '{name}')" if value.type.kind == "map" else ""
        raise InvalidQueryStatement(f"'{name}' is no member of {value.type}{instead}")
    own, inner = found
    return Typed(f"{value.sql}.{quoted(own)}" if _is_path(value.sql) else f"({value.sql}).{quoted(own)}", inner)


def _is_path(sql: str) -> bool:
    return sql.endswith('"') and sql.startswith('"')

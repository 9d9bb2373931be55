"""Queries: WITH, SELECT, joins, set operations, ORDER BY and LIMIT, each compiled from what may stand in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Dialect
from opentrail.lake.sql.expressions import Expressions
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.names import shown_name
from opentrail.lake.sql.ordering import direction
from opentrail.lake.sql.scopes import Column, Compiled, Relation, Scope, Typed
from opentrail.lake.sql.sources import Sources
from opentrail.lake.sql.types import quoted

_SET_OPERATIONS: Final = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
_GROUPINGS: Final[dict[type[exp.Expr], str]] = {
    exp.GroupingSets: "GROUPING SETS ",
    exp.Cube: "CUBE ",
    exp.Rollup: "ROLLUP ",
}
# What a SELECT may have; anything else that sqlglot reads into it is refused.
_CLAUSES: Final = frozenset(
    ("expressions", "from_", "from", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
     "with_", "with", "windows", "kind", "operation_modifiers", "hint")
)  # fmt: skip


@dataclass(slots=True)
class Queries:
    """Compiles queries over `tables`: relations by name, lower case, whose columns the engine names `"name"`.

    `named`: the tables that were named so far. `called`: which table a name of a published query means; with it, the
    database or catalog before a name is its author's and passed over.
    """

    tables: Mapping[str, Mapping[str, types.Type]]
    dialect: Dialect
    called: Callable[[str], str] | None = None
    named: set[str] = field(default_factory=set)
    _numbered: int = 0
    expressions: Expressions = field(init=False)
    sources: Sources = field(init=False)

    def __post_init__(self) -> None:
        self.expressions = Expressions(self.dialect, self.subquery)
        self.sources = Sources(self)

    def numbered(self, prefix: str) -> str:
        """A name of the engine that nothing else has."""
        self._numbered += 1
        return f"{prefix}{self._numbered}"

    def subquery(self, node: exp.Expr, scope: Scope) -> tuple[str, Relation]:
        """A query inside an expression, which may name what is outside."""
        inner = node.this if isinstance(node, exp.Subquery) else node
        found = self.compile(inner, scope, {})
        return found.sql, Relation("", found.columns)

    def compile(self, node: exp.Expr, outer: Scope | None, known: Mapping[str, Compiled]) -> Compiled:
        """A query; `known` are the named queries of WITH around it. Raises InvalidQueryStatement."""
        known = {**known, **self._named(node, outer, known)}
        if isinstance(node, exp.Subquery):
            plain = not any(node.args.get(name) for name in ("order", "limit", "offset", "joins", "pivots", "sample"))
            if plain:
                return self.compile(node.this, outer, known)
            return self._ended(node, self.compile(node.this, outer, known), outer)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, known)
        if isinstance(node, exp.Select):
            return self._select(node, outer, known)
        if isinstance(node, exp.Values):
            return self.sources.values(node, outer)
        raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")

    def _named(self, node: exp.Expr, outer: Scope | None, known: Mapping[str, Compiled]) -> dict[str, Compiled]:
        clause = node.args.get("with_") or node.args.get("with")
        found: dict[str, Compiled] = {}
        if clause is None:
            return found
        if clause.args.get("recursive"):
            raise InvalidQueryStatement("WITH RECURSIVE is not supported")
        for one in clause.expressions:
            inner = self.compile(one.this, outer, {**known, **found})
            alias = one.args["alias"]
            found[alias.name.lower()] = _renamed(inner, [part.name for part in alias.args.get("columns") or []])
        return found

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None, known: Mapping[str, Compiled]) -> Compiled:
        word = _SET_OPERATIONS.get(type(node))
        if word is None or node.args.get("by_name"):
            raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
        left, right = self.compile(node.this, outer, known), self.compile(node.expression, outer, known)
        if len(left.columns) != len(right.columns):
            raise InvalidQueryStatement(f"{word} query has different number of fields")
        columns = []
        for number, (one, other) in enumerate(zip(left.columns, right.columns, strict=True)):
            both = types.common(one.value.type, other.value.type)
            if both is None:
                raise InvalidQueryStatement(
                    f"column {number + 1} in {word} query has incompatible types: {one.value.type}, {other.value.type}"
                )
            columns.append(Column(one.name, Typed(f'"c{number}"', both), one.shown))
        every = "" if node.args.get("distinct") else " ALL"
        sides = " ".join((self._cast_to(left, columns), word + every, self._cast_to(right, columns)))
        return self._ended(node, Compiled(sides, tuple(columns)), outer)

    def _cast_to(self, side: Compiled, columns: Sequence[Column]) -> str:
        parts = []
        for number, (own, wanted) in enumerate(zip(side.columns, columns, strict=True)):
            same = own.value.type == wanted.value.type
            to = self.dialect.type_name(wanted.value.type)
            parts.append(f'"c{number}"' if same else f'CAST("c{number}" AS {to}) AS "c{number}"')
        return f"(SELECT {', '.join(parts)} FROM ({side.sql}))"

    def _ended(self, node: exp.Expr, inner: Compiled, outer: Scope | None) -> Compiled:
        """ORDER BY, OFFSET and LIMIT over what is there already: only its own columns can be named."""
        ends = self._ends(node, [], Scope((), outer, inner.columns), inner.columns, results_only=True)
        return Compiled(f"SELECT * FROM ({inner.sql}) AS {quoted(self.numbered('q'))}{ends}", inner.columns)

    def _select(self, node: exp.Select, outer: Scope | None, known: Mapping[str, Compiled]) -> Compiled:
        for name, value in node.args.items():
            if value and name not in _CLAUSES:
                raise InvalidQueryStatement(f"{name.upper()} is not supported")
        source, scope = self.sources.compile(node, outer, known)
        shown = [(one, name) for part in node.expressions for one, name in self._projected(part, scope)]
        columns = tuple(
            Column(name.lower(), Typed(f'"c{number}"', one.type), name) for number, (one, name) in enumerate(shown)
        )
        listed = ", ".join(f'{one.sql} AS "c{number}"' for number, (one, _) in enumerate(shown))
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise InvalidQueryStatement("DISTINCT ON is not supported")
        parts = [f"SELECT {'DISTINCT ' if distinct is not None else ''}{listed}{source}"]
        values = [one for one, _ in shown]
        parts.append(self._filters(node, scope, values))
        parts.append(self._windows(node, scope))
        parts.append(self._ends(node, values, scope, columns, results_only=distinct is not None))
        return Compiled("".join(parts), columns)

    def _projected(self, node: exp.Expr, scope: Scope) -> list[tuple[Typed, str]]:
        """What one part of the select list gives: a value and its name, or several for a star."""
        if isinstance(node, exp.Star):
            return _starred(scope.relations, node)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            parts = [part.name for part in node.parts[:-1]]
            relations = [one for one in scope.relations if len(parts) == 1 and one.alias.lower() == parts[0].lower()]
            if relations:
                return _starred(relations, node.this)
            value = scope.resolve(parts)
            if value.type.kind != "row":
                raise InvalidQueryStatement(f"'{'.'.join(parts)}' is no table and no row")
            return [
                (Typed(f"({value.sql}).{quoted(name)}", inner), name)
                for name, inner in zip(value.type.names, value.type.inner, strict=True)
            ]
        inner = node.this if isinstance(node, exp.Alias) else node
        return [(self.expressions.compile(inner, scope), shown_name(node))]

    def _filters(self, node: exp.Select, scope: Scope, values: Sequence[Typed]) -> str:
        parts = []
        where, group, having = node.args.get("where"), node.args.get("group"), node.args.get("having")
        if where is not None:
            parts.append(f" WHERE {self.expressions.condition(where.this, scope, 'WHERE')}")
        if group is not None:
            parts.append(f" GROUP BY {self._grouped(group, scope, values)}")
        if having is not None:
            parts.append(f" HAVING {self.expressions.condition(having.this, scope, 'HAVING')}")
        return "".join(parts)

    def _grouped(self, group: exp.Group, scope: Scope, values: Sequence[Typed]) -> str:
        if group.args.get("all"):
            raise InvalidQueryStatement("GROUP BY ALL is not supported")
        sets = [one for name in ("grouping_sets", "cube", "rollup") for one in group.args.get(name) or []]
        return ", ".join(self._group_element(one, scope, values) for one in [*group.expressions, *sets])

    def _group_element(self, node: exp.Expr, scope: Scope, values: Sequence[Typed]) -> str:
        if isinstance(node, exp.Tuple | exp.GroupingSets | exp.Cube | exp.Rollup):
            elements = ", ".join(self._group_element(part, scope, values) for part in node.expressions)
            return f"{_GROUPINGS.get(type(node), '')}({elements})"
        if isinstance(node, exp.Paren):
            return f"({self._group_element(node.this, scope, values)})"
        if isinstance(node, exp.Literal) and not node.is_string:
            return _at(values, node, "GROUP BY").sql
        return self.expressions.compile(node, scope).sql

    def _windows(self, node: exp.Select, scope: Scope) -> str:
        named = [
            f"{quoted('w_' + one.this.name.lower())} AS ({self.expressions.calls.window_definition(one, scope)})"
            for one in node.args.get("windows") or []
        ]
        return f" WINDOW {', '.join(named)}" if named else ""

    def _ends(
        self, node: exp.Expr, values: Sequence[Typed], scope: Scope, columns: Sequence[Column], *, results_only: bool
    ) -> str:
        parts = []
        order = node.args.get("order")
        if order is not None:
            by = [
                self._order_element(one, values, scope, columns, results_only=results_only) for one in order.expressions
            ]
            parts.append(f" ORDER BY {', '.join(by)}")
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if limit is not None:
            parts.append(_limited(limit))
        if offset is not None:
            parts.append(f" OFFSET {_whole(offset.expression, 'OFFSET')}")
        return "".join(parts)

    def _order_element(
        self, one: exp.Expr, values: Sequence[Typed], scope: Scope, columns: Sequence[Column], *, results_only: bool
    ) -> str:
        key = one.this
        if isinstance(key, exp.Literal) and not key.is_string:
            number = int(_whole(key, "ORDER BY"))
            if not 0 < number <= len(columns):
                raise InvalidQueryStatement(f"ORDER BY position {number} is not in select list")
            return f'"c{number - 1}"{direction(one)}'
        if isinstance(key, exp.Column) and len(key.parts) == 1:
            for number, column in enumerate(columns):
                if column.name == key.name.lower():
                    return f'"c{number}"{direction(one)}'
        named = [
            Column(column.name, values[number] if values else column.value) for number, column in enumerate(columns)
        ]
        found = self.expressions.compile(key, scope.with_first(named))
        if results_only:
            for number, value in enumerate(values):
                if value.sql == found.sql:
                    return f'"c{number}"{direction(one)}'
        return f"{found.sql}{direction(one)}"


def _starred(relations: Sequence[Relation], star: exp.Star) -> list[tuple[Typed, str]]:
    if star.args.get("except_") or star.args.get("replace") or star.args.get("except"):
        raise InvalidQueryStatement("* EXCEPT is not supported")
    if not relations:
        raise InvalidQueryStatement("SELECT * not allowed in queries without FROM clause")
    return [(column.value, column.shown or column.name) for relation in relations for column in relation.columns]


def _renamed(inner: Compiled, names: list[str]) -> Compiled:
    if not names:
        return inner
    if len(names) != len(inner.columns):
        raise InvalidQueryStatement("Column alias list has another length than the query has columns")
    pairs = zip(names, inner.columns, strict=True)
    return Compiled(inner.sql, tuple(Column(name.lower(), column.value, name) for name, column in pairs))


def _at(values: Sequence[Typed], node: exp.Literal, clause: str) -> Typed:
    number = int(_whole(node, clause))
    if not 0 < number <= len(values):
        raise InvalidQueryStatement(f"{clause} position {number} is not in select list")
    return values[number - 1]


def _limited(limit: exp.Expr) -> str:
    if isinstance(limit, exp.Fetch):
        if limit.args.get("limit_options") is not None and limit.args["limit_options"].args.get("with_ties"):
            raise InvalidQueryStatement("FETCH .. WITH TIES is not supported")
        return f" LIMIT {_whole(limit.args.get('count'), 'FETCH')}"
    amount = limit.expression
    if isinstance(amount, exp.Column | exp.Var) and amount.name.lower() == "all":
        return ""
    return f" LIMIT {_whole(amount, 'LIMIT')}"


def _whole(node: exp.Expr | None, clause: str) -> str:
    if not isinstance(node, exp.Literal) or node.is_string or not node.name.isdigit():
        raise InvalidQueryStatement(f"{clause} takes a whole number")
    return str(node.name)

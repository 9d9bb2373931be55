"""What stands behind FROM: tables, queries, VALUES, UNNEST, and how they are joined."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from opentrail.lake.sql.coercion import together
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Column, Compiled, Relation, Scope, Typed
from opentrail.lake.sql.types import quoted

if TYPE_CHECKING:
    from opentrail.lake.sql.queries import Queries

Known = Mapping[str, Compiled]


class Sources:
    """Compiles FROM for `queries`."""

    def __init__(self, queries: "Queries") -> None:
        self._queries = queries

    def compile(self, node: exp.Select, outer: Scope | None, known: Known) -> tuple[str, Scope]:
        """` FROM ..` with all joins, and the scope of what can be named behind it."""
        clause = node.args.get("from_") or node.args.get("from")
        if clause is None:
            return "", Scope((), outer)
        sql, relation = self._source(clause.this, Scope((), outer), known)
        parts, relations = [sql], [relation]
        joined: set[str] = set()
        for join in [*(clause.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
            text, relation, using = self._join(join, Scope(tuple(relations), outer, joined=frozenset(joined)), known)
            parts.append(text)
            relations.append(relation)
            joined |= using
        return " FROM " + "".join(parts), Scope(tuple(relations), outer, joined=frozenset(joined))

    def _join(self, join: exp.Join, before: Scope, known: Known) -> tuple[str, Relation, set[str]]:
        sql, relation = self._source(join.this, before, known)
        side, kind = join.args.get("side") or "", join.args.get("kind") or ""
        if (
            join.args.get("method")
            or side not in ("", "LEFT", "RIGHT", "FULL")
            or kind not in ("", "INNER", "CROSS", "OUTER")
        ):
            raise InvalidQueryStatement(f"Not supported: {join.sql('trino')[:80]}")
        after = Scope((*before.relations, relation), before.outer, joined=before.joined)
        on, using = join.args.get("on"), join.args.get("using")
        if using:
            names = [part.name.lower() for part in using]
            conditions = [self._both_sides(name, before, relation) for name in names]
            return f" {side} JOIN {sql} ON {' AND '.join(conditions)}", relation, set(names)
        if on is not None:
            condition = self._queries.expressions.condition(on, after, "JOIN ON")
            return f" {side} JOIN {sql} ON {condition}", relation, set()
        if side:
            raise InvalidQueryStatement("A join needs ON or USING")
        return f" CROSS JOIN {sql}", relation, set()

    def _both_sides(self, name: str, before: Scope, relation: Relation) -> str:
        right = relation.column(name)
        if not right:
            raise InvalidQueryStatement(f"Column '{name}' is missing from right side of join")
        return f"{before.resolve([name]).sql} = {right[0].value.sql}"

    def _source(self, node: exp.Expr, before: Scope, known: Known) -> tuple[str, Relation]:
        if node.args.get("sample") or node.args.get("pivots") or isinstance(node, exp.TableSample):
            raise InvalidQueryStatement("TABLESAMPLE is not supported")
        if isinstance(node, exp.Table):
            return self._table(node, before, known)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, before)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            inner = self._queries.compile(node.this.this, before, known)
            return self._placed(inner, node, "LATERAL ")
        if isinstance(node, exp.Subquery | exp.Values):
            inner = self._queries.compile(_bare(node), before.outer, known)
            return self._placed(inner, node, "")
        raise InvalidQueryStatement(f"Not supported behind FROM: {node.sql('trino')[:80]}")

    def _table(self, node: exp.Table, before: Scope, known: Known) -> tuple[str, Relation]:
        if not isinstance(node.this, exp.Identifier):
            if isinstance(node.this, exp.Unnest):
                return self._unnest(node.this, before)
            raise InvalidQueryStatement(f"Table functions are not supported: {node.sql('trino')[:80]}")
        name = node.name
        qualified = bool(node.args.get("db") or node.args.get("catalog"))
        if qualified and self._queries.called is None:
            raise InvalidQueryStatement(f"Table '{node.sql('trino')}' does not exist")
        named = known.get(name.lower()) if not qualified else None
        if named is not None:
            return self._placed(named, node, "", name)
        meant = name.lower() if self._queries.called is None else self._queries.called(name.lower())
        columns = self._queries.tables.get(meant)
        if columns is None:
            there = ", ".join(self._queries.tables)
            raise InvalidQueryStatement(f"Table '{name}' does not exist" + (f"; there: {there}" if there else ""))
        self._queries.named.add(meant)
        alias = self._queries.numbered("t")
        found = [Column(own, Typed(f"{quoted(alias)}.{quoted(own)}", one)) for own, one in columns.items()]
        relation = _aliased(Relation(name, tuple(found), node.db), node)
        return f"{quoted(meant)} AS {quoted(alias)}", relation

    def _placed(self, inner: Compiled, node: exp.Expr, word: str, name: str = "") -> tuple[str, Relation]:
        alias = self._queries.numbered("t")
        columns = [
            Column(one.name, Typed(f'{quoted(alias)}."c{number}"', one.value.type), one.shown)
            for number, one in enumerate(inner.columns)
        ]
        return f"{word}({inner.sql}) AS {quoted(alias)}", _aliased(Relation(name, tuple(columns)), node)

    def _unnest(self, node: exp.Unnest, before: Scope) -> tuple[str, Relation]:
        values = self._queries.expressions.all(node.expressions, before)
        for value in values:
            if value.type.kind not in ("map", "array"):
                raise InvalidQueryStatement(f"Cannot unnest type: {value.type}")
        found = self._queries.dialect.unnested(
            values, self._queries.numbered("u"), beside=bool(before.relations), counted=bool(node.args.get("offset"))
        )
        plain = list(found.columns)
        spread = [part for value in plain for part in _spread(value)]
        # An array of rows is a column for each member; older queries give one name for the row as a whole.
        chosen = plain if len(plain) == len(_names(node)) != len(spread) else spread
        columns = [Column(_member_name(value), value) for value in chosen]
        return found.sql, _aliased(Relation("", tuple(columns)), node)

    def values(self, node: exp.Values, outer: Scope | None) -> Compiled:
        """VALUES as a query. Raises InvalidQueryStatement where rows differ in length or type."""
        scope = Scope((), outer)
        rows = [
            self._queries.expressions.all(part.expressions if isinstance(part, exp.Tuple) else [part], scope)
            for part in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise InvalidQueryStatement("Values rows have mismatched sizes")
        kinds = [together(list(column), "VALUES") for column in zip(*rows, strict=True)]
        selects = [
            "SELECT " + ", ".join(
                f'CAST({one.sql} AS {self._queries.dialect.type_name(kind)}) AS "c{number}"'
                for number, (one, kind) in enumerate(zip(row, kinds, strict=True))
            )
            for row in rows
        ]  # fmt: skip
        columns = [Column(f"_col{number}", Typed(f'"c{number}"', kind), "") for number, kind in enumerate(kinds)]
        return Compiled(" UNION ALL ".join(selects), tuple(columns))


def _spread(value: Typed) -> list[Typed]:
    if value.type.kind != "row":
        return [value]
    return [
        Typed(f"{value.sql}.{quoted(own)}", inner)
        for own, inner in zip(value.type.names, value.type.inner, strict=True)
    ]


def _member_name(value: Typed) -> str:
    """Without names of its own, an unnested row's member keeps the one that it has."""
    return value.sql.rsplit(".", 1)[-1].strip('"')


def _bare(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node, exp.Values) else node.this


def _aliased(relation: Relation, node: exp.Expr) -> Relation:
    """The relation under the alias of the query, with the columns' names if it gives some."""
    alias = node.args.get("alias")
    if alias is None:
        return relation
    names = _names(node)
    if not names:
        return Relation(alias.name, relation.columns)
    if len(names) != len(relation.columns):
        given, wanted = len(names), len(relation.columns)
        raise InvalidQueryStatement(f"Column alias list has {given} entries but '{alias.name}' has {wanted} columns")
    pairs = zip(names, relation.columns, strict=True)
    return Relation(alias.name, tuple(Column(name.lower(), column.value, name) for name, column in pairs))


def _names(node: exp.Expr) -> Sequence[str]:
    """The names that an alias gives to columns."""
    alias = node.args.get("alias")
    names = [part.name for part in alias.args.get("columns") or []] if alias is not None else []
    ordinality = node.args.get("offset")
    if names and isinstance(ordinality, exp.Identifier):  # the last name, which the grammar takes apart
        names = [*names, ordinality.name]
    return names

"""Conditions: comparisons of all kinds, and AND, OR and NOT between them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.coercion import compared
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Scope, Typed
from opentrail.lake.sql.types import BOOLEAN, VARCHAR

if TYPE_CHECKING:
    from opentrail.lake.sql.expressions import Expressions

Rule = Callable[["Expressions", Any, Scope], Typed]  # compiles one kind of node

_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_QUANTIFIERS: Final = {"any": "ANY", "some": "ANY", "all": "ALL"}  # where the grammar takes them for functions


def _connected(word: str) -> Rule:
    def rule(compiler: "Expressions", node: exp.Connector, scope: Scope) -> Typed:
        sides: list[exp.Expr] = []
        left: exp.Expr = node
        while isinstance(left, type(node)):  # a long chain is no deep recursion
            sides.append(left.expression)
            left = left.this
        conditions = [compiler.condition(side, scope, "Logical") for side in [left, *reversed(sides)]]
        return Typed(f"({f' {word} '.join(conditions)})", BOOLEAN)

    return rule


def _not(compiler: "Expressions", node: exp.Not, scope: Scope) -> Typed:
    return Typed(f"(NOT {compiler.condition(node.this, scope, 'NOT')})", BOOLEAN)


def _comparison(compiler: "Expressions", node: exp.Binary, scope: Scope) -> Typed:
    operator = _COMPARISONS[type(node)]
    right = node.expression
    if isinstance(right, exp.Any | exp.All):
        return _quantified(
            compiler, node.this, right.this, operator, "ANY" if isinstance(right, exp.Any) else "ALL", scope
        )
    if isinstance(right, exp.Anonymous) and right.name.lower() in _QUANTIFIERS and len(right.expressions) == 1:
        word = _QUANTIFIERS[right.name.lower()]
        return _quantified(compiler, node.this, right.expressions[0], operator, word, scope)
    if isinstance(node.this, exp.Tuple) and isinstance(right, exp.Tuple):
        return _rows_compared(compiler, node.this, right, operator, scope)
    one, other = compared(
        compiler.dialect, compiler.compile(node.this, scope), compiler.compile(right, scope), operator
    )
    return Typed(f"({one.sql} {operator} {other.sql})", BOOLEAN)


def _quantified(
    compiler: "Expressions", left: exp.Expr, query: exp.Expr, operator: str, word: str, scope: Scope
) -> Typed:
    sql, relation = compiler.subquery(query, scope)
    one, _ = compared(compiler.dialect, compiler.compile(left, scope), relation.columns[0].value, operator)
    return Typed(compiler.dialect.quantified(one.sql, operator, word, sql), BOOLEAN)


def _rows_compared(compiler: "Expressions", one: exp.Tuple, other: exp.Tuple, operator: str, scope: Scope) -> Typed:
    pairs = zip(compiler.all(one.expressions, scope), compiler.all(other.expressions, scope), strict=False)
    both = [compared(compiler.dialect, left, right, operator) for left, right in pairs]
    left = ", ".join(pair[0].sql for pair in both)
    return Typed(f"(({left}) {operator} ({', '.join(pair[1].sql for pair in both)}))", BOOLEAN)


def _is(compiler: "Expressions", node: exp.Is, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
    word = "NULL" if isinstance(node.expression, exp.Null) else str(bool(node.expression.this)).upper()
    return Typed(f"({compiler.compile(node.this, scope).sql} IS {word})", BOOLEAN)


def _in(compiler: "Expressions", node: exp.In, scope: Scope) -> Typed:
    inside = node.args.get("query")
    if isinstance(node.this, exp.Tuple):
        return _row_in(compiler, node, scope)
    value = compiler.compile(node.this, scope)
    if inside is not None:
        sql, relation = compiler.subquery(inside, scope)
        if len(relation.columns) != 1:
            raise InvalidQueryStatement("The query behind IN must have one column")
        value, _ = compared(compiler.dialect, value, relation.columns[0].value, "IN")
        return Typed(f"({value.sql} IN ({sql}))", BOOLEAN)
    items = []
    for item in compiler.all(node.expressions, scope):
        value, met = compared(compiler.dialect, value, item, "IN")
        items.append(met.sql)
    return Typed(f"({value.sql} IN ({', '.join(items)}))", BOOLEAN)


def _row_in(compiler: "Expressions", node: exp.In, scope: Scope) -> Typed:
    left = ", ".join(one.sql for one in compiler.all(node.this.expressions, scope))
    inside = node.args.get("query")
    if inside is not None:
        return Typed(f"(({left}) IN ({compiler.subquery(inside, scope)[0]}))", BOOLEAN)
    rows = [compiler.all(item.expressions, scope) for item in node.expressions if isinstance(item, exp.Tuple)]
    listed = ", ".join(f"({', '.join(one.sql for one in row)})" for row in rows)
    return Typed(f"(({left}) IN ({listed}))", BOOLEAN)


def _between(compiler: "Expressions", node: exp.Between, scope: Scope) -> Typed:
    value = compiler.compile(node.this, scope)
    value, low = compared(compiler.dialect, value, compiler.compile(node.args["low"], scope), "BETWEEN")
    value, high = compared(compiler.dialect, value, compiler.compile(node.args["high"], scope), "BETWEEN")
    return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", BOOLEAN)


def _like(compiler: "Expressions", node: exp.Like, scope: Scope, escape: str = "") -> Typed:
    value, pattern = compiler.all([node.this, node.expression], scope)
    for side in (value, pattern):
        if side.type not in (VARCHAR, types.UNKNOWN):
            raise InvalidQueryStatement(
                f"Left side of LIKE expression must evaluate to a varchar (actual: {side.type})"
            )
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return Typed(f"({value.sql} {word} {pattern.sql}{escape})", BOOLEAN)


def _escape(compiler: "Expressions", node: exp.Escape, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Like) or not isinstance(node.expression, exp.Literal):
        raise InvalidQueryStatement("ESCAPE belongs to LIKE and is a literal")
    return _like(compiler, node.this, scope, f" ESCAPE {compiler.dialect.text(node.expression.name)}")


CONDITIONS: Final[dict[type[exp.Expr], Rule]] = {
    exp.And: _connected("AND"), exp.Or: _connected("OR"), exp.Not: _not, exp.Is: _is, exp.In: _in,
    exp.Between: _between, exp.Like: _like, exp.Escape: _escape, **dict.fromkeys(_COMPARISONS, _comparison),
}  # fmt: skip

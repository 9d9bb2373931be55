"""ORDER BY: Trino puts nulls last in both directions unless it is told otherwise."""

from collections.abc import Callable

from sqlglot import exp

from opentrail.lake.sql.scopes import Scope, Typed


def ordered(order: exp.Order, scope: Scope, compiled: Callable[[exp.Expr, Scope], Typed]) -> str:
    """What stands behind ORDER BY."""
    return ", ".join(f"{compiled(one.this, scope).sql}{direction(one)}" for one in order.expressions)


def direction(one: exp.Expr) -> str:
    """` ASC NULLS LAST` and its like."""
    down = "DESC" if one.args.get("desc") else "ASC"
    return f" {down} NULLS {'FIRST' if one.args.get('nulls_first') else 'LAST'}"

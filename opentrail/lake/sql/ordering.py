"""ORDER BY: Trino puts nulls last in both directions unless it is told otherwise."""

from collections.abc import Callable

from sqlglot import exp

from opentrail.lake.sql.dialect import Key
from opentrail.lake.sql.scopes import Scope, Typed


def keys(order: exp.Order, scope: Scope, compiled: Callable[[exp.Expr, Scope], Typed]) -> list[Key]:
    """What it is ordered by, in order."""
    return [Key(compiled(one.this, scope), _down(one), bool(one.args.get("nulls_first"))) for one in order.expressions]


def direction(one: exp.Expr) -> str:
    """` ASC NULLS LAST` and its like."""
    return f" {'DESC' if _down(one) else 'ASC'} NULLS {'FIRST' if one.args.get('nulls_first') else 'LAST'}"


def _down(one: exp.Expr) -> bool:
    return bool(one.args.get("desc"))

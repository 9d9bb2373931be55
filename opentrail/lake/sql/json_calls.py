"""Calls of JSON that have a grammar of their own: JSON_VALUE, JSON_QUERY, JSON_OBJECT, and JSON literals.

Paths are read as Trino's `lax` mode without its unwrapping of arrays. Errors give NULL, as where nothing is said.
"""

from typing import TYPE_CHECKING

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.coercion import cast
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Scope, Typed

if TYPE_CHECKING:
    from opentrail.lake.sql.expressions import Expressions


def json_literal(compiler: "Expressions", node: exp.ParseJSON, scope: Scope) -> Typed:
    """`JSON '{"a": 1}'`."""
    return compiler.calls.of("json_parse", [compiler.compile(node.this, scope)])


def json_value(compiler: "Expressions", node: exp.JSONValue, scope: Scope) -> Typed:
    """`JSON_VALUE(x, 'lax $.a' RETURNING bigint DEFAULT 0 ON EMPTY)`: a scalar."""
    found = compiler.calls.of("json_extract_scalar", compiler.all([node.this, node.args["path"]], scope))
    returned = node.args.get("returning")
    if returned:
        found = cast(compiler.dialect, found, types.of_cast(returned), attempt=True)
    default = _default(node.args.get("on_condition"))
    if default is None:
        return found
    value = cast(compiler.dialect, compiler.compile(default, scope), found.type)
    return Typed(f"coalesce({found.sql}, {value.sql})", found.type)


def json_query(compiler: "Expressions", node: exp.JSONExtract, scope: Scope) -> Typed:
    """`JSON_QUERY(x, 'lax $.a[*]' WITH ARRAY WRAPPER)`: a part, as the text of JSON."""
    if not node.args.get("json_query"):
        raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
    if _default(node.args.get("on_condition")) is not None:
        raise InvalidQueryStatement("JSON_QUERY takes no DEFAULT")
    option = node.args.get("option")
    wrapped = option is not None and str(option.name).upper().startswith("WITH ")
    name = "json_query_wrapped" if wrapped else "json_query"
    return compiler.calls.of(name, compiler.all([node.this, node.expression], scope))


def json_object(compiler: "Expressions", node: exp.JSONObject, scope: Scope) -> Typed:
    """`JSON_OBJECT('a' : 1, KEY 'b' VALUE x)`: the text of an object; NULLs stay."""
    if any(node.args.get(name) for name in ("return_type", "encoding")):
        raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
    if str(node.args.get("null_handling") or "").startswith("ABSENT"):
        raise InvalidQueryStatement("ABSENT ON NULL is not supported")
    parts: list[Typed] = []
    for pair in node.expressions:
        if not isinstance(pair, exp.JSONKeyValue):
            raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
        parts += compiler.all([pair.this, pair.expression], scope)
    return compiler.calls.of("json_object", parts)


def _default(condition: exp.Expr | None) -> exp.Expr | None:
    """The value of DEFAULT .. ON EMPTY. Raises InvalidQueryStatement for ERROR ON .."""
    found = None
    for name in ("empty", "error", "null"):
        said = condition.args.get(name) if condition is not None else None
        if isinstance(said, exp.Expr):
            found = said
        elif said and not str(said).startswith("NULL"):
            raise InvalidQueryStatement(f"{said} is not supported")
    return found

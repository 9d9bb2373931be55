"""Expressions: every kind of node that may stand in one, each with the function that compiles it.

What is not in the table is refused. Comparisons and what joins them are in `conditions`, functions in `calls`.
"""

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from opentrail.lake.sql import coercion, json_calls, types
from opentrail.lake.sql.calls import Calls
from opentrail.lake.sql.coercion import compared, row_of, together
from opentrail.lake.sql.conditions import CONDITIONS, Rule
from opentrail.lake.sql.dialect import Dialect
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.intervals import EXTRACTED, interval
from opentrail.lake.sql.moments import known_zone, moment_literal
from opentrail.lake.sql.scopes import Relation, Scope, Typed, member
from opentrail.lake.sql.types import BOOLEAN, VARCHAR

SubQuery = Callable[[exp.Expr, Scope], tuple[str, Relation]]  # the SQL of a query in brackets, and what it gives

_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


class Expressions:
    """Compiles expressions for an engine; `subquery` compiles a query that stands inside one."""

    def __init__(self, dialect: Dialect, subquery: SubQuery) -> None:
        self.dialect = dialect
        self.subquery = subquery
        self.calls = Calls(self)

    def compile(self, node: exp.Expr, scope: Scope) -> Typed:
        """The SQL of `node` and its type. Raises InvalidQueryStatement."""
        rule = _RULES.get(type(node))
        understood = _PARTS.get(type(node), _BOTH)
        if rule is None or any(part and name not in understood for name, part in node.args.items()):
            raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
        return rule(self, node, scope)

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        """The SQL of a condition."""
        found = self.compile(node, scope)
        if found.type not in (BOOLEAN, types.UNKNOWN):
            raise InvalidQueryStatement(f"{where} clause must evaluate to a boolean: actual type {found.type}")
        return found.sql

    def all(self, nodes: list[exp.Expr], scope: Scope) -> list[Typed]:
        """Several expressions."""
        return [self.compile(node, scope) for node in nodes]


def _column(compiler: Expressions, node: exp.Column, scope: Scope) -> Typed:
    return scope.resolve([part.name for part in node.parts])


def _identifier(compiler: Expressions, node: exp.Identifier, scope: Scope) -> Typed:
    return scope.resolve([node.name])


def _dot(compiler: Expressions, node: exp.Dot, scope: Scope) -> Typed:
    parts: list[str] = []
    inner: exp.Expr = node
    while isinstance(inner, exp.Dot):
        parts.insert(0, inner.expression.name)
        inner = inner.this
    if isinstance(inner, exp.Column):
        return scope.resolve([*(part.name for part in inner.parts), *parts])
    value = compiler.compile(inner, scope)
    for name in parts:
        value = member(value, name)
    return value


def _literal(compiler: Expressions, node: exp.Literal, scope: Scope) -> Typed:
    if node.is_string:
        return Typed(compiler.dialect.text(node.name), VARCHAR, node.name)
    text = node.name
    if text.isdigit():
        return Typed(text, types.INTEGER if int(text) < 2**31 else types.BIGINT, text)
    if "e" in text.lower():
        return Typed(f"CAST('{float(text)!r}' AS DOUBLE)", types.DOUBLE, text)
    whole, _, behind = text.partition(".")
    if not (whole + behind).isdigit():
        raise InvalidQueryStatement(f"Not a number: {text}")
    return Typed(text, types.decimal(max(1, len(whole.lstrip("0")) + len(behind)), len(behind)), text)


def _boolean(compiler: Expressions, node: exp.Boolean, scope: Scope) -> Typed:
    return Typed("true" if node.this else "false", BOOLEAN)


def _null(compiler: Expressions, node: exp.Null, scope: Scope) -> Typed:
    return Typed("NULL", types.UNKNOWN)


def _paren(compiler: Expressions, node: exp.Paren, scope: Scope) -> Typed:
    inner = compiler.compile(node.this, scope)
    return Typed(f"({inner.sql})", inner.type, inner.literal)


def _arithmetic(compiler: Expressions, node: exp.Binary, scope: Scope) -> Typed:
    one, other = compiler.all([node.this, node.expression], scope)
    return coercion.arithmetic(compiler.dialect, _ARITHMETIC[type(node)], one, other)


def _negative(compiler: Expressions, node: exp.Neg, scope: Scope) -> Typed:
    inner = compiler.compile(node.this, scope)
    literal = f"-{inner.literal}" if inner.literal is not None else None
    return Typed(f"(-{inner.sql})", inner.type, literal)


def _joined(compiler: Expressions, node: exp.DPipe, scope: Scope) -> Typed:
    one, other = compiler.all([node.this, node.expression], scope)
    for array, element, first in ((one, other, False), (other, one, True)):
        if array.type.kind == "array" and element.type.kind != "array" and element.type != types.UNKNOWN:
            common = types.common(array.type.inner[0], element.type)
            if common is not None:
                alone = compiler.dialect.array([element.sql], common)
                sides = (alone, array.sql) if first else (array.sql, alone)
                return Typed(compiler.dialect.concatenated(*sides), types.array(common))
    both = together([one, other], "operands of ||")
    if both.kind == "array":
        return Typed(compiler.dialect.concatenated(one.sql, other.sql), both)
    if both not in (VARCHAR, types.VARBINARY, types.UNKNOWN):
        raise InvalidQueryStatement(f"Cannot apply operator: {one.type} || {other.type}")
    return Typed(f"({one.sql} || {other.sql})", both)


def _case(compiler: Expressions, node: exp.Case, scope: Scope) -> Typed:
    subject = compiler.compile(node.this, scope) if node.this is not None else None
    conditions, values = [], []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(compiler.condition(branch.this, scope, "CASE WHEN"))
        else:
            one, other = compared(compiler.dialect, subject, compiler.compile(branch.this, scope), "=")
            conditions.append(f"({one.sql} = {other.sql})")
        values.append(compiler.compile(branch.args["true"], scope))
    default = node.args.get("default")
    last = compiler.compile(default, scope) if default is not None else Typed("NULL", types.UNKNOWN)
    found = together([*values, last], "CASE results")
    whens = " ".join(f"WHEN {one} THEN {value.sql}" for one, value in zip(conditions, values, strict=True))
    return Typed(f"(CASE {whens} ELSE {last.sql} END)", found)


def _if(compiler: Expressions, node: exp.If, scope: Scope) -> Typed:
    condition = compiler.condition(node.this, scope, "IF")
    value = compiler.compile(node.args["true"], scope)
    other = node.args.get("false")
    last = compiler.compile(other, scope) if other is not None else Typed("NULL", types.UNKNOWN)
    found = together([value, last], "IF results")
    return Typed(f"(CASE WHEN {condition} THEN {value.sql} ELSE {last.sql} END)", found)


def _bytes(compiler: Expressions, node: exp.HexString, scope: Scope) -> Typed:
    try:
        return Typed(compiler.dialect.bytes(bytes.fromhex(node.name)), types.VARBINARY)
    except ValueError as fault:
        raise InvalidQueryStatement(f"Not a binary literal: X'{node.name}'") from fault


def _cast(compiler: Expressions, node: exp.Cast, scope: Scope) -> Typed:
    to = types.of_cast(node.to)
    if to == types.ZONED and isinstance(node.this, exp.Literal) and node.this.is_string:
        moment = moment_literal(node.this.name)
        if moment is not None:
            return Typed(compiler.dialect.moment(compiler.dialect.text(moment[0])), moment[1])
    attempt = isinstance(node, exp.TryCast)
    found = coercion.cast(compiler.dialect, compiler.compile(node.this, scope), to, attempt=attempt)
    length = types.length_of_cast(node.to)
    if length is None:
        return found
    return compiler.calls.of("substr", [found, *(Typed(str(n), types.INTEGER) for n in (1, length))])


def _extract(compiler: Expressions, node: exp.Extract, scope: Scope) -> Typed:
    name = EXTRACTED.get(node.this.name.upper())
    if name is None:
        raise InvalidQueryStatement(f"Invalid EXTRACT field: {node.this.name}")
    return compiler.calls.of(name, [compiler.compile(node.expression, scope)])


def _trim(compiler: Expressions, node: exp.Trim, scope: Scope) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    what = node.args.get("expression")
    return compiler.calls.of(name, compiler.all([node.this, *([what] if what is not None else [])], scope))


def _position(compiler: Expressions, node: exp.StrPosition, scope: Scope) -> Typed:
    return compiler.calls.of("strpos", compiler.all([node.this, node.args["substr"]], scope))


def _substring(compiler: Expressions, node: exp.Substring, scope: Scope) -> Typed:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return compiler.calls.of("substr", compiler.all([part for part in parts if part is not None], scope))


def _at_time_zone(compiler: Expressions, node: exp.AtTimeZone, scope: Scope) -> Typed:
    value = compiler.compile(node.this, scope)
    zone = compiler.compile(node.args["zone"], scope)
    if value.type not in types.MOMENTS or zone.type != VARCHAR or zone.literal is None:
        raise InvalidQueryStatement(f"Cannot apply operator: {value.type} AT TIME ZONE {zone.type}")
    return Typed(value.sql, types.zoned(known_zone(zone.literal)))  # the same moment, shown elsewhere


def _array(compiler: Expressions, node: exp.Array, scope: Scope) -> Typed:
    items = compiler.all(node.expressions, scope)
    element = together(items, "ARRAY elements")
    return Typed(compiler.dialect.array([item.sql for item in items], element), types.array(element))


def _subscript(compiler: Expressions, node: exp.Bracket, scope: Scope) -> Typed:
    value = compiler.compile(node.this, scope)
    if len(node.expressions) != 1:
        raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
    key = compiler.compile(node.expressions[0], scope)
    if value.type.kind == "row" and key.literal is not None and key.literal.isdigit():
        number = int(key.literal)
        if 0 < number <= len(value.type.names):
            return member(value, value.type.names[number - 1])
    if value.type.kind not in ("array", "map"):
        raise InvalidQueryStatement(f"Cannot apply subscript to {value.type}")
    return compiler.calls.of("element_at", [value, key])


def _scalar_query(compiler: Expressions, node: exp.Subquery, scope: Scope) -> Typed:
    sql, relation = compiler.subquery(node, scope)
    if len(relation.columns) != 1:
        raise InvalidQueryStatement("Multiple columns returned by subquery are not supported here")
    return Typed(f"({sql})", relation.columns[0].value.type)


def _exists(compiler: Expressions, node: exp.Exists, scope: Scope) -> Typed:
    return Typed(f"EXISTS ({compiler.subquery(node.this, scope)[0]})", BOOLEAN)


def _interval(compiler: Expressions, node: exp.Interval, scope: Scope) -> Typed:
    return interval(compiler.dialect, node)


def _called(name: str) -> Rule:
    return lambda compiler, node, scope: compiler.calls.of(name, [])


def _call(compiler: Expressions, node: exp.Expr, scope: Scope) -> Typed:
    return compiler.calls.compile(node, scope)


def _tuple(compiler: Expressions, node: exp.Tuple, scope: Scope) -> Typed:
    return row_of(compiler.dialect, compiler.all(node.expressions, scope))


_BOTH: Final = frozenset(("this", "expression", "expressions"))
# What else the grammar may say of a node, and its rule looks at; anything more is refused, never passed over.
_PARTS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    kind: _BOTH | frozenset(names.split())
    for kind, names in {
        exp.Column: "table db catalog join_mark", exp.Identifier: "quoted", exp.Literal: "is_string",
        exp.Div: "typed safe", exp.In: "query unnest field is_global", exp.Between: "low high", exp.Like: "negate",
        exp.Case: "ifs default", exp.If: "true false", exp.Cast: "to", exp.TryCast: "to requires_string safe",
        exp.Trim: "position", exp.StrPosition: "substr", exp.Substring: "start length", exp.AtTimeZone: "zone",
        exp.Array: "value_constructor bracket_notation", exp.Bracket: "returns_list_for_maps offset safe",
        exp.Subquery: "alias", exp.Interval: "unit", exp.GroupConcat: "separator on_overflow",
        exp.Window: "partition_by order spec alias over first", exp.CurrentTimestamp: "sysdate",
        exp.ParseJSON: "is_literal", exp.JSONValue: "path returning on_condition", exp.HexString: "is_integer",
        exp.JSONExtract: "json_query option on_condition only_json_types",
        exp.JSONObject: "null_handling unique_keys return_type encoding",
    }.items()
}  # fmt: skip
_RULES: Final[dict[type[exp.Expr], Rule]] = {
    exp.Column: _column, exp.Identifier: _identifier, exp.Dot: _dot, exp.Literal: _literal, exp.Boolean: _boolean,
    exp.Null: _null, exp.Paren: _paren, exp.Neg: _negative,
    exp.DPipe: _joined, exp.Case: _case, exp.If: _if, exp.Cast: _cast, exp.TryCast: _cast, exp.Extract: _extract,
    exp.Trim: _trim, exp.StrPosition: _position, exp.Substring: _substring, exp.AtTimeZone: _at_time_zone,
    exp.Array: _array, exp.Bracket: _subscript, exp.Subquery: _scalar_query, exp.Exists: _exists,
    exp.Interval: _interval, exp.CurrentTimestamp: _called("now"), exp.CurrentDate: _called("current_date"),
    exp.Localtimestamp: _called("localtimestamp"), exp.Anonymous: _call, exp.Window: _call, exp.Filter: _call,
    exp.GroupConcat: _call, exp.WithinGroup: _call, exp.Tuple: _tuple, exp.HexString: _bytes,
    exp.ParseJSON: json_calls.json_literal, exp.JSONValue: json_calls.json_value,
    exp.JSONExtract: json_calls.json_query, exp.JSONObject: json_calls.json_object,
    **CONDITIONS, **dict.fromkeys(_ARITHMETIC, _arithmetic),
}  # fmt: skip

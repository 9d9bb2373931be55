"""Calls of functions: which signature fits, lambdas with the types of their arguments, aggregates and windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.coercion import row_of
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.forms import FORMS, Argument, LambdaForm
from opentrail.lake.sql.functions import AGGREGATES, SCALARS, WINDOWS
from opentrail.lake.sql.ordering import ordered
from opentrail.lake.sql.scopes import Column, Scope, Typed
from opentrail.lake.sql.signatures import Bindings, Signature, in_form, replaced
from opentrail.lake.sql.types import Type, engine_type

if TYPE_CHECKING:
    from opentrail.lake.sql.expressions import Expressions

_ROW: Final = "row"


@dataclass(frozen=True, slots=True)
class _Aggregated:
    """What stands inside an aggregate's brackets beside its arguments."""

    arguments: list[exp.Expr]
    distinct: bool = False
    order: exp.Order | None = None


class Calls:
    """Compiles calls for `expressions`."""

    def __init__(self, expressions: "Expressions") -> None:
        self._expressions = expressions
        self._lambdas = 0

    def of(self, name: str, arguments: list[Typed]) -> Typed:
        """A call of a scalar function with arguments that are compiled already."""
        return self._fitting(name, SCALARS.get(name, []), list(arguments))

    def compile(self, node: exp.Expr, scope: Scope) -> Typed:
        """A call, with its FILTER and its window. Raises InvalidQueryStatement for a function that does not exist."""
        if isinstance(node, exp.Window):
            return self._window(node, scope)
        if isinstance(node, exp.Filter):
            called = self.compile(node.this, scope)
            condition = self._expressions.condition(node.expression.this, scope, "FILTER")
            return Typed(_filtered(called.sql, condition), called.type)
        if isinstance(node, exp.GroupConcat | exp.WithinGroup):
            return self._list_aggregate(node, scope)
        assert isinstance(node, exp.Anonymous)
        name = node.name.lower()
        if name == _ROW:
            return row_of(self._expressions.all(node.expressions, scope))
        if name in AGGREGATES:
            return self._aggregate(name, node, scope)
        if name not in SCALARS:
            raise InvalidQueryStatement(f"Function '{name}' not registered")
        arguments: list[Argument | _Unbound] = [
            _Unbound(part) if isinstance(part, exp.Lambda) else self._expressions.compile(part, scope)
            for part in node.expressions
        ]
        return self._fitting(name, SCALARS[name], arguments, scope)

    def _fitting(
        self,
        name: str,
        signatures: list[Signature],
        arguments: Sequence["Argument | _Unbound"],
        scope: Scope | None = None,
    ) -> Typed:
        for signature in signatures:
            if not signature.fits_number(len(arguments)):
                continue
            bindings: Bindings = {}
            bound = self._bound(signature, arguments, bindings, scope)
            if bound is not None:
                return _formed(signature, bound, bindings)
        given = ", ".join(str(one.type) for one in arguments)
        raise InvalidQueryStatement(f"Unexpected parameters ({given}) for function {name}")

    def _bound(
        self,
        signature: Signature,
        arguments: Sequence["Argument | _Unbound"],
        bindings: Bindings,
        scope: Scope | None,
    ) -> list[Argument] | None:
        bound: list[Argument] = []
        for position, argument in enumerate(arguments):
            pattern = signature.lambda_at(position)
            if isinstance(argument, _Unbound) != (pattern is not None):
                return None
            if isinstance(argument, _Unbound):
                assert pattern is not None
                if scope is None or len(argument.names) != len(pattern.inner) - 1:
                    return None
                argument = self._lambda(argument, pattern, bindings, scope)
                if not signature.bind(position, argument.type, bindings):
                    return None
            elif not signature.bind(position, argument.type, bindings):
                return None
            bound.append(argument)
        return bound

    def _lambda(self, unbound: "_Unbound", pattern: Type, bindings: Bindings, scope: Scope) -> LambdaForm:
        taken = [replaced(one, bindings) for one in pattern.inner[:-1]]
        self._lambdas += 1
        number = self._lambdas

        def body(values: list[Typed]) -> Typed:
            named = [Column(name, value) for name, value in zip(unbound.names, values, strict=True)]
            return self._expressions.compile(unbound.node.this, scope.with_first(named))

        names = [f"l{number}_{position}" for position in range(len(taken))]
        return LambdaForm.made(names, taken, body)

    def _aggregate(self, name: str, node: exp.Anonymous, scope: Scope) -> Typed:
        inside = _inside(node)
        if name == "count" and (not inside.arguments or isinstance(inside.arguments[0], exp.Star)):
            return Typed("count(*)", types.BIGINT)
        arguments: list[Argument] = list(self._expressions.all(inside.arguments, scope))
        called = self._fitting(name, AGGREGATES[name], arguments)
        if not inside.distinct and inside.order is None:
            return called
        if not called.sql.endswith(")") or called.sql.count("(") < 1:
            raise InvalidQueryStatement(f"DISTINCT and ORDER BY are not supported for {name}")
        sql = called.sql
        if inside.distinct:
            sql = _inserted(sql, "DISTINCT ")
        if inside.order is not None:
            sql = _appended(sql, f" ORDER BY {ordered(inside.order, scope, self._expressions.compile)}")
        return Typed(sql, called.type)

    def _list_aggregate(self, node: exp.Expr, scope: Scope) -> Typed:
        """LISTAGG(x, separator) WITHIN GROUP (ORDER BY y)."""
        order = node.expression if isinstance(node, exp.WithinGroup) else None
        inner = node.this if isinstance(node, exp.WithinGroup) else node
        if not isinstance(inner, exp.GroupConcat):
            raise InvalidQueryStatement(f"Not supported: {node.sql('trino')[:80]}")
        what, separator = inner.this, inner.args.get("separator")
        if isinstance(what, exp.Order):
            order, what = what, what.this
        distinct = isinstance(what, exp.Distinct)
        value = self._expressions.compile(what.expressions[0] if distinct else what, scope)
        between = self._expressions.compile(separator, scope).sql if separator is not None else "''"
        by = f" ORDER BY {ordered(order, scope, self._expressions.compile)}" if isinstance(order, exp.Order) else ""
        return Typed(f"string_agg({'DISTINCT ' if distinct else ''}{value.sql}, {between}{by})", types.VARCHAR)

    def _window(self, node: exp.Window, scope: Scope) -> Typed:
        called = self._windowed(node.this, scope)
        name = node.args.get("alias")
        if name is not None and not node.args.get("partition_by") and not node.args.get("order"):
            return Typed(f"{called.sql} OVER {types.quoted('w_' + name.name.lower())}", called.type)
        return Typed(f"{called.sql} OVER ({self.window_definition(node, scope)})", called.type)

    def window_definition(self, node: exp.Window, scope: Scope) -> str:
        """What stands in the brackets behind OVER."""
        parts = []
        partition = node.args.get("partition_by") or []
        if partition:
            parts.append("PARTITION BY " + ", ".join(one.sql for one in self._expressions.all(partition, scope)))
        order = node.args.get("order")
        if order is not None:
            parts.append(f"ORDER BY {ordered(order, scope, self._expressions.compile)}")
        frame = node.args.get("spec")
        if frame is not None:
            parts.append(_frame(frame))
        return " ".join(parts)

    def _windowed(self, node: exp.Expr, scope: Scope) -> Typed:
        nulls = ""
        if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
            nulls = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else ""
            node = node.this
        if isinstance(node, exp.Anonymous) and node.name.lower() in WINDOWS:
            name = node.name.lower()
            arguments: list[Argument] = list(self._expressions.all(node.expressions, scope))
            called = self._fitting(name, WINDOWS[name], arguments)
            return Typed(_appended(called.sql, nulls), called.type)
        return self.compile(node, scope)


@dataclass(frozen=True, slots=True)
class _Unbound:
    """A lambda before the types of its arguments are known."""

    node: exp.Lambda
    type: Type = types.LAMBDA

    @property
    def names(self) -> list[str]:
        """Its arguments."""
        return [one.name for one in self.node.expressions]


def _inside(node: exp.Anonymous) -> _Aggregated:
    arguments = list(node.expressions)
    order = None
    if arguments and isinstance(arguments[-1], exp.Order):
        order = arguments[-1]
        arguments[-1] = order.this
    if arguments and isinstance(arguments[0], exp.Distinct):
        return _Aggregated(list(arguments[0].expressions) + arguments[1:], True, order)
    return _Aggregated(arguments, False, order)


def _formed(signature: Signature, arguments: list[Argument], bindings: Bindings) -> Typed:
    gives = signature.result(bindings)
    special = FORMS.get(signature.form)
    if special is not None:
        return special(arguments, gives)
    sql = in_form(signature.form, arguments, signature.name)
    if signature.gives.kind in ("decimal",):
        return Typed(sql, types.decimal(38, arguments[0].type.precision[1]))
    return Typed(sql.replace("engine_type_", engine_type(gives)), gives)


def _filtered(sql: str, condition: str) -> str:
    """FILTER belongs to the aggregate itself, not to what is cast around it."""
    if sql.startswith("CAST(") and sql.endswith(" AS BIGINT)"):
        return f"CAST({sql[5:-11]} FILTER (WHERE {condition}) AS BIGINT)"
    return f"{sql} FILTER (WHERE {condition})"


def _inserted(sql: str, words: str) -> str:
    cast = "CAST(" if sql.startswith("CAST(") else ""
    at = sql.index("(", len(cast)) + 1
    return sql[:at] + words + sql[at:]


def _appended(sql: str, words: str) -> str:
    end = sql.index(") AS ") if sql.startswith("CAST(") else len(sql) - 1
    return sql[:end] + words + sql[end:]


def _frame(frame: exp.WindowSpec) -> str:
    parts = []
    for side in ("start", "end"):
        value, word = frame.args.get(side), str(frame.args.get(f"{side}_side") or "")
        if value is None:
            continue
        text = value if isinstance(value, str) else value.name
        if text not in ("UNBOUNDED", "CURRENT ROW") and not str(text).isdigit():
            raise InvalidQueryStatement("A window's frame must be a number of rows")
        parts.append(f"{text} {word}".strip())
    kind = str(frame.args.get("kind") or "RANGE")
    if kind not in ("ROWS", "RANGE", "GROUPS"):
        raise InvalidQueryStatement(f"Not supported: {kind}")
    return f"{kind} BETWEEN {' AND '.join(parts)}" if len(parts) == 2 else f"{kind} {parts[0]}"

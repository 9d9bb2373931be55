"""Calls of functions: which signature fits, lambdas with the types of their arguments, aggregates and windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.coercion import row_of
from opentrail.lake.sql.dialect import Argument, Dialect, LambdaForm
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.functions import AGGREGATES, SCALARS, WINDOWS
from opentrail.lake.sql.moments import known_zone
from opentrail.lake.sql.ordering import keys
from opentrail.lake.sql.scopes import Column, Scope, Typed
from opentrail.lake.sql.signatures import Bindings, Signature, in_form, replaced
from opentrail.lake.sql.types import Type

if TYPE_CHECKING:
    from opentrail.lake.sql.expressions import Expressions

_ROW: Final = "row"
_GIVEN_TYPE: Final = "{type}"  # in a template: the type of what the call gives
_ZONE_GIVEN: Final = frozenset(("at_timezone", "with_timezone"))


@dataclass(frozen=True, slots=True)
class _Inside:
    """What stands inside an aggregate's brackets beside its arguments."""

    arguments: list[exp.Expr]
    distinct: bool = False
    order: exp.Order | None = None


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """A call over several rows; what stands around it once FILTER and OVER are there belongs to its form."""

    before: str
    call: str
    after: str
    type: Type

    def ended(self, words: str = "") -> Typed:
        """The call with FILTER and OVER, which belong to the aggregate itself."""
        return Typed(f"{self.before}{self.call}{words}{self.after}", self.type)


class Calls:
    """Compiles calls for `expressions`."""

    def __init__(self, expressions: "Expressions") -> None:
        self._expressions = expressions
        self._lambdas = 0

    @property
    def _dialect(self) -> Dialect:
        return self._expressions.dialect

    def of(self, name: str, arguments: list[Typed]) -> Typed:
        """A call of a scalar function with arguments that are compiled already."""
        return self._scalar(name, list(arguments), None)

    def compile(self, node: exp.Expr, scope: Scope) -> Typed:
        """A call, with its FILTER and its window. Raises InvalidQueryStatement for a function that does not exist."""
        if isinstance(node, exp.Window):
            return self._over(node, scope)
        if isinstance(node, exp.Filter | exp.GroupConcat | exp.WithinGroup):
            return self._filtered(node, scope).ended()
        assert isinstance(node, exp.Anonymous)
        name = node.name.lower()
        if name == _ROW:
            return row_of(self._dialect, self._expressions.all(node.expressions, scope))
        if name in AGGREGATES:
            return self._aggregate(name, node, scope).ended()
        if name not in SCALARS:
            raise InvalidQueryStatement(f"Function '{name}' not registered")
        arguments: list[Argument | _Unbound] = [
            _Unbound(part) if isinstance(part, exp.Lambda) else self._expressions.compile(part, scope)
            for part in node.expressions
        ]
        return self._scalar(name, arguments, scope)

    def _scalar(self, name: str, arguments: Sequence["Argument | _Unbound"], scope: Scope | None) -> Typed:
        signature, bound, gives = self._fitting(name, SCALARS.get(name, []), arguments, scope)
        taken = [self._local(signature, position, one) for position, one in enumerate(bound)]
        template = self._template(signature)
        special = self._dialect.forms.get(template)
        sql = special(taken, gives) if special is not None else self._written(template, taken, name, gives)
        return Typed(sql, _zone_kept(name, bound, gives))

    def _template(self, signature: Signature) -> str:
        template = self._dialect.template(signature)
        if template is None:
            raise InvalidQueryStatement(f"Function '{signature.name}' is not there on this engine")
        return template

    def _written(self, template: str, arguments: Sequence[Argument], name: str, gives: Type) -> str:
        return in_form(template, arguments, name).replace(_GIVEN_TYPE, self._dialect.type_name(gives))

    def _local(self, signature: Signature, position: int, argument: Argument) -> Argument:
        """Parts of a moment with a zone are what clocks there show."""
        shown = signature.lambda_at(position) is None and signature.parts_of_moment
        if shown and isinstance(argument, Typed) and argument.type.zone:
            return Typed(self._dialect.local(argument.sql, argument.type.zone), types.TIMESTAMP)
        return argument

    def _fitting(
        self,
        name: str,
        signatures: list[Signature],
        arguments: Sequence["Argument | _Unbound"],
        scope: Scope | None = None,
    ) -> tuple[Signature, list[Argument], Type]:
        for signature in signatures:
            if not signature.fits_number(len(arguments)):
                continue
            bindings: Bindings = {}
            bound = self._bound(signature, arguments, bindings, scope)
            if bound is not None:
                return signature, bound, _given(signature, bound, bindings)
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
        inner = body([Typed(name, one) for name, one in zip(names, taken, strict=True)])
        written = self._dialect.function(names, inner.sql)
        return LambdaForm(written, Type("function", (*taken, inner.type)), body)

    def _aggregate(self, name: str, node: exp.Anonymous, scope: Scope) -> _Aggregate:
        inside = _inside(node)
        if name == "count" and (not inside.arguments or isinstance(inside.arguments[0], exp.Star)):
            return _Aggregate("", "count(*)", "", types.BIGINT)
        arguments: list[Argument | _Unbound] = [
            _Unbound(part) if isinstance(part, exp.Lambda) else self._expressions.compile(part, scope)
            for part in inside.arguments
        ]
        signature, bound, gives = self._fitting(name, AGGREGATES[name], arguments, scope)
        found = self._aggregated(signature, bound, gives)
        call = found.call
        if inside.distinct:
            at = call.index("(") + 1
            call = f"{call[:at]}DISTINCT {call[at:]}"
        if inside.order is not None:
            ordered = keys(inside.order, scope, self._expressions.compile)
            call = self._dialect.ordered_call(call, ordered, inside.distinct)
        return _Aggregate(found.before, call, found.after, gives)

    def _aggregated(self, signature: Signature, arguments: Sequence[Argument], gives: Type) -> _Aggregate:
        template = self._template(signature)
        special = self._dialect.forms.get(template)
        if special is not None:
            return _Aggregate("", special(arguments, gives), "", gives)
        before, opened, rest = template.partition("<<")
        call, _, after = rest.partition(">>") if opened else (template, "", "")
        head, middle, tail = (
            self._written(part, arguments, signature.name, gives) for part in (before if opened else "", call, after)
        )
        return _Aggregate(head, middle, tail, gives)

    def _list_aggregate(self, node: exp.Expr, scope: Scope) -> _Aggregate:
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
        between = self._expressions.compile(separator, scope).sql if separator is not None else self._dialect.text("")
        by = keys(order, scope, self._expressions.compile) if isinstance(order, exp.Order) else []
        return _Aggregate("", self._dialect.joined_texts(value.sql, between, by, distinct), "", types.VARCHAR)

    def _filtered(self, node: exp.Expr, scope: Scope) -> _Aggregate:
        """An aggregate with or without FILTER."""
        if isinstance(node, exp.Filter):
            inner = self._filtered(node.this, scope)
            condition = self._expressions.condition(node.expression.this, scope, "FILTER")
            return _Aggregate(inner.before, f"{inner.call} FILTER (WHERE {condition})", inner.after, inner.type)
        if isinstance(node, exp.GroupConcat | exp.WithinGroup):
            return self._list_aggregate(node, scope)
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if name not in AGGREGATES:
            raise InvalidQueryStatement(f"'{name}' is no aggregate")
        assert isinstance(node, exp.Anonymous)
        return self._aggregate(name, node, scope)

    def _over(self, node: exp.Window, scope: Scope) -> Typed:
        called = self._windowed(node.this, scope)
        name = node.args.get("alias")
        if name is not None and not node.args.get("partition_by") and not node.args.get("order"):
            return called.ended(f" OVER {types.quoted('w_' + name.name.lower())}")
        return called.ended(f" OVER ({self.window_definition(node, scope)})")

    def window_definition(self, node: exp.Window, scope: Scope) -> str:
        """What stands in the brackets behind OVER."""
        parts = []
        partition = node.args.get("partition_by") or []
        if partition:
            parts.append("PARTITION BY " + ", ".join(one.sql for one in self._expressions.all(partition, scope)))
        order = node.args.get("order")
        if order is not None:
            by = keys(order, scope, self._expressions.compile)
            parts.append(f"ORDER BY {', '.join(key.sql for key in by)}")
        frame = node.args.get("spec")
        if frame is not None:
            parts.append(self._frame(frame, scope))
        return " ".join(parts)

    def _windowed(self, node: exp.Expr, scope: Scope) -> _Aggregate:
        passed_over = isinstance(node, exp.IgnoreNulls)
        if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
            node = node.this
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if name not in WINDOWS:
            return self._filtered(node, scope)
        signature, bound, gives = self._fitting(name, WINDOWS[name], self._expressions.all(node.expressions, scope))
        found = self._aggregated(signature, bound, gives)
        call = self._dialect.nulls_passed_over(found.call) if passed_over else found.call
        return _Aggregate(found.before, call, found.after, gives)

    def _frame(self, frame: exp.WindowSpec, scope: Scope) -> str:
        parts = []
        for side in ("start", "end"):
            value, word = frame.args.get(side), str(frame.args.get(f"{side}_side") or "").upper()
            if value is None:
                continue
            if isinstance(value, exp.Interval):
                text = self._expressions.compile(value, scope).sql
            else:
                text = (value if isinstance(value, str) else value.name).upper()
                if text not in ("UNBOUNDED", "CURRENT ROW") and not text.isdigit():
                    raise InvalidQueryStatement("A window's frame must be a number of rows or an interval")
            parts.append(f"{text} {word}".strip())
        kind = str(frame.args.get("kind") or "RANGE").upper()
        if kind not in ("ROWS", "RANGE", "GROUPS"):
            raise InvalidQueryStatement(f"Not supported: {kind}")
        return f"{kind} BETWEEN {' AND '.join(parts)}" if len(parts) == 2 else f"{kind} {parts[0]}"


@dataclass(frozen=True, slots=True)
class _Unbound:
    """A lambda before the types of its arguments are known."""

    node: exp.Lambda
    type: Type = types.LAMBDA

    @property
    def names(self) -> list[str]:
        """Its arguments."""
        return [one.name for one in self.node.expressions]


def _inside(node: exp.Anonymous) -> _Inside:
    arguments = list(node.expressions)
    order = None
    if arguments and isinstance(arguments[-1], exp.Order):
        order = arguments[-1]
        arguments[-1] = order.this
    if arguments and isinstance(arguments[0], exp.Distinct):
        return _Inside(list(arguments[0].expressions) + arguments[1:], True, order)
    return _Inside(arguments, False, order)


def _given(signature: Signature, arguments: Sequence[Argument], bindings: Bindings) -> Type:
    if signature.gives.kind == "decimal":
        return types.decimal(38, arguments[0].type.precision[1])
    return signature.result(bindings)


def _zone_kept(name: str, arguments: Sequence[Argument], gives: Type) -> Type:
    """`at_timezone` gives a moment another zone; what moves or cuts one keeps it."""
    if gives != types.ZONED:
        return gives
    if name in _ZONE_GIVEN:
        text = arguments[1].literal
        if text is None:
            raise InvalidQueryStatement(f"The zone of {name} must be a literal")
        return types.zoned(known_zone(text))
    return next((one.type for one in arguments if one.type == types.ZONED), gives)

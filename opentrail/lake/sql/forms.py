"""Forms that no template can say: paths of JSON, formats of times, lambdas over maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from opentrail.lake.sql import types
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.intervals import unit
from opentrail.lake.sql.json_paths import engine_path
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.time_formats import joda_format, mysql_format
from opentrail.lake.sql.types import Type, engine_type, text_literal

Body = Callable[[list[Typed]], Typed]


@dataclass(frozen=True, slots=True)
class LambdaForm:
    """A lambda whose argument types are known: as the engine writes it, and to be written with other arguments."""

    sql: str
    type: Type
    body: Body
    literal: None = None

    @classmethod
    def made(cls, names: Sequence[str], taken: Sequence[Type], body: Body) -> "LambdaForm":
        """The lambda with arguments of these names and types."""
        inner = body([Typed(name, one) for name, one in zip(names, taken, strict=True)])
        return cls(f"lambda {', '.join(names)}: {inner.sql}", Type("function", (*taken, inner.type)), body)

    def applied(self, *arguments: str) -> str:
        """Its body with other expressions in the places of its arguments."""
        values = [Typed(sql, one) for sql, one in zip(arguments, self.type.inner[:-1], strict=True)]
        return self.body(values).sql


Argument = Typed | LambdaForm
Form = Callable[[list[Argument], Type], Typed]


def _literal(argument: Argument, what: str) -> str:
    if argument.literal is None:
        raise InvalidQueryStatement(f"{what} must be a literal")
    return argument.literal


def _document(argument: Argument) -> str:
    return argument.sql if argument.type == types.JSON else f"json_or_null({argument.sql})"


def _json_extract(arguments: list[Argument], gives: Type) -> Typed:
    path = text_literal(engine_path(_literal(arguments[1], "The JSON path")))
    return Typed(f"json_extract({_document(arguments[0])}, {path})", gives)


def _json_extract_scalar(arguments: list[Argument], gives: Type) -> Typed:
    path = text_literal(engine_path(_literal(arguments[1], "The JSON path")))
    return Typed(f"json_scalar(json_extract({_document(arguments[0])}, {path}))", gives)


def _json_size(arguments: list[Argument], gives: Type) -> Typed:
    path = text_literal(engine_path(_literal(arguments[1], "The JSON path")))
    return Typed(f"json_size_(json_extract({_document(arguments[0])}, {path}))", gives)


def _mysql_format(arguments: list[Argument], gives: Type) -> Typed:
    parts = mysql_format(_literal(arguments[1], "The format"))
    return Typed(f"strftime(CAST({arguments[0].sql} AS TIMESTAMP), {text_literal(parts)})", gives)


def _mysql_parse(arguments: list[Argument], gives: Type) -> Typed:
    return Typed(
        f"strptime({arguments[0].sql}, {text_literal(mysql_format(_literal(arguments[1], 'The format')))})", gives
    )


def _joda_format(arguments: list[Argument], gives: Type) -> Typed:
    parts = joda_format(_literal(arguments[1], "The format"))
    return Typed(f"strftime(CAST({arguments[0].sql} AS TIMESTAMP), {text_literal(parts)})", gives)


def _joda_parse(arguments: list[Argument], gives: Type) -> Typed:
    parts = joda_format(_literal(arguments[1], "The format"))
    return Typed(f"CAST(strptime({arguments[0].sql}, {text_literal(parts)}) AS TIMESTAMP)", gives)


def _lambda(argument: Argument) -> LambdaForm:
    assert isinstance(argument, LambdaForm)
    return argument


def _reduce(arguments: list[Argument], gives: Type) -> Typed:
    step, finish = _lambda(arguments[2]), _lambda(arguments[3])
    state = types.common(arguments[1].type, step.type.inner[-1]) or arguments[1].type
    start = f"CAST({arguments[1].sql} AS {engine_type(state)})"
    # The engine folds values of one type: states and elements travel together as rows.
    rows = f"list_transform({arguments[0].sql}, lambda e_: {{s: NULL::{engine_type(state)}, v: e_}})"
    body = step.applied("a_.s", "b_.v")
    null = f"NULL::{engine_type(arguments[0].type.inner[0])}"
    folded = (
        f"list_reduce({rows}, lambda a_, b_: {{s: CAST({body} AS {engine_type(state)}), v: {null}}}, "
        f"{{s: {start}, v: {null}}})"
    )
    return Typed(f"({finish.applied(f'({folded}).s')})", gives)


def _zip_with(arguments: list[Argument], gives: Type) -> Typed:
    body = _lambda(arguments[2]).applied("z_[1]", "z_[2]")
    return Typed(f"list_transform(list_zip({arguments[0].sql}, {arguments[1].sql}), lambda z_: {body})", gives)


def _zip(arguments: list[Argument], gives: Type) -> Typed:
    one, other = arguments
    body = '{"field0": z_[1], "field1": z_[2]}'
    sql = f"list_transform(list_zip({one.sql}, {other.sql}), lambda z_: {body})"
    members = Type("row", (one.type.inner[0], other.type.inner[0]), ("field0", "field1"))
    return Typed(sql, types.array(members))


def _map_filter(arguments: list[Argument], gives: Type) -> Typed:
    body = _lambda(arguments[1]).applied("e_.key", "e_.value")
    sql = f"map_from_entries(list_filter(map_entries({arguments[0].sql}), lambda e_: {body}))"
    return Typed(sql, gives)


def _transform_keys(arguments: list[Argument], gives: Type) -> Typed:
    body = _lambda(arguments[1]).applied("e_.key", "e_.value")
    entries = f"list_transform(map_entries({arguments[0].sql}), lambda e_: {{k: {body}, v: e_.value}})"
    return Typed(f"map_from_entries({entries})", gives)


def _transform_values(arguments: list[Argument], gives: Type) -> Typed:
    body = _lambda(arguments[1]).applied("e_.key", "e_.value")
    entries = f"list_transform(map_entries({arguments[0].sql}), lambda e_: {{k: e_.key, v: {body}}})"
    return Typed(f"map_from_entries({entries})", gives)


def _map_zip_with(arguments: list[Argument], gives: Type) -> Typed:
    one, other = arguments[0].sql, arguments[1].sql
    keys = f"distinct_in_order(list_concat(map_keys({one}), map_keys({other})))"
    body = _lambda(arguments[2]).applied("k_", f"{one}[k_]", f"{other}[k_]")
    return Typed(f"map_from_entries(list_transform({keys}, lambda k_: {{k: k_, v: {body}}}))", gives)


def _moved(arguments: list[Argument], gives: Type) -> Typed:
    one = unit(_literal(arguments[0], "The unit"))
    return Typed(
        f"CAST({arguments[2].sql} + {one} * CAST({arguments[1].sql} AS INTEGER) AS {engine_type(gives)})", gives
    )


def _joined(arguments: list[Argument], gives: Type) -> Typed:
    return Typed(f"({' || '.join(one.sql for one in arguments)})", gives)


def _extreme(name: str) -> Form:
    """Unlike the engine's, Trino's `greatest` and `least` are NULL where one argument is."""

    def form(arguments: list[Argument], gives: Type) -> Typed:
        listed = ", ".join(one.sql for one in arguments)
        missing = " OR ".join(f"{one.sql} IS NULL" for one in arguments)
        return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {name}({listed}) END)", gives)

    return form


def _typeof(arguments: list[Argument], gives: Type) -> Typed:
    return Typed(text_literal(str(arguments[0].type)), gives)


FORMS: Final[dict[str, Form]] = {
    "json_extract": _json_extract,
    "json_extract_scalar": _json_extract_scalar,
    "json_size": _json_size,
    "mysql_format": _mysql_format,
    "mysql_parse": _mysql_parse,
    "joda_format": _joda_format,
    "joda_parse": _joda_parse,
    "reduce": _reduce,
    "zip_with": _zip_with,
    "zip_": _zip,
    "map_filter": _map_filter,
    "transform_keys": _transform_keys,
    "transform_values": _transform_values,
    "map_zip_with": _map_zip_with,
    "typeof_": _typeof,
    "moved": _moved,
    "joined": _joined,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}

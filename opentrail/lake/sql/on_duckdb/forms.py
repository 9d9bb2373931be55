"""Forms that no template can say: paths of JSON, formats of times, lambdas over maps."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Argument, Form, as_lambda, literal
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.intervals import unit
from opentrail.lake.sql.json_paths import engine_path
from opentrail.lake.sql.moments import known_zone
from opentrail.lake.sql.on_duckdb import regular_expressions
from opentrail.lake.sql.time_formats import joda_format, mysql_format
from opentrail.lake.sql.types import Type, engine_type, text_literal


def _document(argument: Argument) -> str:
    return argument.sql if argument.type == types.JSON else f"json_or_null({argument.sql})"


def _json_extract(arguments: Sequence[Argument], gives: Type) -> str:
    return _json_part(arguments)


def _json_part(arguments: Sequence[Argument]) -> str:
    """A part as JSON; what several places match is an array."""
    path = engine_path(literal(arguments[1], "The JSON path"))
    found = f"json_extract({_document(arguments[0])}, {text_literal(path)})"
    return f"to_json({found})" if "*" in path else found


def _json_query(arguments: Sequence[Argument], gives: Type) -> str:
    return f"CAST({_json_part(arguments)} AS VARCHAR)"


def _json_query_wrapped(arguments: Sequence[Argument], gives: Type) -> str:
    part = _json_part(arguments)
    if "*" in literal(arguments[1], "The JSON path"):
        return f"CAST({part} AS VARCHAR)"
    return f"CAST(json_array({part}) AS VARCHAR)"


def _json_exists(arguments: Sequence[Argument], gives: Type) -> str:
    path = text_literal(engine_path(literal(arguments[1], "The JSON path")))
    return f"coalesce(json_exists({_document(arguments[0])}, {path}), false)"


def _json_array_of(arguments: Sequence[Argument], gives: Type) -> str:
    items = ", ".join(f"to_json({one.sql})" for one in arguments)
    return f"CAST(to_json(list_filter([{items}], lambda m_: m_ IS NOT NULL)) AS VARCHAR)"


def _date_trunc(arguments: Sequence[Argument], gives: Type) -> str:
    """Cut off as clocks in the moment's zone show it."""
    zone = arguments[1].type.zone
    if not zone:
        return f"date_trunc({arguments[0].sql}, {arguments[1].sql})"
    shown = f"timezone({text_literal(zone)}, timezone('UTC', {arguments[1].sql}))"
    return f"timezone('UTC', timezone({text_literal(zone)}, date_trunc({arguments[0].sql}, {shown})))"


def _with_timezone(arguments: Sequence[Argument], gives: Type) -> str:
    zone = text_literal(known_zone(literal(arguments[1], "The zone")))
    return f"timezone('UTC', timezone({zone}, {arguments[0].sql}))"


def _json_extract_scalar(arguments: Sequence[Argument], gives: Type) -> str:
    path = text_literal(engine_path(literal(arguments[1], "The JSON path")))
    return f"json_scalar(json_extract({_document(arguments[0])}, {path}))"


def _json_size(arguments: Sequence[Argument], gives: Type) -> str:
    path = text_literal(engine_path(literal(arguments[1], "The JSON path")))
    return f"json_size_(json_extract({_document(arguments[0])}, {path}))"


def _mysql_format(arguments: Sequence[Argument], gives: Type) -> str:
    parts = mysql_format(literal(arguments[1], "The format"))
    return f"strftime(CAST({arguments[0].sql} AS TIMESTAMP), {text_literal(parts)})"


def _mysql_parse(arguments: Sequence[Argument], gives: Type) -> str:
    return f"strptime({arguments[0].sql}, {text_literal(mysql_format(literal(arguments[1], 'The format')))})"


def _joda_format(arguments: Sequence[Argument], gives: Type) -> str:
    parts = joda_format(literal(arguments[1], "The format"))
    return f"strftime(CAST({arguments[0].sql} AS TIMESTAMP), {text_literal(parts)})"


def _joda_parse(arguments: Sequence[Argument], gives: Type) -> str:
    parts = joda_format(literal(arguments[1], "The format"), to_read=True)
    read = f"strptime({arguments[0].sql}, {text_literal(parts)})"
    return f"timezone('UTC', {read})" if "%z" in parts else f"CAST({read} AS TIMESTAMP)"


def _reduce(arguments: Sequence[Argument], gives: Type) -> str:
    step, finish = as_lambda(arguments[2]), as_lambda(arguments[3])
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
    return f"({finish.applied(f'({folded}).s')})"


def _zip_with(arguments: Sequence[Argument], gives: Type) -> str:
    body = as_lambda(arguments[2]).applied("z_[1]", "z_[2]")
    return f"list_transform(list_zip({arguments[0].sql}, {arguments[1].sql}), lambda z_: {body})"


def _zip(arguments: Sequence[Argument], gives: Type) -> str:
    members = ", ".join(f"field{number}: z_[{number + 1}]" for number in range(len(arguments)))
    zipped = f"list_zip({', '.join(one.sql for one in arguments)})"
    return f"list_transform({zipped}, lambda z_: {{{members}}})"


def _map_filter(arguments: Sequence[Argument], gives: Type) -> str:
    body = as_lambda(arguments[1]).applied("e_.key", "e_.value")
    return f"map_from_entries(list_filter(map_entries({arguments[0].sql}), lambda e_: {body}))"


def _transform_keys(arguments: Sequence[Argument], gives: Type) -> str:
    body = as_lambda(arguments[1]).applied("e_.key", "e_.value")
    entries = f"list_transform(map_entries({arguments[0].sql}), lambda e_: {{k: {body}, v: e_.value}})"
    return f"map_from_entries({entries})"


def _transform_values(arguments: Sequence[Argument], gives: Type) -> str:
    body = as_lambda(arguments[1]).applied("e_.key", "e_.value")
    entries = f"list_transform(map_entries({arguments[0].sql}), lambda e_: {{k: e_.key, v: {body}}})"
    return f"map_from_entries({entries})"


def _map_zip_with(arguments: Sequence[Argument], gives: Type) -> str:
    one, other = arguments[0].sql, arguments[1].sql
    keys = f"distinct_in_order(list_concat(map_keys({one}), map_keys({other})))"
    body = as_lambda(arguments[2]).applied("k_", f"{one}[k_]", f"{other}[k_]")
    return f"map_from_entries(list_transform({keys}, lambda k_: {{k: k_, v: {body}}}))"


def _moved(arguments: Sequence[Argument], gives: Type) -> str:
    one = f"INTERVAL 1 {unit(literal(arguments[0], 'The unit')).upper()}"
    return f"CAST({arguments[2].sql} + {one} * CAST({arguments[1].sql} AS INTEGER) AS {engine_type(gives)})"


def _array_sort_by(arguments: Sequence[Argument], gives: Type) -> str:
    """Ordered by a comparison: every element goes behind those that it is greater than, or equal to and later."""
    less = as_lambda(arguments[1]).applied("p_.v", "q_.v")
    listed = arguments[0].sql
    places = f"list_transform({listed}, lambda v_, i_: {{v: v_, i: i_}})"
    before = f"list_filter({places}, lambda p_: ({less}) < 0 OR (({less}) = 0 AND p_.i < q_.i))"
    ranked = f"list_transform({places}, lambda q_: {{n: len({before}), v: q_.v}})"
    return f"list_transform(list_sort({ranked}), lambda e_: e_.v)"


def _regexp_replace_by(arguments: Sequence[Argument], gives: Type) -> str:
    """Every match is replaced by what a lambda makes of its groups."""
    text, pattern = arguments[0].sql, literal(arguments[1], "The pattern")
    try:
        groups = re.compile(pattern).groups
    except re.error as fault:
        raise InvalidQueryStatement(f"Invalid regular expression: {fault}") from fault
    listed = ", ".join(f"regexp_extract(m_, {arguments[1].sql}, {number + 1})" for number in range(groups))
    body = as_lambda(arguments[2]).applied(f"[{listed}]" if groups else "CAST([] AS VARCHAR[])")
    matches = f"list_transform(regexp_extract_all({text}, {arguments[1].sql}), lambda m_: {body})"
    rests = f"string_split_regex({text}, {arguments[1].sql})"
    return f"array_to_string(list_transform(list_zip({rests}, {matches}), lambda z_: z_[1] || coalesce(z_[2], '')), '')"


def _joined(arguments: Sequence[Argument], gives: Type) -> str:
    return f"({' || '.join(one.sql for one in arguments)})"


def _extreme(name: str) -> Form:
    """Unlike the engine's, Trino's `greatest` and `least` are NULL where one argument is."""

    def form(arguments: Sequence[Argument], gives: Type) -> str:
        listed = ", ".join(one.sql for one in arguments)
        missing = " OR ".join(f"{one.sql} IS NULL" for one in arguments)
        return f"(CASE WHEN {missing} THEN NULL ELSE {name}({listed}) END)"

    return form


def _typeof(arguments: Sequence[Argument], gives: Type) -> str:
    return text_literal(str(arguments[0].type))


FORMS: Final[Mapping[str, Form]] = {
    "json_extract": _json_extract,
    "json_extract_scalar": _json_extract_scalar,
    "json_size": _json_size,
    "json_query": _json_query,
    "json_query_wrapped": _json_query_wrapped,
    "json_exists": _json_exists,
    "json_array_of": _json_array_of,
    "date_trunc": _date_trunc,
    "with_timezone": _with_timezone,
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
    "array_sort_by": _array_sort_by,
    "regexp_replace_by": _regexp_replace_by,
    **regular_expressions.FORMS,
    "joined": _joined,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
}

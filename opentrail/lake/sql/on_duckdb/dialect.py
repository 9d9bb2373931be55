"""DuckDB's SQL for types, literals, casts, rows, lambdas and UNNEST."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Dialect, Form, Key, Unnested, unnested_lists
from opentrail.lake.sql.on_duckdb.forms import FORMS
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.signatures import Signature
from opentrail.lake.sql.types import Type, engine_type, quoted, text_literal

_MILLISECONDS: Final = "'%Y-%m-%d %H:%M:%S.%g'"


class DuckDbDialect(Dialect):
    """Writes for DuckDB; the macros of `macros` must be there."""

    forms: Mapping[str, Form] = FORMS

    def template(self, signature: Signature) -> str | None:
        return signature.form

    def type_name(self, one: Type) -> str:
        return engine_type(one)

    def text(self, value: str) -> str:
        return text_literal(value)

    def bytes(self, value: bytes) -> str:
        return f"unhex('{value.hex()}')"

    def interval(self, amount: int, unit: str) -> str:
        return f"(INTERVAL 1 {unit.upper()} * {amount})"

    def array(self, items: Sequence[str], element: Type) -> str:
        return f"[{', '.join(items)}]" if items else f"CAST([] AS {engine_type(types.array(element))})"

    def row(self, names: Sequence[str], values: Sequence[str]) -> str:
        return f"{{{', '.join(f'{quoted(name)}: {value}' for name, value in zip(names, values, strict=True))}}}"

    def function(self, names: Sequence[str], body: str) -> str:
        return f"lambda {', '.join(names)}: {body}"

    def mapped(self, array: str, name: str, body: str) -> str:
        return f"list_transform({array}, lambda {name}: {body})"

    def concatenated(self, one: str, other: str) -> str:
        return f"list_concat({one}, {other})"

    def divided(self, one: str, other: str, to: Type) -> str:
        if to.kind == "decimal":
            return f"CAST(round({one} / {other}, {to.precision[1]}) AS {engine_type(to)})"
        return f"CAST(trunc_div({one}, {other}) AS {engine_type(to)})"

    def moved(self, moment: Typed, operator: str, interval: str) -> str:
        return f"CAST(({moment.sql} {operator} {interval}) AS {engine_type(moment.type)})"

    def apart(self, one: str, other: str) -> str:
        return f"(CAST({one} AS TIMESTAMP) - CAST({other} AS TIMESTAMP))"

    def moment(self, text: str) -> str:
        return f"CAST({text} AS TIMESTAMP)"

    def local(self, moment: str, zone: str) -> str:
        return f"timezone({text_literal(zone)}, timezone('UTC', {moment}))"

    def of_local(self, shown: str, zone: str) -> str:
        return f"timezone('UTC', timezone({text_literal(zone)}, {shown}))"

    def as_text(self, value: Typed) -> str:
        kind = value.type
        if kind == types.TIMESTAMP:
            return f"strftime({value.sql}, {_MILLISECONDS})"
        if kind == types.ZONED:
            shown = self.local(value.sql, kind.zone) if kind.zone else value.sql
            return f"(strftime({shown}, {_MILLISECONDS}) || {text_literal(' ' + (kind.zone or 'UTC'))})"
        if kind == types.JSON:
            return self.scalar_of_json(value.sql)
        if kind in (types.DOUBLE, types.REAL):
            return f"double_text({value.sql})"
        if kind == types.ADDRESS:
            return f"address_text_({value.sql})"
        if kind == types.VARBINARY:
            return f"bytes_text({value.sql})"
        if kind == types.INTERVAL:
            return f"interval_text({value.sql})"
        if kind == types.MONTHS:
            return f"months_text({value.sql})"
        if kind == types.TIME:
            return f"(strftime(DATE '1970-01-01' + {value.sql}, '%H:%M:%S.%g'))"
        return f"CAST({value.sql} AS VARCHAR)"

    def whole_of_text(self, text: str, to: Type, *, attempt: bool) -> str:
        whole = f"regexp_full_match({text}, '\\s*[+-]?[0-9]+\\s*')"  # the engine would take '1.5' and round it
        checked = f"CASE WHEN {whole} THEN {text} ELSE 'no whole number: ' || {text} END"
        return f"{'TRY_CAST' if attempt else 'CAST'}({checked} AS {engine_type(to)})"

    def address(self, text: str, *, attempt: bool) -> str:
        return f"address_or_null_({text})" if attempt else f"address_({text})"

    def into_json(self, value: Typed) -> str:
        if value.type == types.TIMESTAMP or value.type == types.ZONED:
            return f"to_json({self.as_text(value)})"
        return f"to_json({value.sql})"

    def scalar_of_json(self, value: str) -> str:
        return f"json_extract_string({value}, '$')"

    def structure_of_json(self, value: str, to: Type, *, attempt: bool) -> str:
        read = f"CAST({value} AS {engine_type(to)})"
        return f"TRY({read})" if attempt else read

    def items_of_json(self, value: str) -> str:
        return f"json_items_({value})"

    def member_of_json(self, value: str, name: str, place: int) -> str:
        return f"json_member_({value}, {text_literal(name.lower())}, {place})"

    def shown_scalar(self, sql: str, kind: Type) -> str:
        if kind == types.JSON:
            return f"CAST({sql} AS VARCHAR)"
        return sql if kind == types.VARCHAR else self.as_text(Typed(sql, kind))

    def comma_joined(self, array: str) -> str:
        return f"array_to_string({array}, ', ')"

    def unnested(self, values: Sequence[Typed], alias: str, *, beside: bool, counted: bool) -> Unnested:
        lists = unnested_lists(values)
        listed = [f'unnest({sql}) AS "u{number}"' for number, (sql, _) in enumerate(lists)]
        longest = ", ".join(f"len({sql})" for sql, _ in lists)
        columns = [Typed(f'{quoted(alias)}."u{number}"', kind) for number, (_, kind) in enumerate(lists)]
        if counted:
            listed.append(f'unnest(range(1, coalesce(greatest({longest}), 0) + 1)) AS "n"')
            columns.append(Typed(f'{quoted(alias)}."n"', types.BIGINT))
        return Unnested(f"LATERAL (SELECT {', '.join(listed)}) AS {quoted(alias)}", columns)

    def ordered_call(self, call: str, keys: Sequence[Key], distinct: bool) -> str:
        return f"{call[:-1]} ORDER BY {', '.join(key.sql for key in keys)})"

    def joined_texts(self, value: str, separator: str, keys: Sequence[Key], distinct: bool) -> str:
        by = f" ORDER BY {', '.join(key.sql for key in keys)}" if keys else ""
        return f"string_agg({'DISTINCT ' if distinct else ''}{value}, {separator}{by})"

    def nulls_passed_over(self, call: str) -> str:
        return f"{call[:-1]} IGNORE NULLS)"

"""Values made to meet: comparisons, arithmetic, casts, and the one place where Lake is laxer than Trino.

Lake compares timestamps with texts (`eventTime > '2026-03-01'`), which Trino refuses; and booleans with texts.
"""

from typing import Final

from opentrail.lake.sql import types
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.types import Type, engine_type, quoted

_MILLISECONDS: Final = "'%Y-%m-%d %H:%M:%S.%g'"


def compared(one: Typed, other: Typed, operator: str) -> tuple[Typed, Typed]:
    """Both sides of a comparison, so that the engine compares what Trino would. Raises InvalidQueryStatement."""
    if types.common(one.type, other.type) is not None:
        return one, other
    met = _met(one, other)
    if met is None:
        swapped = _met(other, one)
        met = (swapped[1], swapped[0]) if swapped is not None else None
    if met is None:
        raise InvalidQueryStatement(f"Cannot apply operator: {one.type} {operator} {other.type}")
    return met


def _met(text: Typed, other: Typed) -> tuple[Typed, Typed] | None:
    if text.type != types.VARCHAR:
        return None
    if other.type in types.MOMENTS:
        return Typed(f"CAST({text.sql} AS TIMESTAMP)", types.TIMESTAMP), other
    if other.type == types.BOOLEAN:
        return Typed(f"TRY_CAST({text.sql} AS BOOLEAN)", types.BOOLEAN), other
    if other.type in (types.ADDRESS, types.UUID):
        return Typed(text.sql, other.type), other
    return None


def together(values: list[Typed], what: str) -> Type:
    """The one type that all values can have. Raises InvalidQueryStatement where there is none."""
    found = types.UNKNOWN
    for value in values:
        both = types.common(found, value.type)
        if both is None:
            raise InvalidQueryStatement(f"All {what} must be the same type: {found}, {value.type}")
        found = both
    return found


def arithmetic(operator: str, one: Typed, other: Typed) -> Typed:
    """`one operator other`. Raises InvalidQueryStatement for types that cannot be counted with."""
    if types.is_number(one.type) and types.is_number(other.type):
        return _of_numbers(operator, one, other)
    for first, second in ((one, other), (other, one)):
        moved = first.type in types.MOMENTS and second.type in (types.INTERVAL, types.MONTHS)
        if moved and (operator == "+" or (operator == "-" and first is one)):
            sql = f"({first.sql} {operator} {second.sql})"
            return Typed(f"CAST({sql} AS {engine_type(first.type)})", first.type)
    if operator == "-" and one.type in types.MOMENTS and other.type in types.MOMENTS:
        sql = f"(CAST({one.sql} AS TIMESTAMP) - CAST({other.sql} AS TIMESTAMP))"
        return Typed(sql, types.INTERVAL)
    if one.type == other.type == types.INTERVAL and operator in ("+", "-"):
        return Typed(f"({one.sql} {operator} {other.sql})", types.INTERVAL)
    if operator == "*" and one.type == types.INTERVAL and types.is_number(other.type):
        return Typed(f"({one.sql} * {other.sql})", types.INTERVAL)
    if types.UNKNOWN in (one.type, other.type):
        return Typed("NULL", other.type if one.type == types.UNKNOWN else one.type)
    raise InvalidQueryStatement(f"Cannot apply operator: {one.type} {operator} {other.type}")


def _of_numbers(operator: str, one: Typed, other: Typed) -> Typed:
    found = types.common(one.type, other.type) or types.DOUBLE
    whole = one.type in types.WHOLE and other.type in types.WHOLE
    if operator == "/" and whole:  # Trino cuts off towards zero
        return Typed(f"CAST(trunc_div({one.sql}, {other.sql}) AS {engine_type(found)})", found)
    if operator == "/" and found.kind == "decimal":
        scale = max(one.type.precision[1], other.type.precision[1])
        divided = types.decimal(38, scale)
        return Typed(f"CAST(round({one.sql} / {other.sql}, {scale}) AS {engine_type(divided)})", divided)
    if operator in ("+", "-", "*") and whole and found != types.BIGINT:
        return Typed(f"({one.sql} {operator} {other.sql})", found)
    return Typed(f"({one.sql} {operator} {other.sql})", found)


def cast(value: Typed, to: Type, *, attempt: bool = False) -> Typed:
    """CAST or TRY_CAST as Trino does it: texts of times have milliseconds, JSON becomes what it holds."""
    if value.type == to:
        return value
    word = "TRY_CAST" if attempt else "CAST"
    if to == types.VARCHAR:
        return Typed(_as_text(value), types.VARCHAR)
    if value.type == types.JSON:
        return Typed(_out_of_json(value, to, attempt=attempt), to)
    if to == types.JSON:
        return Typed(f"to_json({value.sql})", to)
    if to == types.BOOLEAN and types.is_number(value.type):
        return Typed(f"({value.sql} <> 0)", to)
    if to in types.WHOLE and (value.type in (types.DOUBLE, types.REAL) or value.type.kind == "decimal"):
        return Typed(f"{word}(round({value.sql}) AS {engine_type(to)})", to)
    if to in types.WHOLE and value.type == types.VARCHAR:  # the engine would take '1.5' and round it
        whole = f"regexp_full_match({value.sql}, '[+-]?[0-9]+')"
        text = f"CASE WHEN {whole} THEN {value.sql} ELSE 'no whole number: ' || {value.sql} END"
        return Typed(f"{word}({text} AS {engine_type(to)})", to)
    if value.type.kind == to.kind == "row" and len(value.type.inner) == len(to.inner):
        return Typed(_row_by_position(value, to, attempt=attempt), to)
    if value.type.kind == to.kind == "array" and to.inner[0].kind == "row":
        inner = cast(Typed("r_", value.type.inner[0]), to.inner[0], attempt=attempt)
        return Typed(f"list_transform({value.sql}, lambda r_: {inner.sql})", to)
    return Typed(f"{word}({value.sql} AS {engine_type(to)})", to)


def row_of(values: list[Typed]) -> Typed:
    """A row without names for its members."""
    names = tuple(f"field{number}" for number in range(len(values)))
    parts = ", ".join(f'"{name}": {value.sql}' for name, value in zip(names, values, strict=True))
    return Typed(f"{{{parts}}}", Type("row", tuple(value.type for value in values), names))


def _row_by_position(value: Typed, to: Type, *, attempt: bool) -> str:
    """Members of rows are matched by where they stand; the engine would match them by name."""
    parts = []
    for own, mine, name, wanted in zip(value.type.names, value.type.inner, to.names, to.inner, strict=True):
        part = cast(Typed(f"({value.sql}).{quoted(own)}", mine), wanted, attempt=attempt)
        parts.append(f"{quoted(name)}: {part.sql}")
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {{{', '.join(parts)}}} END)"


def _as_text(value: Typed) -> str:
    kind = value.type
    if kind == types.TIMESTAMP:
        return f"strftime({value.sql}, {_MILLISECONDS})"
    if kind == types.ZONED:
        return f"(strftime({value.sql}, {_MILLISECONDS}) || ' UTC')"
    if kind == types.JSON:
        return f"json_extract_string({value.sql}, '$')"
    if kind in (types.DOUBLE, types.REAL):
        return f"double_text({value.sql})"
    if kind == types.VARBINARY:
        return f"decode({value.sql})"
    return f"CAST({value.sql} AS VARCHAR)"


def _out_of_json(value: Typed, to: Type, *, attempt: bool) -> str:
    scalar = f"json_extract_string({value.sql}, '$')"
    if not to.inner:
        inner = cast(Typed(scalar, types.VARCHAR), to, attempt=attempt)
        return inner.sql
    cast_sql = f"CAST({value.sql} AS {engine_type(to)})"
    return f"TRY({cast_sql})" if attempt else cast_sql

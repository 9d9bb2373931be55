"""Values made to meet: comparisons, arithmetic, casts, and the one place where Lake is laxer than Trino.

Lake compares timestamps with texts (`eventTime > '2026-03-01'`), which Trino refuses; and booleans with texts.
"""

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Dialect
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.types import Type, quoted


def compared(dialect: Dialect, one: Typed, other: Typed, operator: str) -> tuple[Typed, Typed]:
    """Both sides of a comparison, so that the engine compares what Trino would. Raises InvalidQueryStatement."""
    if types.common(one.type, other.type) is not None:
        return one, other
    met = _met(dialect, one, other)
    if met is None:
        swapped = _met(dialect, other, one)
        met = (swapped[1], swapped[0]) if swapped is not None else None
    if met is None:
        raise InvalidQueryStatement(f"Cannot apply operator: {one.type} {operator} {other.type}")
    return met


def _met(dialect: Dialect, text: Typed, other: Typed) -> tuple[Typed, Typed] | None:
    if text.type != types.VARCHAR:
        return None
    if other.type in types.MOMENTS:
        return Typed(dialect.moment(text.sql), types.TIMESTAMP), other
    if other.type == types.BOOLEAN:
        return Typed(f"TRY_CAST({text.sql} AS BOOLEAN)", types.BOOLEAN), other
    if other.type == types.ADDRESS:
        return Typed(dialect.address(text.sql, attempt=False), types.ADDRESS), other
    if other.type == types.UUID:
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


def arithmetic(dialect: Dialect, operator: str, one: Typed, other: Typed) -> Typed:
    """`one operator other`. Raises InvalidQueryStatement for types that cannot be counted with."""
    if types.is_number(one.type) and types.is_number(other.type):
        return _of_numbers(dialect, operator, one, other)
    for first, second in ((one, other), (other, one)):
        moved = first.type in types.MOMENTS and second.type in (types.INTERVAL, types.MONTHS)
        if moved and (operator == "+" or (operator == "-" and first is one)):
            return Typed(dialect.moved(first, operator, second.sql), first.type)
    if operator == "-" and one.type in types.MOMENTS and other.type in types.MOMENTS:
        return Typed(dialect.apart(one.sql, other.sql), types.INTERVAL)
    if one.type == other.type and one.type in (types.INTERVAL, types.MONTHS) and operator in ("+", "-"):
        return Typed(f"({one.sql} {operator} {other.sql})", one.type)
    for first, second in ((one, other), (other, one)):
        if operator == "*" and first.type in (types.INTERVAL, types.MONTHS) and types.is_number(second.type):
            return Typed(f"({first.sql} * {second.sql})", first.type)
    if types.UNKNOWN in (one.type, other.type):
        return Typed("NULL", other.type if one.type == types.UNKNOWN else one.type)
    raise InvalidQueryStatement(f"Cannot apply operator: {one.type} {operator} {other.type}")


def _of_numbers(dialect: Dialect, operator: str, one: Typed, other: Typed) -> Typed:
    found = types.common(one.type, other.type) or types.DOUBLE
    whole = one.type in types.WHOLE and other.type in types.WHOLE
    if operator == "/" and whole:  # Trino cuts off towards zero
        return Typed(dialect.divided(one.sql, other.sql, found), found)
    if operator == "/" and found.kind == "decimal":
        quotient = types.decimal(38, max(one.type.precision[1], other.type.precision[1]))
        return Typed(dialect.divided(one.sql, other.sql, quotient), quotient)
    return Typed(f"({one.sql} {operator} {other.sql})", found)


def cast(dialect: Dialect, value: Typed, to: Type, *, attempt: bool = False) -> Typed:
    """CAST or TRY_CAST as Trino does it: texts of times have milliseconds, JSON becomes what it holds."""
    if value.type == to and value.type.names == to.names:
        return value
    word = "TRY_CAST" if attempt else "CAST"
    plain = f"{word}({value.sql} AS {dialect.type_name(to)})"
    if value.type in (types.TIMESTAMP, types.ZONED) and value.type.zone and to != types.ZONED:
        return cast(dialect, Typed(dialect.local(value.sql, value.type.zone), types.TIMESTAMP), to, attempt=attempt)
    if to == types.VARCHAR:
        return Typed(dialect.as_text(value), types.VARCHAR)
    if value.type == types.JSON:
        return Typed(_out_of_json(dialect, value, to, attempt=attempt), to)
    if to == types.JSON:
        return Typed(dialect.into_json(value), to)
    if to == types.ADDRESS and value.type == types.VARCHAR:
        return Typed(dialect.address(value.sql, attempt=attempt), to)
    if to == types.BOOLEAN and types.is_number(value.type):
        return Typed(f"({value.sql} <> 0)", to)
    if to in types.WHOLE and (value.type in (types.DOUBLE, types.REAL) or value.type.kind == "decimal"):
        return Typed(f"{word}(round({value.sql}) AS {dialect.type_name(to)})", to)
    if to in types.WHOLE and value.type == types.VARCHAR:
        return Typed(dialect.whole_of_text(value.sql, to, attempt=attempt), to)
    if value.type.kind == to.kind == "row" and len(value.type.inner) == len(to.inner):
        return Typed(_row_by_position(dialect, value, to, attempt=attempt), to)
    if value.type.kind == to.kind == "array" and to.inner[0].kind in ("row", "varchar", "array"):
        inner = cast(dialect, Typed("r_", value.type.inner[0]), to.inner[0], attempt=attempt)
        return Typed(dialect.mapped(value.sql, "r_", inner.sql), to)
    return Typed(plain, to)


def row_of(dialect: Dialect, values: list[Typed]) -> Typed:
    """A row without names for its members."""
    names = tuple(f"field{number}" for number in range(len(values)))
    sql = dialect.row(names, [value.sql for value in values])
    return Typed(sql, Type("row", tuple(value.type for value in values), names))


def _row_by_position(dialect: Dialect, value: Typed, to: Type, *, attempt: bool) -> str:
    """Members of rows are matched by where they stand; the engine would match them by name."""
    parts = []
    for own, mine, wanted in zip(value.type.names, value.type.inner, to.inner, strict=True):
        parts.append(cast(dialect, Typed(f"({value.sql}).{quoted(own)}", mine), wanted, attempt=attempt).sql)
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {dialect.row(to.names, parts)} END)"


def _out_of_json(dialect: Dialect, value: Typed, to: Type, *, attempt: bool) -> str:
    if not to.inner:
        return cast(dialect, Typed(dialect.scalar_of_json(value.sql), types.VARCHAR), to, attempt=attempt).sql
    if to.kind == "row":
        members = [
            cast(dialect, Typed(dialect.member_of_json(value.sql, name, place), types.JSON), inner, attempt=attempt).sql
            for place, (name, inner) in enumerate(zip(to.names, to.inner, strict=True))
        ]
        return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {dialect.row(to.names, members)} END)"
    if to.kind == "array" and _has_row(to):
        inner = cast(dialect, Typed("j_", types.JSON), to.inner[0], attempt=attempt)
        return dialect.mapped(dialect.items_of_json(value.sql), "j_", inner.sql)
    return dialect.structure_of_json(value.sql, to, attempt=attempt)


def _has_row(kind: Type) -> bool:
    return kind.kind == "row" or any(_has_row(inner) for inner in kind.inner)

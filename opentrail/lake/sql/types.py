"""Trino's types as values, which of them can stand for another, and their names on the engine."""

from dataclasses import dataclass, field, replace
from typing import Final

from sqlglot import exp

from opentrail.lake.sql.faults import InvalidQueryStatement


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `kind` in Trino's words, `inner` the types of elements, keys and values, or members, `names` theirs."""

    kind: str
    inner: tuple["Type", ...] = ()
    names: tuple[str, ...] = ()
    precision: tuple[int, int] = (0, 0)  # of decimals: digits in all, digits behind the point
    zone: str = field(default="", compare=False)  # that moments are shown in; UTC where empty

    def __str__(self) -> str:
        if self.kind == "row":
            members = (f"{name} {inner}".strip() for name, inner in zip(self.names, self.inner, strict=True))
            return f"row({', '.join(members)})"
        if self.kind == "decimal":
            return f"decimal({self.precision[0]},{self.precision[1]})"
        if self.inner:
            return f"{self.kind}({', '.join(map(str, self.inner))})"
        return self.kind

    def member(self, name: str) -> tuple[str, "Type"] | None:
        """The member of a row by its name in any case: its own spelling, and its type."""
        lowered = name.lower()
        for own, inner in zip(self.names, self.inner, strict=True):
            if own.lower() == lowered:
                return own, inner
        return None


VARCHAR: Final = Type("varchar")
BOOLEAN: Final = Type("boolean")
TINYINT: Final = Type("tinyint")
SMALLINT: Final = Type("smallint")
INTEGER: Final = Type("integer")
BIGINT: Final = Type("bigint")
REAL: Final = Type("real")
DOUBLE: Final = Type("double")
DATE: Final = Type("date")
TIME: Final = Type("time")
TIMESTAMP: Final = Type("timestamp")
ZONED: Final = Type("timestamp with time zone")  # held as a timestamp of UTC
INTERVAL: Final = Type("interval day to second")
MONTHS: Final = Type("interval year to month")
VARBINARY: Final = Type("varbinary")
JSON: Final = Type("json")
ADDRESS: Final = Type("ipaddress")
UUID: Final = Type("uuid")
UNKNOWN: Final = Type("unknown")  # of NULL
LAMBDA: Final = Type("function")

WHOLE: Final = (TINYINT, SMALLINT, INTEGER, BIGINT)
MOMENTS: Final = (DATE, TIMESTAMP, ZONED)
_NUMBERS: Final = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")


def array(element: Type) -> Type:
    """An array of `element`."""
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", (key, value))


def row(**members: Type) -> Type:
    """A row with named members."""
    return Type("row", tuple(members.values()), tuple(members))


def decimal(digits: int, scale: int) -> Type:
    """A decimal of so many digits in all, and behind the point."""
    return Type("decimal", precision=(digits, scale))


def zoned(zone: str) -> Type:
    """A moment that is shown in that zone."""
    return replace(ZONED, zone="" if zone.upper() in ("UTC", "Z") else zone)


def is_number(one: Type) -> bool:
    """Whether it can be counted with."""
    return one.kind in _NUMBERS


def common(one: Type, other: Type) -> Type | None:
    """The type that values of both can have without being asked to; None where there is none."""
    if one == other or other is UNKNOWN:
        return one
    if one is UNKNOWN:
        return other
    if is_number(one) and is_number(other):
        return _wider_number(one, other)
    if one in MOMENTS and other in MOMENTS:
        return MOMENTS[max(MOMENTS.index(one), MOMENTS.index(other))]
    if one.kind == other.kind and len(one.inner) == len(other.inner) and one.kind in ("array", "map", "row"):
        inner = [common(mine, theirs) for mine, theirs in zip(one.inner, other.inner, strict=True)]
        known = tuple(found for found in inner if found is not None)
        return Type(one.kind, known, one.names) if len(known) == len(inner) else None
    return None


def _wider_number(one: Type, other: Type) -> Type:
    if (
        "decimal" in (one.kind, other.kind)
        and one.kind not in ("real", "double")
        and other.kind not in ("real", "double")
    ):
        digits = [found.precision if found.kind == "decimal" else (19, 0) for found in (one, other)]
        scale = max(digits[0][1], digits[1][1])
        whole = max(digits[0][0] - digits[0][1], digits[1][0] - digits[1][1])
        return decimal(min(38, whole + scale), scale)
    return one if _NUMBERS.index(one.kind) >= _NUMBERS.index(other.kind) else other


_NAMES: Final = {
    exp.DType.VARCHAR: VARCHAR, exp.DType.TEXT: VARCHAR, exp.DType.CHAR: VARCHAR, exp.DType.BOOLEAN: BOOLEAN,
    exp.DType.TINYINT: TINYINT, exp.DType.SMALLINT: SMALLINT, exp.DType.INT: INTEGER, exp.DType.BIGINT: BIGINT,
    exp.DType.FLOAT: REAL, exp.DType.DOUBLE: DOUBLE, exp.DType.DATE: DATE, exp.DType.TIME: TIME,
    exp.DType.TIMESTAMP: TIMESTAMP, exp.DType.TIMESTAMPTZ: ZONED, exp.DType.VARBINARY: VARBINARY,
    exp.DType.JSON: JSON, exp.DType.IPADDRESS: ADDRESS, exp.DType.UUID: UUID,
}  # fmt: skip


def of_cast(written: exp.DataType) -> Type:
    """The type that is written in a CAST. Raises InvalidQueryStatement."""
    kind = written.this
    if kind in _NAMES:
        return _NAMES[kind]
    inner = written.expressions
    if kind == exp.DType.ARRAY and len(inner) == 1:
        return array(of_cast(inner[0]))
    if kind == exp.DType.MAP and len(inner) == 2:
        return map_of(of_cast(inner[0]), of_cast(inner[1]))
    if kind == exp.DType.STRUCT and inner:
        members = [_member(part, number) for number, part in enumerate(inner)]
        return Type("row", tuple(found for _, found in members), tuple(name for name, _ in members))
    if kind in (exp.DType.DECIMAL, exp.DType.BIGDECIMAL):
        digits = [int(part.this.this) for part in inner]
        return decimal(digits[0] if digits else 38, digits[1] if len(digits) > 1 else 0)
    raise InvalidQueryStatement(f"Unknown type: {written.sql('trino')}")


def length_of_cast(written: exp.DataType) -> int | None:
    """The length that `varchar(n)` cuts texts off at."""
    sizes = written.expressions
    if written.this != exp.DType.VARCHAR or not sizes or not sizes[0].name.isdigit():
        return None
    return int(sizes[0].name)


def _member(part: exp.Expr, number: int) -> tuple[str, Type]:
    if isinstance(part, exp.ColumnDef):
        return part.name, of_cast(part.args["kind"])
    if isinstance(part, exp.DataType):
        return f"field{number}", of_cast(part)
    raise InvalidQueryStatement(f"Unknown type: {part.sql('trino')}")


_ENGINE: Final = {
    "varchar": "VARCHAR", "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER",
    "bigint": "BIGINT", "real": "FLOAT", "double": "DOUBLE", "date": "DATE", "time": "TIME",
    "timestamp": "TIMESTAMP", "timestamp with time zone": "TIMESTAMP", "varbinary": "BLOB", "json": "JSON",
    "uuid": "UUID", "ipaddress": "BLOB", "unknown": "VARCHAR",
    "interval day to second": "INTERVAL", "interval year to month": "INTERVAL",
}  # fmt: skip


def engine_type(one: Type) -> str:
    """The type that holds such values on DuckDB."""
    if one.kind == "array":
        return f"{engine_type(one.inner[0])}[]"
    if one.kind == "map":
        return f"MAP({engine_type(one.inner[0])}, {engine_type(one.inner[1])})"
    if one.kind == "row":
        members = (f"{quoted(name)} {engine_type(inner)}" for name, inner in zip(one.names, one.inner, strict=True))
        return f"STRUCT({', '.join(members)})"
    if one.kind == "decimal":
        return f"DECIMAL({one.precision[0]}, {one.precision[1]})"
    return _ENGINE[one.kind]


def quoted(name: str) -> str:
    """An identifier of the engine."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text of the engine."""
    return "'" + value.replace("'", "''") + "'"

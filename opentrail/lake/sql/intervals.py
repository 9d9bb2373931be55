"""INTERVAL literals, and the units that dates are moved and cut by."""

from typing import Final

from sqlglot import exp

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Dialect
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Typed

_UNITS: Final = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_MONTHS: Final = frozenset(("month", "year"))
EXTRACTED: Final = {
    "YEAR": "year", "QUARTER": "quarter", "MONTH": "month", "WEEK": "week", "DAY": "day", "DAY_OF_MONTH": "day",
    "DAY_OF_WEEK": "day_of_week", "DOW": "day_of_week", "DAY_OF_YEAR": "day_of_year", "DOY": "day_of_year",
    "YEAR_OF_WEEK": "year_of_week", "YOW": "year_of_week", "HOUR": "hour", "MINUTE": "minute", "SECOND": "second",
    "TIMEZONE_HOUR": "timezone_hour", "TIMEZONE_MINUTE": "timezone_minute",
}  # fmt: skip


def interval(dialect: Dialect, node: exp.Interval) -> Typed:
    """`INTERVAL '7' DAY`. Raises InvalidQueryStatement for anything but a whole number of one unit."""
    amount, unit = node.this, node.args.get("unit")
    written = amount.name if isinstance(amount, exp.Literal) else ""
    name = unit.name.lower().removesuffix("s") if isinstance(unit, exp.Var) else ""
    if not written.lstrip("+-").isdigit() or name not in _UNITS:
        raise InvalidQueryStatement(f"Invalid interval: {node.sql('trino')}")
    kind = types.MONTHS if name in _MONTHS else types.INTERVAL
    return Typed(dialect.interval(int(written), name), kind)


def unit(name: str) -> str:
    """A unit in small letters. Raises InvalidQueryStatement for units that Trino does not have."""
    lowered = name.lower()
    if lowered not in _UNITS:
        raise InvalidQueryStatement(f"'{name}' is not a valid TIMESTAMP field")
    return lowered

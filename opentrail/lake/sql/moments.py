"""Literals of moments, and the zones that they may name."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opentrail.lake.sql import types
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.types import Type

_ZONED: Final = re.compile(
    r"\s*(\d{4,}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)"
    r"\s*(Z|[+-]\d{1,2}(?::?\d{2})?|[A-Za-z][\w/+-]*)\s*"
)
_OFFSET: Final = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")


def known_zone(name: str) -> str:
    """The name of a zone, as engines know it. Raises InvalidQueryStatement for one that nobody knows."""
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        if offset[3] not in (None, "00"):
            raise InvalidQueryStatement(f"Time zone not supported: {name}")
        hours = int(offset[2])
        return "UTC" if hours == 0 else f"Etc/GMT{'-' if offset[1] == '+' else '+'}{hours}"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:  # `America` is a folder
        raise InvalidQueryStatement(f"Time zone not supported: {name}") from fault


def moment_literal(text: str) -> tuple[str, Type] | None:
    """A literal with a zone, as a text of UTC and its type; None where it names none.

    Raises InvalidQueryStatement for what is no moment.
    """
    found = _ZONED.fullmatch(text)
    if found is None:
        return None
    zone = known_zone(found[2] if found[2] != "Z" else "UTC")
    try:
        shown = datetime.fromisoformat(found[1].replace(" ", "T"))
        moment = shown.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise InvalidQueryStatement(f"'{text}' is not a valid TIMESTAMP literal") from fault
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f"), types.zoned(zone)

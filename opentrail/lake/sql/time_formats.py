"""Formats of times: MySQL's (date_format, date_parse) and Joda's (format_datetime), as the engine's strftime."""

import re
from typing import Final

from opentrail.lake.sql.faults import InvalidQueryStatement

# Source: Trino's documentation, "Date and time functions", MySQL date functions.
_MYSQL: Final = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%", "x": "%G",
}  # fmt: skip
# Joda letters by how often they stand. Source: Joda-Time's DateTimeFormat, as Trino's documentation names it.
_JODA: Final = (
    (re.compile("y{3,}|Y{3,}|y|Y"), "%Y"), (re.compile("yy|YY"), "%y"), (re.compile("x+"), "%G"),
    (re.compile("M{4,}"), "%B"), (re.compile("MMM"), "%b"), (re.compile("MM"), "%m"), (re.compile("M"), "%-m"),
    (re.compile("dd"), "%d"), (re.compile("d"), "%-d"), (re.compile("D+"), "%j"),
    (re.compile("E{4,}"), "%A"), (re.compile("E+"), "%a"), (re.compile("e+"), "%u"), (re.compile("w+"), "%V"),
    (re.compile("HH"), "%H"), (re.compile("H"), "%-H"), (re.compile("hh"), "%I"), (re.compile("h"), "%-I"),
    (re.compile("mm"), "%M"), (re.compile("m"), "%-M"), (re.compile("ss"), "%S"), (re.compile("s"), "%-S"),
    (re.compile("SSS"), "%g"), (re.compile("S{4,}"), "%f"), (re.compile("a+"), "%p"),
    (re.compile("Z"), "+0000"), (re.compile("ZZ"), "+00:00"), (re.compile("Z{3,}|z+"), "UTC"),
)  # fmt: skip
_QUOTED: Final = re.compile("'((?:[^']|'')*)'")


def mysql_format(text: str) -> str:
    """MySQL's format for the engine. Raises InvalidQueryStatement for a specifier that Trino does not take."""
    parts, at = [], 0
    while at < len(text):
        if text[at] != "%" or at + 1 == len(text):
            parts.append(text[at])
            at += 1
            continue
        specifier = text[at + 1]
        if specifier in "DUuVwX":
            raise InvalidQueryStatement(f"%{specifier} not supported in date format string")
        parts.append(_MYSQL.get(specifier, specifier))
        at += 2
    return "".join(parts)


def joda_format(text: str, *, to_read: bool = False) -> str:
    """Joda's pattern for the engine, to write moments of UTC or to read; zones that are read are `%z`.

    Raises InvalidQueryStatement for a letter that has no meaning.
    """
    parts, at = [], 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted is not None:
            parts.append((quoted.group(1).replace("''", "'") or "'").replace("%", "%%"))
            at = quoted.end()
            continue
        if not text[at].isalpha():
            parts.append(text[at].replace("%", "%%"))
            at += 1
            continue
        run = len(text[at:]) - len(text[at:].lstrip(text[at]))
        letters = text[at : at + run]
        found = next((form for pattern, form in _JODA if pattern.fullmatch(letters)), None)
        if found is None:
            raise InvalidQueryStatement(f"Invalid format: '{text}'")
        parts.append("%z" if to_read and letters[0] in "Zz" else found)
        at += run
    return "".join(parts)

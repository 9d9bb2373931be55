"""Regular expressions as Trino reads them: the engine's own where they suffice, else functions that can go back.

The engine's (RE2) know no look-around, back references, or atomic groups; Python's do, for a tenth of the speed.
Patterns that need them have to be literals. Letters, digits and words are those of ASCII, as in Trino.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
from duckdb.func import FunctionNullHandling

from opentrail.lake.sql import types
from opentrail.lake.sql.dialect import Argument, Form
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.scopes import Typed
from opentrail.lake.sql.signatures import in_form
from opentrail.lake.sql.types import text_literal

_BEYOND: Final = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|[*+?}]\+")
_NAMED_GROUP: Final = re.compile(r"\(\?<(?=[A-Za-z])")
_NAMED_REFERENCE: Final = re.compile(r"\\k<([A-Za-z]\w*)>")
_IN_REPLACEMENT: Final = re.compile(r"\\(.)|\$(?:(\d)|\{([A-Za-z]\w*)\})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Function:
    """A function in Python that the engine may call: what it does with texts, what it takes and gives."""

    call: Callable[..., Any]
    takes: tuple[str, ...]
    gives: str


@functools.lru_cache(256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_NAMED_REFERENCE.sub(r"(?P=\1)", _with_names(pattern)), re.ASCII)


def _with_names(pattern: str) -> str:
    """Java's names of groups as the engine and Python write them."""
    return _NAMED_GROUP.sub("(?P<", pattern)


def _like(text: str, pattern: str) -> bool:
    return _compiled(pattern).search(text) is not None


def _extract(text: str, pattern: str, group: int) -> str | None:
    found = _compiled(pattern).search(text)
    return None if found is None else found.group(group)


def _extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    return [found.group(group) for found in _compiled(pattern).finditer(text)]


def _replace(text: str, pattern: str, replacement: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        def part(place: re.Match[str]) -> str:
            if place[1] is not None:
                return place[1]
            return found.group(int(place[2]) if place[2] is not None else place[3]) or ""

        return _IN_REPLACEMENT.sub(part, replacement)

    return _compiled(pattern).sub(replaced, text)


def _split(text: str, pattern: str) -> list[str]:
    parts, last = [], 0
    for found in _compiled(pattern).finditer(text):
        parts.append(text[last : found.start()])
        last = found.end()
    return [*parts, text[last:]]


def _count(text: str, pattern: str) -> int:
    return sum(1 for _ in _compiled(pattern).finditer(text))


def _position(text: str, pattern: str) -> int:
    found = _compiled(pattern).search(text)
    return -1 if found is None else found.start() + 1


_TEXT, _TEXTS = "VARCHAR", "VARCHAR[]"
FUNCTIONS: Final[Mapping[str, Function]] = {
    "going_back_like": Function(_like, (_TEXT, _TEXT), "BOOLEAN"),
    "going_back_extract": Function(_extract, (_TEXT, _TEXT, "BIGINT"), _TEXT),
    "going_back_extract_all": Function(_extract_all, (_TEXT, _TEXT, "BIGINT"), _TEXTS),
    "going_back_replace": Function(_replace, (_TEXT, _TEXT, _TEXT), _TEXT),
    "going_back_split": Function(_split, (_TEXT, _TEXT), _TEXTS),
    "going_back_count": Function(_count, (_TEXT, _TEXT), "BIGINT"),
    "going_back_position": Function(_position, (_TEXT, _TEXT), "BIGINT"),
}
_CALL: Final = re.compile(r"\bgoing_back_\w+(?=\()")


def make_functions(connection: duckdb.DuckDBPyConnection, sql: str, there: set[str]) -> None:
    """Make the functions that `sql` calls, but for those that are `there`, to which they are added."""
    for name in sorted(set(_CALL.findall(sql)) & FUNCTIONS.keys() - there):
        one = FUNCTIONS[name]
        connection.create_function(
            name,
            _of_no_nulls(one.call),
            [duckdb.sqltype(taken) for taken in one.takes],
            duckdb.sqltype(one.gives),
            null_handling=FunctionNullHandling.SPECIAL,
        )
        there.add(name)


def _of_no_nulls(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call with a NULL gives NULL. The engine asks for a signature that says how many arguments there are."""

    def of_two(one: str | None, other: str | None) -> Any:
        return None if one is None or other is None else call(one, other)

    def of_three(one: str | None, other: str | None, third: str | int | None) -> Any:
        return None if one is None or other is None or third is None else call(one, other, third)

    return of_two if call.__code__.co_argcount == 2 else of_three


def _either(plain: str, function: str, *more: str) -> Form:
    """`plain` where the engine's own suffice; `more` are arguments of the function that the call does not have."""

    def form(arguments: Sequence[Argument], gives: types.Type) -> str:
        pattern = arguments[1].literal
        if pattern is None:
            return in_form(plain, arguments, function)
        by_name = any("${" in (one.literal or "") for one in arguments[2:])
        if not by_name and _BEYOND.search(pattern) is None:
            named = Typed(text_literal(_with_names(pattern)), types.VARCHAR, pattern)
            return in_form(plain, [arguments[0], named, *arguments[2:]], function)
        try:
            _compiled(pattern)
        except re.error as fault:
            raise InvalidQueryStatement(f"Invalid regular expression: {fault}") from fault
        return f"{function}({', '.join([*(one.sql for one in arguments), *more])})"

    return form


FORMS: Final[Mapping[str, Form]] = {
    "regexp_like": _either("regexp_matches({0}, {1})", "going_back_like"),
    "regexp_extract": _either("regexp_extract_({0}, {1}, 0)", "going_back_extract", "0"),
    "regexp_extract_group": _either("regexp_extract_({0}, {1}, {2:literal})", "going_back_extract"),
    "regexp_extract_all": _either("regexp_extract_all({0}, {1})", "going_back_extract_all", "0"),
    "regexp_extract_all_of_group": _either("regexp_extract_all({0}, {1}, {2:literal})", "going_back_extract_all"),
    "regexp_remove": _either("regexp_replace({0}, {1}, '', 'g')", "going_back_replace", "''"),
    "regexp_replace": _either("regexp_replace({0}, {1}, groups_({2}), 'g')", "going_back_replace"),
    "regexp_split": _either("string_split_regex({0}, {1})", "going_back_split"),
    "regexp_count": _either("len(regexp_extract_all({0}, {1}))", "going_back_count"),
    "regexp_position": _either("regexp_position_({0}, {1})", "going_back_position"),
}

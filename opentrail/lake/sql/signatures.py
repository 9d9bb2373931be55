"""Trino's function signatures: `slice(array(T), bigint, bigint) -> array(T)`, which call fits them, with which type.

A line of a table is `signature : form`. In the form `{0}` stands for the first argument's SQL, `{0:literal}` is its
text, which must be a literal, and `{*}` all arguments, by commas. Types in a signature are Trino's; `T`, `K`, `V`, `S`
stand for any type that is the same wherever it stands, `number` and `whole` for any number, `moment` for any point in
time, `function(T, R)` for a lambda from T to R; `..` behind the last type lets it repeat.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from opentrail.lake.sql import types
from opentrail.lake.sql.faults import InvalidQueryStatement
from opentrail.lake.sql.types import Type

VARIABLES: Final = frozenset("TKVSUR")
_TOKEN: Final = re.compile(r"[A-Za-z_]\w*|[(),]|\.\.|->|\d+")
_SIMPLE: Final[Mapping[str, Type]] = {
    one.kind: one
    for one in (
        types.VARCHAR, types.BOOLEAN, types.TINYINT, types.SMALLINT, types.INTEGER, types.BIGINT, types.REAL,
        types.DOUBLE, types.DATE, types.TIME, types.TIMESTAMP, types.VARBINARY, types.JSON, types.ADDRESS, types.UUID,
        types.UNKNOWN,
    )
} | {"interval": types.INTERVAL, "zoned": types.ZONED, "number": Type("number"), "whole": Type("whole"),
     "moment": Type("moment"), "any": Type("any"), "decimal": Type("decimal", precision=(38, 0))}  # fmt: skip

_OF_MOMENTS: Final = frozenset(("date_diff", "to_unixtime"))  # they count time, whatever clocks show

Bindings = dict[str, Type]


class Written(Protocol):
    """An argument as the engine writes it."""

    @property
    def sql(self) -> str:
        """Its SQL."""
        ...

    @property
    def literal(self) -> str | None:
        """Its text, where the query says it outright."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function, and its form on the engine."""

    name: str
    takes: tuple[Type, ...]
    repeats: bool  # the last type, as often as wanted
    gives: Type
    form: str = field(repr=False)
    head: str = ""  # as it is written up to its arrow

    @property
    def parts_of_moment(self) -> bool:
        """Whether it asks what clocks show: parts of a moment, its format, its day."""
        return self.name not in _OF_MOMENTS and any(one.kind == "moment" for one in self.takes)

    def lambda_at(self, position: int) -> Type | None:
        """The pattern of the lambda that is taken there."""
        taken = self._taken(position)
        return taken if taken is not None and taken.kind == "function" else None

    def _taken(self, position: int) -> Type | None:
        if position < len(self.takes):
            return self.takes[position]
        return self.takes[-1] if self.repeats and self.takes else None

    def fits_number(self, arguments: int) -> bool:
        """Whether it takes so many arguments."""
        if self.repeats:
            return arguments >= len(self.takes)
        return arguments == len(self.takes)

    def bind(self, position: int, given: Type, bindings: Bindings) -> bool:
        """Whether an argument of that type fits there; what variables stand for goes into `bindings`."""
        taken = self._taken(position)
        return taken is not None and fits(taken, given, bindings)

    def result(self, bindings: Bindings) -> Type:
        """The type of the call."""
        return replaced(self.gives, bindings)


def read_signatures(table: str) -> dict[str, list[Signature]]:
    """The signatures of a table, by name; empty lines and lines that begin with `#` say nothing."""
    found: dict[str, list[Signature]] = {}
    for line in table.splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            head, _, form = text.partition(" : ")
            signature = _read(head, form.strip())
            found.setdefault(signature.name, []).append(signature)
    return found


def _read(head: str, form: str) -> Signature:
    tokens = _TOKEN.findall(head)
    name, rest = tokens[0], tokens[2:]
    takes: list[Type] = []
    repeats = False
    while rest[0] != ")":
        if rest[0] == ",":
            rest = rest[1:]
        taken, rest = _read_type(rest)
        takes.append(taken)
        if rest[0] == "..":
            repeats, rest = True, rest[1:]
    gives, left = _read_type(rest[2:])
    if rest[1] != "->" or left:
        raise ValueError(f"not a signature: {head}")
    return Signature(name, tuple(takes), repeats, gives, form, head.partition(" -> ")[0])


def _read_type(tokens: list[str]) -> tuple[Type, list[str]]:
    name, rest = tokens[0], tokens[1:]
    if name in VARIABLES or not rest or rest[0] != "(":
        return _SIMPLE.get(name) or Type(name), rest
    inner: list[Type] = []
    rest = rest[1:]
    while rest[0] != ")":
        if rest[0] == ",":
            rest = rest[1:]
        one, rest = _read_type(rest)
        inner.append(one)
    return Type(name, tuple(inner), tuple(f"field{n}" for n in range(len(inner))) if name == "row" else ()), rest[1:]


def fits(taken: Type, given: Type, bindings: Bindings) -> bool:
    """Whether a value of type `given` can be handed where `taken` is asked for."""
    if taken.kind in VARIABLES:
        bound = bindings.get(taken.kind)
        both = given if bound is None else types.common(bound, given)
        if both is None:
            return False
        bindings[taken.kind] = both
        return True
    if given == types.UNKNOWN or taken.kind == "any":
        return True
    if taken.kind == "number":
        return types.is_number(given)
    if taken.kind == "whole":
        return given in types.WHOLE
    if taken.kind == "moment":
        return given in types.MOMENTS
    if taken.kind in ("array", "map", "row", "function"):
        return (
            taken.kind == given.kind
            and len(taken.inner) == len(given.inner)
            and all(fits(mine, theirs, bindings) for mine, theirs in zip(taken.inner, given.inner, strict=True))
        )
    if taken.kind == "decimal":
        return given.kind == "decimal"
    return taken == given or _widens(given, taken)


def _widens(given: Type, taken: Type) -> bool:
    if types.is_number(given) and types.is_number(taken):
        return types.common(given, taken) == taken
    return given in types.MOMENTS and taken in types.MOMENTS and types.common(given, taken) == taken


def replaced(pattern: Type, bindings: Bindings) -> Type:
    """`pattern` with its variables' types."""
    if pattern.kind in VARIABLES:
        return bindings.get(pattern.kind, types.UNKNOWN)
    if not pattern.inner:
        return pattern
    return Type(pattern.kind, tuple(replaced(one, bindings) for one in pattern.inner), pattern.names)


def in_form(form: str, arguments: Sequence[Written], name: str) -> str:
    """The form with the arguments in their places. Raises InvalidQueryStatement where a literal is missing."""
    parts = []
    last = 0
    for place in _PLACE.finditer(form):
        parts.append(form[last : place.start()])
        parts.append(_in_place(place.group(1), arguments, name))
        last = place.end()
    parts.append(form[last:])
    return "".join(parts)


_PLACE: Final = re.compile(r"\{(\d+(?::literal)?|\*|\d+\+)\}")


def _in_place(place: str, arguments: Sequence[Written], name: str) -> str:
    if place == "*":
        return ", ".join(one.sql for one in arguments)
    if place.endswith("+"):
        return ", ".join(one.sql for one in arguments[int(place[:-1]) :])
    number, _, kind = place.partition(":")
    argument = arguments[int(number)]
    if not kind:
        return argument.sql
    if argument.literal is None:
        raise InvalidQueryStatement(f"Argument {int(number) + 1} of {name} must be a literal")
    return argument.literal.replace("'", "''")

"""Policy variables: `${aws:username}`, with a default `${aws:PrincipalTag/team, 'all'}`, and `${*}` `${?}` `${$}`.

A variable stands for the one value that its key has in a request; what it stands for is literal, whatever characters
it has. A key without a value, or with several, stands for nothing, and what needs it matches nothing. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (version 2012-10-17 alone).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opentrail.accounts.policy.wildcards import Wildcard, pattern_of

Context = Mapping[str, Sequence[str]]  # condition keys in lower case, and their values in a request

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_MEANT: Final = re.compile(r"\s*([^\s,'{}*?$:]+:[^,'{}*?$]*[^\s,'{}*?$])\s*(?:,\s*'([^'{}]*)'\s*)?")
_LITERAL: Final = frozenset("*?$")


class NotAVariable(ValueError):
    """What stands in `${}` is neither a key nor a character."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A key of the request whose value is put in."""

    key: str  # in lower case
    default: str | None = None


Piece = str | Wildcard | Variable


def read_text(text: str, *, wildcards: bool, variables: bool) -> tuple[Piece, ...]:
    """The pieces that `text` writes down. Raises NotAVariable."""
    found: list[Piece] = []
    pieces = _VARIABLE.split(text) if variables else [text]
    for number, piece in enumerate(pieces):
        if number % 2:
            found.append(_read_variable(piece))
        elif wildcards:
            found += pattern_of(piece)
        elif piece:
            found.append(piece)
    return tuple(found)


def has_variables(pieces: Sequence[Piece]) -> bool:
    """Whether what the pieces say depends on the request."""
    return any(isinstance(piece, Variable) for piece in pieces)


def resolved(pieces: Sequence[Piece], context: Context) -> tuple[str | Wildcard, ...] | None:
    """The pieces with every variable's value in its place; None where one has none."""
    found: list[str | Wildcard] = []
    for piece in pieces:
        if not isinstance(piece, Variable):
            found.append(piece)
            continue
        values = context.get(piece.key, ())
        value = values[0] if len(values) == 1 else piece.default if not values else None
        if value is None:
            return None
        found.append(value)
    return tuple(found)


def _read_variable(text: str) -> Piece:
    if text in _LITERAL:
        return text
    meant = _MEANT.fullmatch(text)
    if meant is None:
        raise NotAVariable(f"${{{text}}} is no policy variable")
    return Variable(meant[1].lower(), meant[2])

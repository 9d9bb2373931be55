"""Patterns of policies: `*` is any run of characters, `?` any one; compiled once, matched often."""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache

_ARN_PARTS = 6

Matcher = Callable[[str], bool]  # whether the whole of a text is what a pattern says, case-sensitively


class Wildcard(Enum):
    """What stands in a pattern for characters that it does not name."""

    RUN = "*"
    ONE = "?"


Pattern = Sequence["str | Wildcard"]


def pattern_of(text: str) -> tuple["str | Wildcard", ...]:
    """The pattern that `text` writes down, where each `*` and `?` is a wildcard."""
    pieces = re.split(r"([*?])", text)
    return tuple(Wildcard(piece) if piece in ("*", "?") else piece for piece in pieces if piece)


def matcher(pattern: Pattern) -> Matcher:
    """What says whether a whole text is what `pattern` says."""
    if all(isinstance(piece, str) for piece in pattern):
        return "".join(str(piece) for piece in pattern).__eq__
    if len(pattern) == 1 and pattern[0] is Wildcard.RUN:
        return _everything
    if len(pattern) == 2 and isinstance(pattern[0], str) and pattern[1] is Wildcard.RUN:
        beginning = pattern[0]
        return lambda text: text.startswith(beginning)
    found = _expression(pattern)
    return lambda text: found.fullmatch(text) is not None


def arn_matcher(pattern: Pattern) -> Matcher:
    """What says whether a text is an ARN that `pattern` means: each of its six parts by itself.

    So no wildcard spans a colon, but in the last part, the resource, which may have colons itself.
    """
    parts: list[list[str | Wildcard]] = [[]]
    for piece in pattern:
        if isinstance(piece, Wildcard):
            parts[-1].append(piece)
            continue
        first, *rest = piece.split(":", _ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts += [[one] for one in rest]
    if len(parts) != _ARN_PARTS:
        return _nothing
    tests = [matcher([piece for piece in part if piece != ""]) for part in parts]

    def is_meant(text: str) -> bool:
        found = text.split(":", _ARN_PARTS - 1)
        return len(found) == _ARN_PARTS and all(test(part) for test, part in zip(tests, found, strict=True))

    return is_meant


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` is what `pattern` says, case-sensitively."""
    return _matcher_of(pattern)(text)


def matches_arn(pattern: str, text: str) -> bool:
    """Whether an ARN is what `pattern` says: each of its six parts by itself, so that no wildcard spans a colon."""
    return arn_matcher(pattern_of(pattern))(text)


@lru_cache(maxsize=1024)
def _matcher_of(pattern: str) -> Matcher:
    return matcher(pattern_of(pattern))


def _everything(_: str) -> bool:
    return True


def _nothing(_: str) -> bool:
    return False


def _expression(pattern: Pattern) -> re.Pattern[str]:
    """Between stars each piece is taken where it first fits, for good: no pattern can take long by trying again."""
    pieces = [""]
    for piece in pattern:
        if piece is Wildcard.RUN:
            pieces.append("")
        else:
            pieces[-1] += re.escape(piece) if isinstance(piece, str) else "."
    first, *rest = pieces
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last, re.DOTALL)

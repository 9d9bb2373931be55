"""Patterns of policies: `*` is any run of characters, `?` any one."""

import re
from functools import lru_cache

_ARN_PARTS = 6


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` is what `pattern` says, case-sensitively."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    return _compiled(pattern).fullmatch(text) is not None


def matches_arn(pattern: str, text: str) -> bool:
    """Whether an ARN is what `pattern` says: each of its six parts by itself, so that no wildcard spans a colon."""
    wanted, found = pattern.split(":", _ARN_PARTS - 1), text.split(":", _ARN_PARTS - 1)
    if len(wanted) != _ARN_PARTS or len(found) != _ARN_PARTS:
        return False
    return all(matches(one, other) for one, other in zip(wanted, found, strict=True))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Between stars each piece is taken where it first fits, for good: no pattern can take long by trying again."""
    first, *rest = (
        "".join("." if one == "?" else re.escape(one) for one in piece) for piece in re.split(r"\*+", pattern)
    )
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + ".*" + last, re.DOTALL)

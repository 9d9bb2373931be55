"""Two ways of writing one call down, compared by fields: names, casing, nesting and kind of value."""

from collections.abc import Iterator
from typing import Any

Field = tuple[str, str]  # dotted path, kind of value


def differences(genuine: Any, ours: Any) -> tuple[list[str], list[str]]:
    """Fields that only AWS has, and fields that only we have."""
    theirs, mine = set(_fields(genuine)), set(_fields(ours))
    return sorted(map(_text, theirs - mine)), sorted(map(_text, mine - theirs))


def _fields(value: Any, path: str = "") -> Iterator[Field]:
    if isinstance(value, dict):
        yield path, "object"
        for name, item in value.items():
            yield from _fields(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield path, "list"
        for item in value:
            yield from _fields(item, f"{path}[]")
    else:
        yield path, _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def _text(field: Field) -> str:
    return f"{field[0] or 'the whole'} ({field[1]})"

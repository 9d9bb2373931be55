"""The rules of the service's model over parameters: required members, lengths, ranges, patterns, enums."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from opentrail import limits

# Java writes the characters beyond the Basic Multilingual Plane of a class as a range of surrogate pairs.
_JAVA_SUPPLEMENTARY: Final = r"\uD800\uDC00-\uDBFF\uDFFF"
_PYTHON_SUPPLEMENTARY: Final = r"\U00010000-\U0010FFFF"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where (in AWS's form, `tags.1.member.key`), what stands there, which rule."""

    path: str
    value: str
    rule: str

    @property
    def top(self) -> str:
        """The member of the input it lies in, first letter lowered."""
        return self.path.partition(".")[0]

    def __str__(self) -> str:
        return f"Value {self.value} at '{self.path}' failed to satisfy constraint: {self.rule}"


def violations(
    shape: StructureShape, parameters: Mapping[str, Any], passed: frozenset[str] = frozenset()
) -> list[Violation]:
    """All rules of `shape` that `parameters` break, in the order of the model's members.

    Members of the top level that are in `passed` are not looked at.
    """
    return list(_check_structure(shape, parameters, "", passed))


def message(broken: list[Violation]) -> str:
    """AWS's text for a ValidationException."""
    errors = "error" if len(broken) == 1 else "errors"
    return f"{len(broken)} validation {errors} detected: " + "; ".join(str(one) for one in broken)


def lower_first(name: str) -> str:
    """`MaxResults` as `maxResults`: CloudTrail lowers the first letter and no other."""
    return name[:1].lower() + name[1:]


@lru_cache(maxsize=256)
def pattern_of(text: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's; the whole text must match."""
    return re.compile(text.replace(_JAVA_SUPPLEMENTARY, _PYTHON_SUPPLEMENTARY), re.ASCII)


def _check(shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    if value is None:
        yield Violation(path, "null", "Member must not be null")
        return
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, path)


def _check_structure(
    shape: StructureShape, value: Mapping[str, Any], path: str, passed: frozenset[str] = frozenset()
) -> Iterator[Violation]:
    for name, member in shape.members.items():
        if name in passed:
            continue
        there = f"{path}.{lower_first(name)}" if path else lower_first(name)
        if name in value:
            yield from _check(member, value[name], there)
        elif name in shape.required_members:
            yield Violation(there, "null", "Member must not be null")


def _check_list(shape: ListShape, value: list[Any], path: str) -> Iterator[Violation]:
    yield from _check_length(shape, value, path)
    for number, part in enumerate(value, start=1):
        yield from _check(shape.member, part, f"{path}.{number}.member")


def _check_map(shape: MapShape, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    yield from _check_length(shape, value, path)
    for key, part in value.items():
        yield from _check(shape.key, key, f"{path}.key")
        yield from _check(shape.value, part, f"{path}.{_cut(key)}.member")


def _check_string(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield Violation(path, _quoted(value), f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    yield from _check_length(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not pattern_of(pattern).fullmatch(value):
        yield Violation(path, _quoted(value), f"Member must satisfy regular expression pattern: {pattern}")


def _check_length(shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield Violation(path, _quoted(value), f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield Violation(path, _quoted(value), f"Member must have length less than or equal to {high}")


def _check_number(shape: Shape, value: float, path: str) -> Iterator[Violation]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield Violation(path, _quoted(value), f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield Violation(path, _quoted(value), f"Member must have value less than or equal to {high}")


_CHECKS: Final[dict[str, Callable[[Any, Any, str], Iterator[Violation]]]] = {
    "structure": _check_structure,
    "list": _check_list,
    "map": _check_map,
    "string": _check_string,
    "blob": _check_length,
    "integer": _check_number,
    "long": _check_number,
    "float": _check_number,
    "double": _check_number,
}


def _quoted(value: Any) -> str:
    return f"'{_cut(value)}'"


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= limits.API_ECHOED_CHARACTERS else text[: limits.API_ECHOED_CHARACTERS] + "..."

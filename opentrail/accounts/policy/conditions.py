"""Conditions of statements: operators, what they compare, and what a missing key means.

A condition holds when a value of the request matches any of the condition's values; a negated one (`StringNotEquals`)
when it matches none of them. A key that the request does not have fails what is positive and passes what is negated or
has `IfExists`. `ForAllValues:` wants every value of the request to match, and holds when there is none;
`ForAnyValue:` wants one. Keys are compared without regard to case.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from opentrail.accounts.policy.wildcards import matches, matches_arn

Compare = Callable[[str, str], bool]  # the condition's value, the request's


class UnknownOperator(ValueError):
    """No operator of this name is known."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator over one key. `compare` is None for `Null`."""

    key: str  # in lower case
    values: tuple[str, ...]
    compare: Compare | None
    negated: bool = False
    if_exists: bool = False
    over: Literal["one", "all", "any"] = "one"

    def holds(self, context: Mapping[str, Sequence[str]]) -> bool:
        """Whether it holds for a request; the keys of `context` are in lower case."""
        found = context.get(self.key)
        if self.compare is None:
            return any((found is None) == (value.lower() == "true") for value in self.values)
        if found is None or (not found and self.over != "one"):
            return self.if_exists or self.over == "all" or (self.negated and self.over == "one")
        if self.over == "all":
            return all(self._matches(value) for value in found)
        if self.over == "any":
            return any(self._matches(value) for value in found)
        return all(self._matches(value) for value in found) if self.negated else any(map(self._matches, found))

    def _matches(self, value: str) -> bool:
        compare = self.compare
        assert compare is not None  # told apart above
        return any(compare(wanted, value) for wanted in self.values) != self.negated


def read_condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """The condition that a policy writes as `{operator: {key: values}}`. Raises UnknownOperator."""
    over: Literal["one", "all", "any"] = "one"
    name = operator
    for prefix, kind in _SETS.items():
        if name.startswith(prefix):
            over, name = kind, name.removeprefix(prefix)
    if name == "Null":
        return Condition(key.lower(), values, None)
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    try:
        compare, negated = _OPERATORS[name]
    except KeyError as unknown:
        raise UnknownOperator(operator) from unknown
    return Condition(key.lower(), values, compare, negated, if_exists, over)


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


def _equal_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.casefold() == value.casefold()


def _number(comparison: Callable[[float, float], bool]) -> Compare:
    """The request's number on the left; what is no number matches nothing."""

    def compare(wanted: str, value: str) -> bool:
        try:
            return comparison(float(value), float(wanted))
        except ValueError:
            return False

    return compare


def _date(comparison: Callable[[float, float], bool]) -> Compare:
    def compare(wanted: str, value: str) -> bool:
        left, right = _instant(value), _instant(wanted)
        return left is not None and right is not None and comparison(left, right)

    return compare


def _instant(text: str) -> float | None:
    """Seconds since the epoch, of a number of them or an ISO 8601 time."""
    try:
        return float(text)
    except ValueError:
        pass  # not a number: a date, or nothing
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _in_network(wanted: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_SETS: Final[dict[str, Literal["all", "any"]]] = {"ForAllValues:": "all", "ForAnyValue:": "any"}
_OPERATORS: Final[dict[str, tuple[Compare, bool]]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equal_ignoring_case, True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "ArnEquals": (matches_arn, False),
    "ArnLike": (matches_arn, False),
    "ArnNotEquals": (matches_arn, True),
    "ArnNotLike": (matches_arn, True),
    "Bool": (_equal_ignoring_case, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "NumericEquals": (_number(lambda left, right: left == right), False),
    "NumericNotEquals": (_number(lambda left, right: left == right), True),
    "NumericLessThan": (_number(lambda left, right: left < right), False),
    "NumericLessThanEquals": (_number(lambda left, right: left <= right), False),
    "NumericGreaterThan": (_number(lambda left, right: left > right), False),
    "NumericGreaterThanEquals": (_number(lambda left, right: left >= right), False),
    "DateEquals": (_date(lambda left, right: left == right), False),
    "DateNotEquals": (_date(lambda left, right: left == right), True),
    "DateLessThan": (_date(lambda left, right: left < right), False),
    "DateLessThanEquals": (_date(lambda left, right: left <= right), False),
    "DateGreaterThan": (_date(lambda left, right: left > right), False),
    "DateGreaterThanEquals": (_date(lambda left, right: left >= right), False),
}

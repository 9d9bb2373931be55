"""What condition operators compare: each takes the condition's value once and says of a request's value if it is meant.

The condition's value must be what its operator compares (a number, a date, `true` or `false`, a network); a request's
value that is none matches nothing. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_policies_elements_condition_operators.html.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from opentrail.accounts.policy.wildcards import Matcher, Pattern, arn_matcher, matcher

_NUMBER: Final = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)  # ISO 8601 as W3C profiles it
_BOOLEANS: Final = ("true", "false")


class NotComparable(ValueError):
    """A condition's value is not what its operator compares."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, without its prefix and `IfExists`."""

    compile: Callable[[Pattern], Matcher]  # raises NotComparable
    negated: bool = False
    wildcards: bool = False  # in the condition's values
    variables: bool = False


def _text(pattern: Pattern) -> str:
    return "".join(str(piece) for piece in pattern)


def _equal(pattern: Pattern) -> Matcher:
    return _text(pattern).__eq__


def _equal_ignoring_case(pattern: Pattern) -> Matcher:
    wanted = _text(pattern).casefold()
    return lambda value: value.casefold() == wanted


def _boolean(pattern: Pattern) -> Matcher:
    wanted = _text(pattern).lower()
    if wanted not in _BOOLEANS:
        raise NotComparable(f"{wanted!r} is neither true nor false")
    return lambda value: value.lower() == wanted


def _binary(pattern: Pattern) -> Matcher:
    """Bytes, written in base64 on both sides."""
    wanted = _bytes(_text(pattern))
    if wanted is None:
        raise NotComparable("a value is not base64")
    return lambda value: _bytes(value) == wanted


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # the latter where it is not ASCII
        return None


def _number(comparison: Callable[[Decimal, Decimal], bool]) -> Callable[[Pattern], Matcher]:
    """The request's number on the left."""

    def compiled(pattern: Pattern) -> Matcher:
        wanted = _as_number(_text(pattern))
        if wanted is None:
            raise NotComparable(f"{_text(pattern)!r} is not a number")

        def compare(value: str) -> bool:
            found = _as_number(value)
            return found is not None and comparison(found, wanted)

        return compare

    return compiled


def _as_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _date(comparison: Callable[[Decimal, Decimal], bool]) -> Callable[[Pattern], Matcher]:
    """The request's moment on the left; dates are seconds since the epoch or ISO 8601, of UTC where they name none."""

    def compiled(pattern: Pattern) -> Matcher:
        wanted = _instant(_text(pattern))
        if wanted is None:
            raise NotComparable(f"{_text(pattern)!r} is not a date")

        def compare(value: str) -> bool:
            found = _instant(value)
            return found is not None and comparison(found, wanted)

        return compare

    return compiled


def _instant(text: str) -> Decimal | None:
    number = _as_number(text)
    if number is not None:
        return number
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return Decimal((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):  # such as a 30th of February
        return None


def _network(pattern: Pattern) -> Matcher:
    try:
        network = ipaddress.ip_network(_text(pattern), strict=False)
    except ValueError as failure:
        raise NotComparable(str(failure)) from failure
    version, mask, wanted = network.version, int(network.netmask), int(network.network_address)

    def holds(value: str) -> bool:
        address = _address(value)
        return address is not None and address[0] == version and address[1] & mask == wanted

    return holds


@lru_cache(maxsize=1024)
def _address(text: str) -> tuple[int, int] | None:
    """Version and number of an IP address; remembered, since one request is asked about it often."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


def _with_negation(
    name: str, negation: str, compile: Callable[[Pattern], Matcher], *, wildcards: bool = False, variables: bool = True
) -> dict[str, Operator]:
    return {
        name: Operator(compile, False, wildcards, variables),
        negation: Operator(compile, True, wildcards, variables),
    }


def _ordering(
    kind: str, make: Callable[[Callable[[Decimal, Decimal], bool]], Callable[[Pattern], Matcher]]
) -> dict[str, Operator]:
    return {
        f"{kind}Equals": Operator(make(lambda left, right: left == right)),
        f"{kind}NotEquals": Operator(make(lambda left, right: left == right), negated=True),
        f"{kind}LessThan": Operator(make(lambda left, right: left < right)),
        f"{kind}LessThanEquals": Operator(make(lambda left, right: left <= right)),
        f"{kind}GreaterThan": Operator(make(lambda left, right: left > right)),
        f"{kind}GreaterThanEquals": Operator(make(lambda left, right: left >= right)),
    }


OPERATORS: Final[dict[str, Operator]] = {
    **_with_negation("StringEquals", "StringNotEquals", _equal),
    **_with_negation("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", _equal_ignoring_case),
    **_with_negation("StringLike", "StringNotLike", matcher, wildcards=True),
    **_with_negation("ArnEquals", "ArnNotEquals", arn_matcher, wildcards=True),
    **_with_negation("ArnLike", "ArnNotLike", arn_matcher, wildcards=True),
    **_with_negation("IpAddress", "NotIpAddress", _network, variables=False),
    "Bool": Operator(_boolean),
    "BinaryEquals": Operator(_binary),
    **_ordering("Numeric", _number),
    **_ordering("Date", _date),
}

"""Conditions of statements: keys, values, quantifiers, and what a missing key means.

A condition holds when a value of the request matches any of the condition's values; a negated one (`StringNotEquals`)
when it matches none of them. A key that the request does not have fails what is positive and passes what is negated or
has `IfExists`. `ForAllValues:` wants every value of the request to match, and holds when there is none;
`ForAnyValue:` wants one. `Null` asks whether a key is missing. Keys are compared without regard to case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from opentrail.accounts.policy.operators import OPERATORS, NotComparable, Operator
from opentrail.accounts.policy.variables import Context, Piece, Variable, has_variables, read_text, resolved
from opentrail.accounts.policy.wildcards import Matcher

Over = Literal["one", "all", "any"]

_SETS: Final[dict[str, Over]] = {"ForAllValues:": "all", "ForAnyValue:": "any"}
_NULL: Final = "Null"


class UnknownOperator(ValueError):
    """No operator of this name is known."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator over one key."""

    operator: str  # as it is written
    key: str  # in lower case
    values: tuple[str, ...]
    _holds: Callable[[Context], bool] = field(compare=False, repr=False)

    def holds(self, context: Context) -> bool:
        """Whether it holds for a request; the keys of `context` are in lower case."""
        return self._holds(context)


def read_condition(
    operator: str, key: str, values: tuple[str, ...], *, variables: bool = True, allowing: bool = True
) -> Condition:
    """The condition that a policy writes as `{operator: {key: values}}`.

    `variables`: the version of the policy knows them; `allowing`: it is an Allow that depends on it. Raises
    UnknownOperator, NotComparable, NotAVariable.
    """
    lowered = key.lower()
    if operator == _NULL:
        return Condition(operator, lowered, values, _null(lowered, values))
    over, name = _quantifier(operator)
    if_exists = name.endswith("IfExists")
    try:
        found = OPERATORS[name.removesuffix("IfExists")]
    except KeyError as unknown:
        raise UnknownOperator(operator) from unknown
    tests = _Tests(found, values, variables=variables, allowing=allowing)
    return Condition(operator, lowered, values, _quantified(lowered, tests, over, if_exists=if_exists))


def _quantifier(operator: str) -> tuple[Over, str]:
    for prefix, over in _SETS.items():
        if operator.startswith(prefix):
            return over, operator.removeprefix(prefix)
    return "one", operator


def _null(key: str, values: Sequence[str]) -> Callable[[Context], bool]:
    wanted = {value.lower() for value in values}
    if not wanted <= {"true", "false"}:
        raise NotComparable("Null is asked with true or false")
    return lambda context: ("false" if context.get(key) else "true") in wanted


class _Tests:
    """The values of a condition, compiled; those with variables as far as they can be."""

    __slots__ = ("_compile", "_fixed", "_late", "_needs_all", "negated")

    def __init__(self, operator: Operator, values: Sequence[str], *, variables: bool, allowing: bool) -> None:
        texts = [
            read_text(value, wildcards=operator.wildcards, variables=variables and operator.variables)
            for value in values
        ]
        self._compile = operator.compile
        self._late: list[tuple[Piece, ...]] = [text for text in texts if has_variables(text)]
        self._fixed = [
            operator.compile([piece for piece in text if not isinstance(piece, Variable)])
            for text in texts
            if not has_variables(text)
        ]
        self.negated = operator.negated
        self._needs_all = operator.negated and allowing

    def compiled(self, context: Context) -> list[Matcher] | None:
        """What the request's values are tested with.

        None where a variable has no value and an Allow asks what a value is not: nobody can say that it is not that.
        """
        if not self._late:
            return self._fixed
        found = [resolved(text, context) for text in self._late]
        if self._needs_all and None in found:
            return None
        return self._fixed + [self._compile(text) for text in found if text is not None]


def _quantified(key: str, tests: _Tests, over: Over, *, if_exists: bool) -> Callable[[Context], bool]:
    negated = tests.negated
    without = if_exists or over == "all" or (negated and over == "one")
    every = over == "all" or (over == "one" and negated)

    def holds(context: Context) -> bool:
        values = context.get(key)
        if not values:
            return without
        matchers = tests.compiled(context)
        if matchers is None:
            return False
        for value in values:
            if _is_among(value, matchers) == (every == negated):
                return not every
        return every

    return holds


def _is_among(value: str, matchers: Sequence[Matcher]) -> bool:
    for match in matchers:  # noqa: SIM110 - a generator would cost as much as most comparisons
        if match(value):
            return True
    return False

"""A policy's document: JSON to frozen, compiled values; nothing that cannot be judged later is let through.

The grammar is AWS's, version 2012-10-17 (2008-10-17 reads alike, without variables): https://docs.aws.amazon.com/IAM/
latest/UserGuide/reference_policies_grammar.html. Lists and single values are the same; a statement has one of each pair
(`Action`/`NotAction`, ...). Stricter than the grammar: a member twice, an empty list, an unknown member are refused.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from opentrail.accounts.policy.conditions import Condition, UnknownOperator, read_condition
from opentrail.accounts.policy.elements import Actions, Principals, Resources
from opentrail.accounts.policy.operators import NotComparable
from opentrail.accounts.policy.variables import NotAVariable
from opentrail.errors import ClientError

Effect = Literal["Allow", "Deny"]

_NOW: Final = "2012-10-17"
_VERSIONS: Final = (_NOW, "2008-10-17")
_KINDS: Final = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))
_DOCUMENT: Final = frozenset(("Version", "Id", "Statement"))
_MEMBERS: Final = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


class PolicyUnreadable(ClientError):
    """The policy is not a policy document."""

    code = "MalformedPolicyDocument"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `principals` is None in the policy of an identity, `resources` in some of resources."""

    effect: Effect
    actions: Actions
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition, ...] = ()
    name: str = ""  # its Sid, else its number from 1


@dataclass(frozen=True, slots=True)
class Policy:
    """A document's statements, in order."""

    statements: tuple[Statement, ...]
    name: str = ""  # as decisions name it
    by_effect: Mapping[Effect, tuple[Statement, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of: dict[Effect, tuple[Statement, ...]] = {
            "Allow": tuple(one for one in self.statements if one.effect == "Allow"),
            "Deny": tuple(one for one in self.statements if one.effect == "Deny"),
        }
        object.__setattr__(self, "by_effect", of)


def read_policy(text: str, name: str = "") -> Policy:
    """The policy that `text` writes down. Raises PolicyUnreadable."""
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as failure:
        raise PolicyUnreadable(f"The policy is not JSON: {failure}") from failure
    if not isinstance(document, dict) or not _DOCUMENT.issuperset(document):
        raise PolicyUnreadable("The policy has members that are none of a policy's.")
    version = document.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise PolicyUnreadable("The policy is of no known version.")
    given = document.get("Statement")
    statements = [given] if isinstance(given, dict) else given
    if not isinstance(statements, list):
        raise PolicyUnreadable("The policy has no statements.")
    variables = version == _NOW
    return Policy(tuple(_statement(one, number, variables=variables) for number, one in enumerate(statements, 1)), name)


def read_identity_policy(text: str, name: str = "") -> Policy:
    """A policy for an identity, a boundary, a session or an organization: on resources, without principals.

    Raises PolicyUnreadable.
    """
    policy = read_policy(text, name)
    for statement in policy.statements:
        if statement.principals is not None:
            raise PolicyUnreadable(
                f"Statement {statement.name} names principals, in a policy that is not a resource's."
            )
        if statement.resources is None:
            raise PolicyUnreadable(f"Statement {statement.name} names no resources.")
    return policy


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")


def _statement(given: Any, number: int, *, variables: bool) -> Statement:
    if not isinstance(given, dict) or not _MEMBERS.issuperset(given):
        raise PolicyUnreadable("A statement has members that are none of a statement's.")
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyUnreadable("A statement must have the effect Allow or Deny.")
    actions = _pair(given, "Action")
    if actions is None:
        raise PolicyUnreadable("A statement must name actions.")
    resources = _pair(given, "Resource")
    sid = given.get("Sid")
    allowing = effect == "Allow"
    try:
        return Statement(
            effect="Allow" if allowing else "Deny",
            actions=Actions.read(*actions),
            resources=(
                Resources.read(*resources, variables=variables, allowing=allowing) if resources is not None else None
            ),
            principals=_principals(given),
            conditions=tuple(_conditions(given.get("Condition", {}), variables=variables, allowing=allowing)),
            name=sid if isinstance(sid, str) and sid else str(number),
        )
    except (NotComparable, NotAVariable) as failure:
        raise PolicyUnreadable(f"Statement {number}: {failure}") from failure


def _pair(given: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], bool] | None:
    """The texts of one of a pair such as `Action` and `NotAction`, and whether they are what is not meant."""
    negated = f"Not{name}"
    if name in given and negated in given:
        raise PolicyUnreadable(f"A statement has {name} and {negated}.")
    if name not in given and negated not in given:
        return None
    texts = _texts(given.get(name, given.get(negated)))
    for text in texts:
        if name == "Action" and ":" not in text and text.strip("*"):
            raise PolicyUnreadable(f"The action {text} names no service.")
        if name == "Resource" and not text.startswith(("arn:", "*")):
            raise PolicyUnreadable(f"The resource {text} is not an ARN.")
    return texts, negated in given


def _principals(given: Mapping[str, Any]) -> Principals | None:
    if "Principal" in given and "NotPrincipal" in given:
        raise PolicyUnreadable("A statement has Principal and NotPrincipal.")
    if "Principal" not in given and "NotPrincipal" not in given:
        return None
    negated = "NotPrincipal" in given
    value = given["NotPrincipal" if negated else "Principal"]
    if value == "*":
        return Principals(frozenset({("AWS", "*")}), negated)
    if not isinstance(value, dict) or not value or not _KINDS.issuperset(value):
        raise PolicyUnreadable("A principal is of no known kind.")
    names = {(kind, name) for kind, listed in value.items() for name in _texts(listed)}
    return Principals(frozenset(names), negated)


def _conditions(given: Any, *, variables: bool, allowing: bool) -> Iterable[Condition]:
    if not isinstance(given, dict):
        raise PolicyUnreadable("The conditions of a statement are no object.")
    for operator, keys in given.items():
        if not isinstance(keys, dict):
            raise PolicyUnreadable(f"The condition {operator} has no keys.")
        for key, values in keys.items():
            try:
                yield read_condition(operator, key, _texts(values), variables=variables, allowing=allowing)
            except UnknownOperator as unknown:
                raise PolicyUnreadable(f"The condition {operator} is not known.") from unknown


def _texts(given: Any) -> tuple[str, ...]:
    """A value or a list of them; booleans and numbers as they are written."""
    values = given if isinstance(given, list) else [given]
    if not values:
        raise PolicyUnreadable("A list is empty.")
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    raise PolicyUnreadable("A value is neither text nor number.")

"""A policy's document: JSON to frozen values, nothing that cannot be judged later let through.

The grammar is AWS's, version 2012-10-17 (2008-10-17 reads alike): https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_policies_grammar.html. Lists and single values are the same; a statement has one of each pair
(`Action`/`NotAction`, ...).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from opentrail.accounts.policy.conditions import Condition, UnknownOperator, read_condition
from opentrail.errors import ClientError

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_KINDS: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_MEMBERS: Final = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


class PolicyUnreadable(ClientError):
    """The policy is not a policy document."""

    code = "MalformedPolicyDocument"


@dataclass(frozen=True, slots=True)
class Patterns:
    """One of a pair such as `Action` and `NotAction`: texts with wildcards, and whether they are what is not meant."""

    texts: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Principals:
    """Whom a statement is about: (kind, name), such as ("Service", "cloudtrail.amazonaws.com") or ("AWS", "*")."""

    names: frozenset[tuple[str, str]]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `principals` is None in the policy of an identity, `resources` in some of resources."""

    effect: Literal["Allow", "Deny"]
    actions: Patterns
    resources: Patterns | None
    principals: Principals | None
    conditions: tuple[Condition, ...] = ()
    sid: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A document's statements, in order."""

    statements: tuple[Statement, ...]


def read_policy(text: str) -> Policy:
    """The policy that `text` writes down. Raises PolicyUnreadable."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as failure:
        raise PolicyUnreadable(f"The policy is not JSON: {failure}") from failure
    if not isinstance(document, dict) or document.get("Version", _VERSIONS[1]) not in _VERSIONS:
        raise PolicyUnreadable
    given = document.get("Statement")
    statements = [given] if isinstance(given, dict) else given
    if not isinstance(statements, list):
        raise PolicyUnreadable("The policy has no statements.")
    return Policy(tuple(_statement(one) for one in statements))


def _statement(given: Any) -> Statement:
    if not isinstance(given, dict) or not _MEMBERS.issuperset(given):
        raise PolicyUnreadable("A statement has members that are none of a statement's.")
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyUnreadable("A statement must have the effect Allow or Deny.")
    actions = _patterns(given, "Action")
    if actions is None:
        raise PolicyUnreadable("A statement must name actions.")
    sid = given.get("Sid", "")
    return Statement(
        effect=effect,
        actions=actions,
        resources=_patterns(given, "Resource"),
        principals=_principals(given),
        conditions=tuple(_conditions(given.get("Condition", {}))),
        sid=sid if isinstance(sid, str) else "",
    )


def _patterns(given: Mapping[str, Any], name: str) -> Patterns | None:
    negated = f"Not{name}"
    if name in given and negated in given:
        raise PolicyUnreadable(f"A statement has {name} and {negated}.")
    if name not in given and negated not in given:
        return None
    return Patterns(_texts(given.get(name, given.get(negated))), negated=negated in given)


def _principals(given: Mapping[str, Any]) -> Principals | None:
    if "Principal" in given and "NotPrincipal" in given:
        raise PolicyUnreadable("A statement has Principal and NotPrincipal.")
    if "Principal" not in given and "NotPrincipal" not in given:
        return None
    negated = "NotPrincipal" in given
    value = given["NotPrincipal" if negated else "Principal"]
    if value == "*":
        return Principals(frozenset({("AWS", "*")}), negated)
    if not isinstance(value, dict) or not set(value).issubset(_KINDS):
        raise PolicyUnreadable("A principal is of no known kind.")
    names = {(kind, name) for kind, listed in value.items() for name in _texts(listed)}
    return Principals(frozenset(names), negated)


def _conditions(given: Any) -> Iterable[Condition]:
    if not isinstance(given, dict):
        raise PolicyUnreadable("The conditions of a statement are no object.")
    for operator, keys in given.items():
        if not isinstance(keys, dict):
            raise PolicyUnreadable(f"The condition {operator} has no keys.")
        for key, values in keys.items():
            try:
                yield read_condition(operator, key, _texts(values))
            except UnknownOperator as unknown:
                raise PolicyUnreadable(f"The condition {operator} is not known.") from unknown


def _texts(given: Any) -> tuple[str, ...]:
    """A value or a list of them; booleans and numbers as they are written."""
    values = given if isinstance(given, list) else [given]
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise PolicyUnreadable("A value is neither text nor number.")

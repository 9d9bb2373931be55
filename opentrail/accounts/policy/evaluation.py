"""What a policy says of a request: an explicit Deny wins, then Allow, else nothing.

Resource policies for now: the caller must be among a statement's principals. Identity policies come to stand beside it
with statements that have no principals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from opentrail.accounts.policy.document import Patterns, Policy, Principals, Statement
from opentrail.accounts.policy.wildcards import matches


class Decision(Enum):
    """What policies say of a request."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    SILENT = "not allowed"

    @property
    def allows(self) -> bool:
        """Whether the request may be done."""
        return self is Decision.ALLOWED


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a service by its name, or a principal of an account by its ARNs (a session's: its own, its role's)."""

    service: str = ""
    account: str = ""
    arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `action` as `s3:PutObject`; `context` holds the condition keys, in any case."""

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def evaluate(policies: Iterable[Policy], request: Request) -> Decision:
    """What the policies of one resource, taken together, say of the request."""
    context = {key.lower(): (value,) if isinstance(value, str) else value for key, value in request.context.items()}
    applying = {
        statement.effect
        for policy in policies
        for statement in policy.statements
        if _applies(statement, request, context)
    }
    if "Deny" in applying:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in applying else Decision.SILENT


def _applies(statement: Statement, request: Request, context: Mapping[str, tuple[str, ...]]) -> bool:
    return (
        statement.principals is not None
        and _names(statement.principals, request.caller)
        and _covers(statement.actions, request.action.lower(), lower=True)
        and (statement.resources is None or _covers(statement.resources, request.resource))
        and all(condition.holds(context) for condition in statement.conditions)
    )


def _covers(patterns: Patterns, text: str, *, lower: bool = False) -> bool:
    covered = any(matches(pattern.lower() if lower else pattern, text) for pattern in patterns.texts)
    return covered != patterns.negated


def _names(principals: Principals, caller: Caller) -> bool:
    return any(_is_meant(kind, name, caller) for kind, name in principals.names) != principals.negated


def _is_meant(kind: str, name: str, caller: Caller) -> bool:
    if kind == "AWS" and name == "*":
        return True  # everybody, services as well
    if kind == "Service":
        return bool(caller.service) and name == caller.service
    if kind == "AWS" and caller.account:
        return name in (caller.account, f"arn:aws:iam::{caller.account}:root") or name in caller.arns
    return False

"""What the policies of one resource say of a request: an explicit Deny wins, then Allow, else nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from opentrail.accounts.policy.caller import Caller
from opentrail.accounts.policy.document import Effect, Policy, Statement
from opentrail.accounts.policy.elements import Grant
from opentrail.accounts.policy.variables import Context


class Verdict(Enum):
    """What policies say of a request."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    SILENT = "not allowed"

    @property
    def allows(self) -> bool:
        """Whether the request may be done."""
        return self is Verdict.ALLOWED


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `action` as `s3:PutObject`; `context` holds the condition keys, in any case.

    `resource_account`: whose the resource is; empty where its account alone decides.
    """

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    resource_account: str = ""


class Asked:
    """A request as statements look at it."""

    __slots__ = ("action", "caller", "context", "resource")

    def __init__(self, request: Request) -> None:
        self.caller = request.caller
        self.action = request.action.lower()
        self.resource = request.resource
        self.context: Context = {
            key.lower(): (value,) if isinstance(value, str) else value for key, value in request.context.items()
        }

    def is_covered(self, statement: Statement) -> bool:
        """Whether a statement is about this request; who asks aside."""
        if not statement.actions.cover(self.action):
            return False
        resources = statement.resources
        if resources is not None and not resources.cover(self.resource, self.context):
            return False
        for condition in statement.conditions:  # noqa: SIM110 - a generator would cost as much as most conditions
            if not condition.holds(self.context):
                return False
        return True


def evaluate(policies: Iterable[Policy], request: Request) -> Verdict:
    """What the policies of one resource, taken together, say of the request to whom they name."""
    listed, asked = tuple(policies), Asked(request)
    if granted_by(listed, "Deny", asked) is not None:
        return Verdict.DENIED
    return Verdict.ALLOWED if granted_by(listed, "Allow", asked) is not None else Verdict.SILENT


def covered_by(policies: Iterable[Policy], effect: Effect, asked: Asked) -> tuple[Policy, Statement] | None:
    """The first statement with `effect` that is about the request, in policies without principals.

    A statement that names principals allows nothing there, and denies to all.
    """
    for policy in policies:
        for statement in policy.by_effect[effect]:
            if effect == "Allow" and statement.principals is not None:
                continue
            if asked.is_covered(statement):
                return policy, statement
    return None


def granted_by(policies: Iterable[Policy], effect: Effect, asked: Asked) -> tuple[Policy, Statement, Grant] | None:
    """The statement with `effect` that is about the request and names its caller most closely, in resource policies."""
    best: tuple[Policy, Statement, Grant] | None = None
    for policy in policies:
        for statement in policy.by_effect[effect]:
            if statement.principals is None:
                continue
            grant = statement.principals.grant(asked.caller, allowing=effect == "Allow")
            if grant > (best[2] if best is not None else Grant.NONE) and asked.is_covered(statement):
                best = policy, statement, grant
    return best

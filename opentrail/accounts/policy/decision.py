"""Whether a request may be done, by all policies that speak of it, and which statement of which policy said so.

AWS's evaluation: an explicit Deny anywhere ends it. Then service control policies must allow, level by level. Within an
account an Allow of the resource's policy or of the caller's own is enough; a permissions boundary and session policies
limit both, but for what the resource's policy grants to the caller by its very name. Between accounts both sides must
allow. An account's root needs no policies of its own. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_policies_evaluation-logic.html.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from opentrail.accounts.policy.document import Policy, Statement
from opentrail.accounts.policy.elements import Grant
from opentrail.accounts.policy.evaluation import Asked, Request, Verdict, covered_by, granted_by


class PolicyKind(Enum):
    """The kinds of policies, as AWS's messages call them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything that may speak of a request.

    `boundary` and `session`: None where there is none, which limits nothing. `service_control`: the policies of each
    level of the organization, from its root to the account; empty for a management account and outside organizations.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    service_control: tuple[tuple[Policy, ...], ...] = ()
    resource: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why: `kind`, `policy` and `statement` name what did it.

    Of what nothing allows, `kind` is the kind of policies in which an Allow is missing. `kind` is None where an
    account's root did what needs no policy.
    """

    verdict: Verdict
    kind: PolicyKind | None
    policy: str = ""
    statement: str = ""

    @property
    def allows(self) -> bool:
        """Whether the request may be done."""
        return self.verdict.allows

    @property
    def reason(self) -> str:
        """Why, in a line."""
        if self.kind is None:
            return "allowed: the account's root"
        if self.verdict is Verdict.SILENT:
            return f"not allowed: no {self.kind.value} allows it"
        named = f" {self.policy}" if self.policy else ""
        return f"{self.verdict.value}: statement {self.statement} of {self.kind.value}{named}"


_ROOT: Final = Decision(Verdict.ALLOWED, None)


def decide(policies: Policies, request: Request) -> Decision:
    """The decision; an order of policies or statements changes at most which of several reasons is given."""
    asked = Asked(request)
    return _denied(policies, asked) or _not_allowed_above(policies, asked) or _allowed(policies, asked, request)


def _denied(policies: Policies, asked: Asked) -> Decision | None:
    for kind, listed in (
        *((PolicyKind.SERVICE_CONTROL, level) for level in policies.service_control),
        (PolicyKind.IDENTITY, policies.identity),
        (PolicyKind.BOUNDARY, _of(policies.boundary)),
        (PolicyKind.SESSION, policies.session or ()),
    ):
        found = covered_by(listed, "Deny", asked)
        if found is not None:
            return _decision(Verdict.DENIED, kind, *found)
    granted = granted_by(policies.resource, "Deny", asked)
    return _decision(Verdict.DENIED, PolicyKind.RESOURCE, *granted[:2]) if granted is not None else None


def _not_allowed_above(policies: Policies, asked: Asked) -> Decision | None:
    """Every level of the organization must allow; its members' roots are bound by it as well, services are not."""
    for level in policies.service_control if asked.caller.account else ():
        if covered_by(level, "Allow", asked) is None:
            return Decision(Verdict.SILENT, PolicyKind.SERVICE_CONTROL)
    return None


def _allowed(policies: Policies, asked: Asked, request: Request) -> Decision:
    caller = asked.caller
    granted = granted_by(policies.resource, "Allow", asked)
    if not caller.account:  # a service, or nobody we know: it has no policies of its own
        if granted is None:
            return Decision(Verdict.SILENT, PolicyKind.RESOURCE)
        return _decision(Verdict.ALLOWED, PolicyKind.RESOURCE, *granted[:2])
    if request.resource_account not in ("", caller.account):
        own = _by_own_policies(policies, asked)
        if not own.allows:
            return own
        if granted is None:
            return Decision(Verdict.SILENT, PolicyKind.RESOURCE)
        return _decision(Verdict.ALLOWED, PolicyKind.RESOURCE, *granted[:2])
    if granted is not None:
        policy, statement, grant = granted
        unlimited = grant is Grant.DIRECT or _limit(policies, asked) is None
        if grant > Grant.ACCOUNT and unlimited:
            return _decision(Verdict.ALLOWED, PolicyKind.RESOURCE, policy, statement)
    return _by_own_policies(policies, asked)


def _by_own_policies(policies: Policies, asked: Asked) -> Decision:
    if asked.caller.is_root:
        return _limit(policies, asked, of_root=True) or _ROOT
    found = covered_by(policies.identity, "Allow", asked)
    if found is None:
        return Decision(Verdict.SILENT, PolicyKind.IDENTITY)
    return _limit(policies, asked) or _decision(Verdict.ALLOWED, PolicyKind.IDENTITY, *found)


def _limit(policies: Policies, asked: Asked, *, of_root: bool = False) -> Decision | None:
    """The decision against it where boundary or session policies do not allow it; a root has no boundary."""
    if policies.boundary is not None and not of_root and covered_by((policies.boundary,), "Allow", asked) is None:
        return Decision(Verdict.SILENT, PolicyKind.BOUNDARY)
    if policies.session is not None and covered_by(policies.session, "Allow", asked) is None:
        return Decision(Verdict.SILENT, PolicyKind.SESSION)
    return None


def _of(boundary: Policy | None) -> tuple[Policy, ...]:
    return (boundary,) if boundary is not None else ()


def _decision(verdict: Verdict, kind: PolicyKind, policy: Policy, statement: Statement) -> Decision:
    return Decision(verdict, kind, policy.name, statement.name)

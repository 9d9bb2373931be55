"""Calls are decided by the policies that users attached to their IAM principals and buckets at the upstream.

Asked for by `opentrail up --enforce-iam`; the root of the home account stays all-powerful. A Deny holds where the
recorder does not know a call's resource; an Allow there must be for `*`. Of the policies of resources those of buckets
and the trust policies of roles are known; whatever belongs to another account needs one of these.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from opentrail.accounts.policy import Decision, Policies, Policy, PolicyKind, Request, Verdict, decide, evaluate
from opentrail.accounts.policy.evaluation import Asked, covered_by
from opentrail.accounts.policy_caller import Keys, caller_of
from opentrail.accounts.principal import AWS_SERVICE, Principal
from opentrail.arn import parse_arn
from opentrail.recorder.access.enforced_resources import resource_of
from opentrail.recorder.access.guarding import Around, condition_keys, is_elsewhere, is_understood, wanted
from opentrail.recorder.access.upstream_policies import UpstreamPolicies
from opentrail.recorder.answers.refusals import DeniedByPolicy
from opentrail.recorder.call import Call
from opentrail.recorder.identity.federation import claims_of
from opentrail.recorder.look_ups.iam import PoliciesNotTold
from opentrail.recorder.understanding.interpretation import Interpreted

_ANY: Final = "*"
_FREE: Final = frozenset(("sts:GetCallerIdentity",))  # nobody needs a permission for it, and no policy denies it
_FREE_UNLESS_DENIED: Final = frozenset(("sts:GetSessionToken",))
_ASSUMES: Final = frozenset(("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"))
_ACCOUNT_DIGITS: Final = 12


async def keep_policies(around: Around, enforced: UpstreamPolicies, call: Call) -> None:
    """Nothing goes on that the policies at the upstream do not allow. Raises DeniedByPolicy."""
    principal = call.principal or (call.key.principal if call.key is not None else None)
    if principal is not None and _is_above(principal, around.settings.home_account):
        return
    if call.interpreted is None or not is_understood(call.interpreted):
        raise DeniedByPolicy("The call cannot be understood, so no policy allows it.")
    # the upstream may have to be asked, which nobody else should wait for
    await asyncio.to_thread(_decide_all, around, enforced, call, call.interpreted, principal)


def _is_above(principal: Principal, home_account: str) -> bool:
    """A service of ours, and the root of the home account itself."""
    assumed = principal.session is not None and principal.session.assumed_root
    return principal.type == AWS_SERVICE or (
        principal.type == "Root" and not assumed and principal.account == home_account
    )


def _decide_all(
    around: Around, enforced: UpstreamPolicies, call: Call, asked: Interpreted, principal: Principal | None
) -> None:
    try:
        policies = enforced.of(principal) if principal is not None else Policies()
        if policies is None:
            return
        context = _context(around, enforced, call, principal)
        for actions, resource in _needed(around, enforced, call, asked, principal):
            for action in actions:
                decision = _decided(enforced, call, principal, policies, action, resource, context)
                if not decision.allows:
                    raise DeniedByPolicy(_sentence(call, principal, action, resource, decision))
    except PoliciesNotTold as failure:
        raise DeniedByPolicy("The policies of the account could not be read, so nothing is allowed.") from failure


def _needed(
    around: Around, enforced: UpstreamPolicies, call: Call, asked: Interpreted, principal: Principal | None
) -> Iterator[tuple[list[str], str | None]]:
    """Actions and resources, with those that only IAM's own rules name."""
    for actions, resource in wanted(around, call, asked, principal):
        if resource is None:
            account = principal.account if principal is not None else call.owner
            region = call.region or around.settings.region
            found = resource_of(asked, account, region, enforced)
            yield actions, found
            if found is not None and is_elsewhere(found, asked, account, region):
                yield actions, None
        else:
            yield actions, resource


def _decided(
    enforced: UpstreamPolicies,
    call: Call,
    principal: Principal | None,
    policies: Policies,
    action: str,
    resource: str | None,
    context: Keys,
) -> Decision:
    allowed = Decision(Verdict.ALLOWED, None)
    if action in _FREE:
        return allowed
    caller = caller_of(replace(principal, service=None) if principal is not None else None)
    if principal is None and action in _ASSUMES:
        caller = replace(caller, provider=_provider(call))
    if principal is None and action not in _ASSUMES and call.service != "s3":
        return allowed  # what needs no signature at AWS needs no permission either
    owner, own = _resource_side(enforced, call, action, resource)
    known = resource or _ANY
    request = Request(caller, action, known, {**context, "aws:ResourceAccount": owner} if owner else context, owner)
    denied = _denied_unknown(policies, request) if resource is None else None
    if denied is not None:
        return denied
    decision = decide(replace(policies, resource=own), request)
    if action in _FREE_UNLESS_DENIED and decision.verdict is Verdict.SILENT:
        return allowed
    if action in _ASSUMES and (decision.allows or principal is None):
        return decision if evaluate(own, request).allows else Decision(Verdict.SILENT, PolicyKind.RESOURCE)
    return decision


def _provider(call: Call) -> str:
    """Who vouches for a caller of AssumeRoleWith...: the ARN of the SAML provider, the issuer of the token."""
    asked = call.interpreted
    parameters = (asked.parameters or {}) if asked is not None else {}
    claims = claims_of(asked.operation_name, parameters) if asked is not None else None
    if claims is not None and claims.web_identity is not None:
        return claims.web_identity.federated_provider
    return str(parameters.get("PrincipalArn", ""))


def _denied_unknown(policies: Policies, request: Request) -> Decision | None:
    """A Deny of an action whose resource nobody knows holds, whatever resources it names."""
    for kind, listed in (
        (PolicyKind.IDENTITY, policies.identity),
        (PolicyKind.BOUNDARY, (policies.boundary,) if policies.boundary is not None else ()),
        (PolicyKind.SESSION, policies.session or ()),
    ):
        anywhere = [
            replace(policy, statements=tuple(replace(one, resources=None) for one in policy.by_effect["Deny"]))
            for policy in listed
        ]
        found = covered_by(anywhere, "Deny", Asked(request))
        if found is not None:
            return Decision(Verdict.DENIED, kind, found[0].name, found[1].name)
    return None


def _resource_side(
    enforced: UpstreamPolicies, call: Call, action: str, resource: str | None
) -> tuple[str, tuple[Policy, ...]]:
    """Whose the resource is ("" where the caller's account alone decides), and the resource's own policies."""
    arn = parse_arn(resource) if resource is not None else None
    if arn is None:
        return "", ()
    if arn.service == "s3":
        bucket = enforced.bucket(arn.resource.partition("/")[0])
        if not bucket.exists:  # the upstream says so; one that is to be made is its maker's
            return "", ()
        return bucket.owner, (bucket.policy,) if bucket.policy is not None else ()
    if action in _ASSUMES and arn.resource.startswith("role/"):
        role = enforced.role(arn.account, arn.resource.rpartition("/")[2])
        trust = role.trust if role is not None and role.arn == resource else None
        return arn.account, (trust,) if trust is not None else ()
    known = len(arn.account) == _ACCOUNT_DIGITS and arn.account.isdecimal()
    return (arn.account if known else ""), ()


def _context(around: Around, enforced: UpstreamPolicies, call: Call, principal: Principal | None) -> Keys:
    context = condition_keys(around, call, principal)
    organization = enforced.organization()
    if principal is not None and organization is not None and principal.account in organization.accounts:
        context["aws:PrincipalOrgID"] = organization.id
    owner = enforced.owner_of(principal) if principal is not None else None
    for key, value in owner.tags if owner is not None else ():
        context.setdefault(f"aws:PrincipalTag/{key}", value)  # the session's own tags come first
    return context


def _sentence(call: Call, principal: Principal | None, action: str, resource: str | None, decision: Decision) -> str:
    who = principal.arn if principal is not None and principal.arn else "anonymous"
    on = f' on resource: "{resource}"' if call.service == "s3" else f" on resource: {resource}"
    on = on if resource not in (None, _ANY) else ""
    kind = (decision.kind or PolicyKind.IDENTITY).value
    if decision.verdict is Verdict.DENIED:
        why = f"with an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    else:
        why = f"because no {kind} allows the {action} action"
    return f"User: {who} is not authorized to perform: {action}{on} {why}"

"""A principal as policies see it: the names that `Principal` elements know it by, and the condition keys about it.

Source of the keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. A key is
left out where AWS leaves it out (`aws:username` of roles, `aws:MultiFactorAuthPresent` of long-term keys) and where
nobody told us its value.
"""

from typing import Final

from opentrail.accounts.organization import Organization
from opentrail.accounts.policy import Caller
from opentrail.accounts.principal import Principal
from opentrail.clock import MICROSECONDS, as_datetime

Keys = dict[str, str | tuple[str, ...]]

_TYPES: Final = {
    "Root": "Account",
    "IAMUser": "User",
    "AssumedRole": "AssumedRole",
    "FederatedUser": "FederatedUser",
}


def caller_of(principal: Principal | None) -> Caller:
    """The principal as `Principal` elements name it; nobody we know where there is none."""
    if principal is None:
        return Caller()
    if principal.service is not None:
        return Caller(service=principal.service)
    if principal.type == "Root":
        return Caller(account=principal.account, arns=(f"arn:aws:iam::{principal.account}:root",))
    named = [(principal.arn, principal.principal_id)]
    session = principal.session
    provider = session.web_identity.federated_provider if session is not None and session.web_identity else ""
    if session is not None and session.issuer is not None and session.issuer.type != "Root":
        named.append((session.issuer.arn, session.issuer.principal_id))
    known = [(arn, unique) for arn, unique in named if arn]
    return Caller(
        account=principal.account,
        arns=tuple(arn for arn, _ in known),
        ids=tuple(unique for _, unique in known),
        provider=provider,
    )


def principal_keys(principal: Principal, now_us: int, organization: Organization | None = None) -> Keys:
    """The condition keys about the principal; `organization`: the one that there is, be it the principal's or not."""
    if principal.service is not None:
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal.service}
    keys: Keys = {"aws:PrincipalIsAWSService": "false"}
    session = principal.session
    issuer = session.issuer if session is not None else None
    arn = issuer.arn if issuer is not None and issuer.type == "Role" else principal.arn
    told = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalOrgID": _organization_id(principal, organization),
        "aws:PrincipalOrgMasterAccountId": _manager(principal, organization),
        "aws:PrincipalType": _TYPES.get(principal.type, ""),
        "aws:userid": principal.principal_id,
        "aws:username": (principal.user_name or "") if principal.type == "IAMUser" else "",
    }
    keys |= {key: value for key, value in told.items() if value}
    if session is None:
        return keys
    keys["aws:MultiFactorAuthPresent"] = "true" if session.mfa else "false"
    keys["aws:TokenIssueTime"] = as_datetime(session.created_at_us).strftime("%Y-%m-%dT%H:%M:%SZ")
    if session.mfa:
        keys["aws:MultiFactorAuthAge"] = str(max(now_us - session.created_at_us, 0) // MICROSECONDS)
    if session.source_identity:
        keys["aws:SourceIdentity"] = session.source_identity
    if session.web_identity is not None:
        keys["aws:FederatedProvider"] = session.web_identity.federated_provider
    if session.assumed_root:
        keys["aws:AssumedRoot"] = "true"
    return keys | {f"aws:PrincipalTag/{name}": value for name, value in session.tags}


def _organization_id(principal: Principal, organization: Organization | None) -> str:
    return organization.id if organization is not None and principal.account in organization.accounts else ""


def _manager(principal: Principal, organization: Organization | None) -> str:
    inside = organization is not None and principal.account in organization.accounts
    return organization.management_account if organization is not None and inside else ""

"""From a principal to the `userIdentity` of a CloudTrail record, in AWS's order, unknown parts left out."""

from typing import Any

from opentrail.accounts.principal import AWS_SERVICE, UNKNOWN, Principal, Session
from opentrail.clock import as_datetime

_FEDERATED = frozenset({"SAMLUser", "WebIdentityUser"})


def user_identity(principal: Principal, access_key_id: str | None) -> dict[str, Any]:
    """`userIdentity`: type, principalId, arn, accountId, accessKeyId, userName, sessionContext, invokedBy.

    Of a service: type and invokedBy alone. Of who calls STS with an assertion or a token of another identity provider:
    type, principalId, userName, identityProvider; it has no key and no account of its own.
    """
    if principal.type == AWS_SERVICE:
        return {"type": principal.type, "invokedBy": principal.service}
    identity: dict[str, Any] = {"type": principal.type}
    if principal.principal_id or principal.type == UNKNOWN:
        identity["principalId"] = principal.principal_id
    if principal.type not in _FEDERATED:
        if principal.arn:
            identity["arn"] = principal.arn
        if principal.account:
            identity["accountId"] = principal.account
        if access_key_id:
            identity["accessKeyId"] = access_key_id
    if principal.user_name:
        identity["userName"] = principal.user_name
    if principal.identity_provider:
        identity["identityProvider"] = principal.identity_provider
    if principal.session is not None:
        identity["sessionContext"] = _session_context(principal.session)
    if principal.service is not None:
        identity["invokedBy"] = principal.service
    return identity


def foreign_identity(principal: Principal) -> dict[str, Any]:
    """`userIdentity` of a principal of another account, as the owner of what it used is told of it."""
    return {"type": "AWSAccount", "principalId": principal.principal_id, "accountId": principal.account}


def unknown_identity(access_key_id: str | None) -> dict[str, Any]:
    """`userIdentity` of a caller who could not prove who it is; only what it claims to sign with is known."""
    identity: dict[str, Any] = {"type": UNKNOWN, "principalId": ""}
    if access_key_id:
        identity["accessKeyId"] = access_key_id
    return identity


def _session_context(session: Session) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if session.issuer is not None:
        issuer = {
            "type": session.issuer.type,
            "principalId": session.issuer.principal_id,
            "arn": session.issuer.arn,
            "accountId": session.issuer.account,
            "userName": session.issuer.user_name,
        }
        context["sessionIssuer"] = {name: value for name, value in issuer.items() if value}
    if session.web_identity is not None:
        context["webIdFederationData"] = {
            "federatedProvider": session.web_identity.federated_provider,
            "attributes": dict(session.web_identity.attributes),
        }
    context["attributes"] = {
        "creationDate": as_datetime(session.created_at_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mfaAuthenticated": "true" if session.mfa else "false",
    }
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    if session.assumed_root:
        context["assumedRoot"] = "true"
    return context

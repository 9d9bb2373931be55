"""From a principal to the `userIdentity` of a CloudTrail record, in AWS's order, unknown parts left out."""

from typing import Any

from opentrail.accounts.principal import Principal, Session
from opentrail.clock import as_datetime

UNKNOWN = "Unknown"


def user_identity(principal: Principal, access_key_id: str | None) -> dict[str, Any]:
    """`userIdentity`: type, principalId, arn, accountId, accessKeyId, userName, sessionContext.

    Of a service: type and invokedBy, nothing else.
    """
    if principal.service is not None:
        return {"type": principal.type, "invokedBy": principal.service}
    identity: dict[str, Any] = {
        "type": principal.type,
        "principalId": principal.principal_id,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    if access_key_id:
        identity["accessKeyId"] = access_key_id
    if principal.user_name:
        identity["userName"] = principal.user_name
    if principal.session is not None:
        identity["sessionContext"] = _session_context(principal.session)
    return identity


def unknown_identity(account: str, access_key_id: str | None) -> dict[str, Any]:
    """`userIdentity` of a caller who could not prove who it is; only what it claims to sign with is known."""
    identity: dict[str, Any] = {"type": UNKNOWN, "principalId": "", "accountId": account}
    if access_key_id:
        identity["accessKeyId"] = access_key_id
    return identity


def _session_context(session: Session) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if session.issuer is not None:
        issuer: dict[str, Any] = {
            "type": session.issuer.type,
            "principalId": session.issuer.principal_id,
            "arn": session.issuer.arn,
            "accountId": session.issuer.account,
        }
        if session.issuer.user_name:
            issuer["userName"] = session.issuer.user_name
        context["sessionIssuer"] = issuer
    context["attributes"] = {
        "creationDate": as_datetime(session.created_at_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mfaAuthenticated": "true" if session.mfa else "false",
    }
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    return context

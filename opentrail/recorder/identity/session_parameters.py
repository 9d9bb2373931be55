"""What records of STS calls show beside the parameters: what comes with the caller's session, assertion or token.

Source: the IAM user guide's page on logging with CloudTrail, with its examples of role chains, SAML and OIDC.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opentrail.accounts.identity import foreign_identity
from opentrail.record.call_record import CallRecord, identity_json
from opentrail.recorder.call import Call
from opentrail.recorder.identity.federation import claims_of
from opentrail.recorder.learning.sessions import inherited_by
from opentrail.recorder.understanding.interpretation import Interpreted


def with_what_comes_along(
    call: Call, interpreted: Interpreted, parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The `requestParameters` of a call of STS whose caller is known; of any other call, what they were."""
    if interpreted.service != "sts" or parameters is None or call.principal is None:
        return parameters
    if interpreted.operation_name == "AssumeRole":
        return _in_a_chain(call, parameters)
    if call.signature is None:
        return _from_outside(interpreted, parameters)
    return parameters


def in_both_accounts(record: CallRecord, call: Call, interpreted: Interpreted) -> list[CallRecord]:
    """The record of a call of STS; where a role of another account was assumed, that account has one too.

    It learns of the caller no more than account and id.
    """
    caller = call.principal
    if interpreted.operation_name != "AssumeRole" or record.error_code is not None:
        return [record]
    role = str((interpreted.parameters or {}).get("RoleArn", "")).split(":", 5)
    if caller is None or caller.service is not None or len(role) != 6 or role[4] in ("", caller.account):
        return [record]
    shared = replace(record, shared_event_id=str(uuid.uuid4()))
    return [shared, replace(shared, identity=identity_json(foreign_identity(caller)), account=role[4])]


def _in_a_chain(call: Call, parameters: dict[str, Any]) -> dict[str, Any]:
    tags, source_identity = inherited_by(call.principal)
    if tags:
        parameters = {"incomingTransitiveTags": tags, **parameters}
    if source_identity:
        parameters = {**parameters, "sourceIdentity": source_identity}
    return parameters


def _from_outside(interpreted: Interpreted, parameters: dict[str, Any]) -> dict[str, Any]:
    claims = claims_of(interpreted.operation_name, interpreted.parameters or {})
    if claims is None:
        return parameters
    brought: Mapping[str, Any] = {
        "sAMLAssertionID": claims.assertion_id,
        "roleSessionName": claims.session_name,
        "sourceIdentity": claims.source_identity,
        "principalTags": dict(claims.tags),
        "transitiveTagKeys": list(claims.transitive_tag_keys),
    }
    return {**{name: value for name, value in brought.items() if value}, **parameters}

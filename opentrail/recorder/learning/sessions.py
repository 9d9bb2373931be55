"""Sessions that STS makes: of roles, one after the other, of users and root, of federated users and strangers.

What goes along: a source identity stays through a chain of roles and cannot be changed; transitive tags are inherited.
MFA does not: a session counts as authenticated by MFA where its own call named a device and a code.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from opentrail.accounts.principal import AWS_SERVICE, Principal, Session, assumed_role, issuer_of, root
from opentrail.recorder.identity.federation import claims_of
from opentrail.recorder.learning.told import Known, Steps, Told

_LONG_TERM: Final = frozenset({"Root", "IAMUser"})


def role_assumed(known: Known, told: Told) -> None:
    """AssumeRole."""
    principal = _role_session(known, told)
    if principal is None or principal.session is None:
        return
    inherited = _inherited(told.caller)
    tags, keys = _tags(told.parameters)
    session = replace(
        principal.session,
        mfa=_with_mfa(told),
        source_identity=told.answered("SourceIdentity") or _carried(told.caller) or told.text("SourceIdentity") or None,
        tags=tuple({**inherited, **tags}.items()),
        transitive_tag_keys=tuple(dict.fromkeys((*inherited, *keys))),
        policies=_policies(told),
        policy_arns=_policy_arns(told.parameters),
    )
    caller = told.caller
    service = caller.service if caller is not None and caller.type == AWS_SERVICE else None  # acts on, as the role
    known.session_key(told.credentials, replace(principal, session=session, service=service))


def role_assumed_from_outside(known: Known, told: Told) -> None:
    """AssumeRoleWithSAML, AssumeRoleWithWebIdentity: another identity provider vouches for the caller."""
    operation = "AssumeRoleWithSAML" if told.text("SAMLAssertion") else "AssumeRoleWithWebIdentity"
    claims = claims_of(operation, told.parameters)
    principal = _role_session(known, told)
    if principal is None or principal.session is None:
        return
    narrowed = replace(principal.session, policies=_policies(told), policy_arns=_policy_arns(told.parameters))
    principal = replace(principal, session=narrowed)
    if claims is not None:
        session = replace(
            narrowed,
            source_identity=told.answered("SourceIdentity") or claims.source_identity,
            web_identity=claims.web_identity,
            tags=claims.tags,
            transitive_tag_keys=claims.transitive_tag_keys,
        )
        principal = replace(principal, session=session)
    known.session_key(told.credentials, principal)


def session_made(known: Known, told: Told) -> None:
    """GetSessionToken: the caller itself, with temporary credentials."""
    caller = told.caller
    if caller is None:
        return
    before = caller.session if caller.type not in _LONG_TERM else None
    session = replace(before or Session(None, 0), created_at_us=told.now_us, mfa=_with_mfa(told))
    known.session_key(told.credentials, replace(caller, session=session))


def federated(known: Known, told: Told) -> None:
    """GetFederationToken: somebody whom the caller vouches for."""
    user, caller = told.part("FederatedUser"), told.caller
    user_id, arn = user.get("FederatedUserId"), user.get("Arn")
    if caller is None or not isinstance(user_id, str) or not isinstance(arn, str):
        return
    tags, keys = _tags(told.parameters)
    session = Session(
        issuer_of(caller),
        told.now_us,
        tags=tuple(tags.items()),
        transitive_tag_keys=keys,
        policies=_policies(told),
        policy_arns=_policy_arns(told.parameters),
    )
    known.session_key(told.credentials, Principal(caller.account, "FederatedUser", user_id, arn, None, session))


def root_assumed(known: Known, told: Told) -> None:
    """AssumeRoot: the root of a member account, for one task."""
    target = told.text("TargetPrincipal")
    account = target.split(":")[4] if target.count(":") >= 5 else target
    if not account.isdecimal():
        return
    source = told.answered("SourceIdentity") or _carried(told.caller)
    task = told.parameters.get("TaskPolicyArn")
    session = Session(
        None,
        told.now_us,
        source_identity=source or None,
        assumed_root=True,
        policy_arns=(str(task.get("arn", "")),) if isinstance(task, dict) else (),
    )
    known.session_key(told.credentials, replace(root(account), session=session))


def inherited_by(caller: Principal | None) -> tuple[dict[str, str], str | None]:
    """What a role session takes over from its caller: transitive tags, source identity."""
    return _inherited(caller), _carried(caller)


def _role_session(known: Known, told: Told) -> Principal | None:
    """The session as far as role and name tell; None where the upstream took for a role what is none."""
    answered = told.part("AssumedRoleUser").get("AssumedRoleId")
    role_arn = told.text("RoleArn")
    if not isinstance(answered, str) or ":" not in answered:
        return None
    role_id, _, session_name = answered.partition(":")
    parts = role_arn.split(":", 5)
    if len(parts) == 6:
        role = known.role(parts[4], role_arn.rpartition("/")[2])
        if role is not None and role.arn == role_arn and role.identity_id:
            role_id = role.identity_id  # some stand-ins answer one id for every role
    try:
        return assumed_role(role_arn, role_id, session_name, told.now_us)
    except ValueError:
        return None


def _with_mfa(told: Told) -> bool:
    return bool(told.text("SerialNumber") and told.text("TokenCode"))


def _carried(caller: Principal | None) -> str | None:
    return caller.session.source_identity if caller is not None and caller.session is not None else None


def _inherited(caller: Principal | None) -> dict[str, str]:
    return caller.session.transitive_tags if caller is not None and caller.session is not None else {}


def _policies(told: Told) -> tuple[str, ...] | None:
    policy = told.text("Policy")
    return (policy,) if policy else None


def _policy_arns(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    listed = parameters.get("PolicyArns")
    found = [one.get("arn") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(arn for arn in found if isinstance(arn, str))


def _tags(parameters: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    given, keys = parameters.get("Tags"), parameters.get("TransitiveTagKeys")
    tags: dict[str, str] = {}
    for tag in given if isinstance(given, list) else ():
        if isinstance(tag, dict) and isinstance(tag.get("Key"), str):
            tags[tag["Key"]] = str(tag.get("Value", ""))
    return tags, tuple(str(key) for key in keys) if isinstance(keys, list) else ()


STEPS: Final[Steps] = {
    ("sts", "AssumeRole"): role_assumed,
    ("sts", "AssumeRoleWithSAML"): role_assumed_from_outside,
    ("sts", "AssumeRoleWithWebIdentity"): role_assumed_from_outside,
    ("sts", "GetSessionToken"): session_made,
    ("sts", "GetFederationToken"): federated,
    ("sts", "AssumeRoot"): root_assumed,
}

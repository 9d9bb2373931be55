"""AssumeRole for roles of our own: who may, for how long, with which session policies, and what session comes of it.

By STS's rules (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html): the role's trust policy must
name the caller; in another account, or where it names the whole account, the caller's own policies must allow it too.
A root may not assume roles. A session that was made from a role's session lasts an hour at most. MFA is not supported:
a call with a device's code is refused, and a trust policy that asks for `aws:MultiFactorAuthPresent` lets nobody in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, Engine

from opentrail import telemetry
from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.attached_policies import AttachedPolicies
from opentrail.accounts.own_keys import OwnKeys
from opentrail.accounts.policy import Policy, PolicyUnreadable, Request, Verdict, decide, evaluate
from opentrail.accounts.policy import read_identity_policy as read_policy
from opentrail.accounts.policy_caller import Keys, caller_of, principal_keys
from opentrail.accounts.principal import Pairs, Principal, assumed_role
from opentrail.accounts.stored_policies import document_of
from opentrail.accounts.trust import read_trust_policy
from opentrail.catalog.database import READING
from opentrail.catalog.principals import PrincipalRow, account_of, find_principal
from opentrail.clock import Clock
from opentrail.errors import ClientError

DEFAULT_SECONDS: Final = 3600
LEAST_SECONDS: Final = 900
CHAINED_SECONDS: Final = 3600
SESSION_POLICIES: Final = 10  # of PolicyArns
SESSION_POLICY_CHARACTERS: Final = 2048
TAGS: Final = 50
_log = telemetry.logger("accounts")
_SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


class AssumeDenied(ClientError):
    """The role may not be assumed so."""

    code = "AccessDenied"
    status = 403


class BadAssumption(ClientError):
    """A parameter of AssumeRole cannot be used."""

    code = "ValidationError"


class BadSessionPolicy(ClientError):
    """A session policy cannot be read."""

    code = "MalformedPolicyDocument"


class SessionPolicyTooLong(ClientError):
    """The session policies are too long."""

    code = "PackedPolicyTooLarge"


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a caller of AssumeRole asks for."""

    role_arn: str
    session_name: str
    seconds: int | None = None
    policy: str | None = None  # a document
    policy_arns: tuple[str, ...] = ()
    external_id: str | None = None
    source_identity: str | None = None
    tags: Pairs = ()
    transitive_tag_keys: tuple[str, ...] = ()
    with_mfa: bool = False


class RoleSessions:
    """Assumes roles of the catalog. Reads and writes it: to be called where one may wait for its disk."""

    def __init__(self, engine: Engine, keys: OwnKeys, attached: AttachedPolicies, clock: Clock) -> None:
        self._engine = engine
        self._keys = keys
        self._attached = attached
        self._clock = clock

    def is_ours(self, role_arn: str) -> bool:
        """Whether a role of this ARN is in the catalog."""
        with self._engine.connect().execution_options(**READING) as connection:
            return _role(connection, role_arn) is not None

    def assume(self, caller: Principal, asked: Assumption, about: Keys) -> AccessKey:
        """The credentials of a session, sealed and on disk on return. `about`: condition keys of the call.

        Raises AssumeDenied, BadAssumption, BadSessionPolicy, SessionPolicyTooLong.
        """
        _require_valid(asked)
        with self._engine.begin() as connection:
            role = _role(connection, asked.role_arn)
            if role is None:
                raise _denied(caller, "sts:AssumeRole", asked.role_arn)
            if asked.with_mfa:
                raise AssumeDenied("MultiFactorAuthentication is not supported here: no device is known.")
            self._require_allowed(caller, role, asked, about)
            seconds = _seconds(caller, role, asked)
            session = self._session(connection, caller, role, asked)
            return self._keys.issue_session(connection, session, seconds)

    def _require_allowed(self, caller: Principal, role: PrincipalRow, asked: Assumption, about: Keys) -> None:
        if caller.type == "Root":
            raise AssumeDenied("Roles may not be assumed by root accounts.")
        own = self._attached.of(caller)
        if own is None or self._attached.is_stranger(caller):
            raise _denied(caller, "sts:AssumeRole", role.arn)
        trust = _trust(caller, role)
        context = {**principal_keys(caller, self._clock.now_us()), **about, **_asked_keys(caller, asked)}
        for action in _actions(asked):
            request = Request(caller_of(caller), action, role.arn, context, role.account)
            named = evaluate((trust,), request) is Verdict.ALLOWED
            policies = replace(own, resource=(trust,))
            if not named or not decide(policies, request).allows:
                raise _denied(caller, action, role.arn)

    def _session(self, connection: Connection, caller: Principal, role: PrincipalRow, asked: Assumption) -> Principal:
        carried = caller.session
        source = carried.source_identity if carried is not None else None
        inherited = carried.transitive_tags if carried is not None else {}
        made = assumed_role(role.arn, role.principal_id, asked.session_name, self._clock.now_us())
        assert made.session is not None  # a role's session has one
        session = replace(
            made.session,
            source_identity=source or asked.source_identity,
            tags=tuple({**dict(asked.tags), **inherited}.items()),
            transitive_tag_keys=tuple(dict.fromkeys((*inherited, *asked.transitive_tag_keys))),
            policies=_session_policies(connection, role.account, asked),
        )
        return replace(made, session=session)


def _trust(caller: Principal, role: PrincipalRow) -> Policy:
    """The role's trust policy. One that cannot be read lets nobody in, and is no business of the caller's."""
    try:
        return read_trust_policy(role.trust_policy or "")
    except PolicyUnreadable as damaged:
        _log.error("trust policy unreadable", action="policy-unreadable", role=role.arn, error=damaged.message)
        raise _denied(caller, "sts:AssumeRole", role.arn) from damaged


def _role(connection: Connection, arn: str) -> PrincipalRow | None:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[:3] != ["arn", "aws", "iam"] or not parts[5].startswith("role/"):
        return None
    row = find_principal(connection, parts[4], "role", parts[5].rpartition("/")[2])
    if row is None or row.arn != arn:
        return None
    account = account_of(connection, row.account)
    return row if account is not None and account.status == "ACTIVE" else None


def _require_valid(asked: Assumption) -> None:
    if not _SESSION_NAME.fullmatch(asked.session_name):
        raise BadAssumption("RoleSessionName: 2 to 64 letters, digits and _+=,.@-")
    if asked.external_id is not None and not _EXTERNAL_ID.fullmatch(asked.external_id):
        raise BadAssumption("ExternalId: 2 to 1224 letters, digits and _+=,.@:/-")
    if asked.source_identity is not None and not _SESSION_NAME.fullmatch(asked.source_identity):
        raise BadAssumption("SourceIdentity: 2 to 64 letters, digits and _+=,.@-")
    if len(asked.tags) > TAGS or len({name.lower() for name, _ in asked.tags}) != len(asked.tags):
        raise BadAssumption(f"Tags: at most {TAGS}, each key once")
    if not set(asked.transitive_tag_keys) <= {name for name, _ in asked.tags}:
        raise BadAssumption("TransitiveTagKeys: each must be the key of one of the tags")
    if len(asked.policy_arns) > SESSION_POLICIES:
        raise BadAssumption(f"PolicyArns: at most {SESSION_POLICIES}")
    if asked.policy is not None and len(asked.policy) > SESSION_POLICY_CHARACTERS:
        raise SessionPolicyTooLong(f"Policy: at most {SESSION_POLICY_CHARACTERS} characters")


def _seconds(caller: Principal, role: PrincipalRow, asked: Assumption) -> int:
    seconds = asked.seconds if asked.seconds is not None else DEFAULT_SECONDS
    if seconds < LEAST_SECONDS:
        raise BadAssumption(f"DurationSeconds: at least {LEAST_SECONDS}")
    if seconds > (role.session_seconds or DEFAULT_SECONDS):
        raise BadAssumption("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if caller.type == "AssumedRole" and seconds > CHAINED_SECONDS:
        raise BadAssumption(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return seconds


def _actions(asked: Assumption) -> Iterator[str]:
    yield "sts:AssumeRole"
    if asked.tags:
        yield "sts:TagSession"
    if asked.source_identity:
        yield "sts:SetSourceIdentity"


def _asked_keys(caller: Principal, asked: Assumption) -> Keys:
    """STS's own condition keys, and those of tags; those that came along a chain count as asked for."""
    told = {
        "sts:RoleSessionName": asked.session_name,
        "sts:ExternalId": asked.external_id,
        "sts:SourceIdentity": asked.source_identity,
        "sts:DurationSeconds": str(asked.seconds) if asked.seconds is not None else None,
    }
    keys: Keys = {name: value for name, value in told.items() if value}
    carried = caller.session.transitive_tags if caller.session is not None else {}
    tags = {**dict(asked.tags), **carried}
    if tags:
        keys["aws:TagKeys"] = tuple(tags)
        keys |= {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if asked.transitive_tag_keys:
        keys["sts:TransitiveTagKeys"] = asked.transitive_tag_keys
    return keys


def _session_policies(connection: Connection, account: str, asked: Assumption) -> tuple[str, ...] | None:
    """The documents; None where the call names none, which limits nothing."""
    if asked.policy is None and not asked.policy_arns:
        return None
    documents = [asked.policy] if asked.policy is not None else []
    for arn in asked.policy_arns:
        owner = arn.split(":")[4] if arn.count(":") >= 5 else ""
        found = document_of(connection, arn) if owner in (account, "aws") else None
        if found is None:
            raise BadAssumption(f"PolicyArns: there is no policy {arn}")
        documents.append(found)
    for document in documents:
        _readable(document)
    return tuple(documents)


def _readable(document: str) -> Policy:
    try:
        return read_policy(document, "session policy")
    except PolicyUnreadable as failure:
        raise BadSessionPolicy(failure.message) from failure


def _denied(caller: Principal, action: str, role_arn: str) -> AssumeDenied:
    return AssumeDenied(f"User: {caller.arn} is not authorized to perform: {action} on resource: {role_arn}")

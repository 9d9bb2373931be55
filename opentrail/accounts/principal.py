"""Who calls: an account's root, a user, a session, a federated stranger or a service of ours, as one frozen value."""

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import Final

AWS_SERVICE: Final = "AWSService"
UNKNOWN: Final = "Unknown"

Pairs = tuple[tuple[str, str], ...]  # names and values, in order


@dataclass(frozen=True, slots=True)
class SessionIssuer:
    """Whose permissions a session uses: the role, user or root that it was made from."""

    type: str  # "Role" | "IAMUser" | "Root"
    principal_id: str
    arn: str  # keeps the role's path
    account: str
    user_name: str | None  # role or user name; None for Root


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """The web identity that a session began with, as `webIdFederationData` of a record has it."""

    federated_provider: str  # "accounts.google.com", or the ARN of an OIDC provider
    attributes: Pairs = ()  # of the well-known providers: app and user id


@dataclass(frozen=True, slots=True)
class Session:
    """What temporary credentials add to an identity."""

    issuer: SessionIssuer | None
    created_at_us: int
    mfa: bool = False
    source_identity: str | None = None
    web_identity: WebIdentity | None = None
    assumed_root: bool = False
    tags: Pairs = ()  # session tags, those that came along a chain of roles included
    transitive_tag_keys: tuple[str, ...] = ()  # of `tags`, what a next role takes over
    policies: tuple[str, ...] | None = None  # session policies, as documents; None: it was made without any
    policy_arns: tuple[str, ...] = ()  # managed policies that are session policies besides

    @property
    def is_narrowed(self) -> bool:
        """Whether session policies limit it."""
        return self.policies is not None or bool(self.policy_arns)

    @property
    def transitive_tags(self) -> dict[str, str]:
        """The tags that a session made from this one inherits."""
        return {key: value for key, value in self.tags if key in self.transitive_tag_keys}


@dataclass(frozen=True, slots=True)
class Principal:
    """An identity that may call; `type`, ids and ARN as `userIdentity` of a CloudTrail record has them.

    Empty texts are what nobody knows: they are left out of records, never made up.
    """

    account: str  # whose events its calls are
    type: str  # "Root" | "IAMUser" | "AssumedRole" | "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "AWSService"
    principal_id: str
    arn: str
    user_name: str | None = None
    session: Session | None = None
    service: str | None = None  # DNS name: of an AWSService, or of the service that made this session of a role
    identity_provider: str | None = None  # of a SAMLUser or WebIdentityUser alone


def root(account: str) -> Principal:
    """The root of `account`."""
    return Principal(account=account, type="Root", principal_id=account, arn=f"arn:aws:iam::{account}:root")


def iam_user(account: str, user_name: str, user_id: str, path: str = "/", session: Session | None = None) -> Principal:
    """An IAM user; `path` begins and ends with a slash; `session` where it came by GetSessionToken."""
    arn = f"arn:aws:iam::{account}:user{path}{user_name}"
    return Principal(account, "IAMUser", user_id, arn, user_name, session)


def own_user_id(account: str, user_name: str) -> str:
    """The id of a user who exists in OpenTrail's settings alone: of AWS's form, and always the same."""
    digest = hashlib.sha256(f"{account}/{user_name}".encode()).digest()
    return "AIDA" + base64.b32encode(digest).decode()[:17]


def aws_service(account: str, service: str) -> Principal:
    """A service that acts by itself, as `cloudtrail.amazonaws.com` does when it delivers log files of `account`."""
    return Principal(account=account, type=AWS_SERVICE, principal_id="", arn="", service=service)


def assumed_role(
    role_arn: str,
    role_id: str,
    session_name: str,
    created_at_us: int,
    *,
    mfa: bool = False,
    source_identity: str | None = None,
) -> Principal:
    """A session of the role `role_arn`; the session's own ARN drops the role's path, the issuer's keeps it.

    Raises ValueError where `role_arn` is not the ARN of a role.
    """
    partition, account, resource = _role_parts(role_arn)
    role_name = resource.rpartition("/")[2]
    issuer = SessionIssuer(type="Role", principal_id=role_id, arn=role_arn, account=account, user_name=role_name)
    return Principal(
        account=account,
        type="AssumedRole",
        principal_id=f"{role_id}:{session_name}",
        arn=f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}",
        session=Session(issuer=issuer, created_at_us=created_at_us, mfa=mfa, source_identity=source_identity),
    )


def issuer_of(principal: Principal) -> SessionIssuer:
    """The issuer of a session that `principal` makes with its own permissions: itself, or the role that it uses."""
    if principal.session is not None and principal.session.issuer is not None:
        return principal.session.issuer
    return SessionIssuer(principal.type, principal.principal_id, principal.arn, principal.account, principal.user_name)


def renamed(principal: Principal, user: Principal) -> Principal:
    """`principal`, an identity of an IAM user, as it is called since the user became `user`."""
    if principal.type == "IAMUser":
        return replace(user, session=principal.session)
    session = principal.session
    if session is None or session.issuer is None:
        return principal
    return replace(principal, session=replace(session, issuer=issuer_of(replace(user, session=None))))


def owner_of(principal: Principal) -> tuple[str, str]:
    """What makes the principal's keys stop when it is deleted: ("user" | "role" | "", name)."""
    issuer = principal.session.issuer if principal.session is not None else None
    kind = issuer.type if issuer is not None else principal.type
    name = issuer.user_name if issuer is not None else principal.user_name
    if kind == "IAMUser":
        return "user", name or ""
    return ("role", name or "") if kind == "Role" else ("", "")


def _role_parts(role_arn: str) -> tuple[str, str, str]:
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/") or parts[5].endswith("/"):
        raise ValueError(f"{role_arn!r} is not the ARN of a role")
    return parts[1], parts[4], parts[5]

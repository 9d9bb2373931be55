"""Who calls: an account's root, a user, a session of a role, or a service of ours, as one frozen value."""

from dataclasses import dataclass
from typing import Final

AWS_SERVICE: Final = "AWSService"


@dataclass(frozen=True, slots=True)
class SessionIssuer:
    """Whose permissions a session uses: the role, user or root that it was made from."""

    type: str  # "Role" | "IAMUser" | "Root"
    principal_id: str
    arn: str  # keeps the role's path
    account: str
    user_name: str | None  # role or user name; None for Root


@dataclass(frozen=True, slots=True)
class Session:
    """What temporary credentials add to an identity."""

    issuer: SessionIssuer | None
    created_at_us: int
    mfa: bool = False
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """An identity that may call; `type`, ids and ARN as `userIdentity` of a CloudTrail record has them."""

    account: str
    type: str  # "Root" | "IAMUser" | "AssumedRole" | "FederatedUser" | "AWSService"
    principal_id: str
    arn: str
    user_name: str | None = None
    session: Session | None = None
    service: str | None = None  # DNS name, of an AWSService alone


def root(account: str) -> Principal:
    """The root of `account`."""
    return Principal(account=account, type="Root", principal_id=account, arn=f"arn:aws:iam::{account}:root")


def iam_user(account: str, user_name: str, user_id: str, path: str = "/", session: Session | None = None) -> Principal:
    """An IAM user; `path` begins and ends with a slash; `session` where it came by GetSessionToken."""
    arn = f"arn:aws:iam::{account}:user{path}{user_name}"
    return Principal(account, "IAMUser", user_id, arn, user_name, session)


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


def _role_parts(role_arn: str) -> tuple[str, str, str]:
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/") or parts[5].endswith("/"):
        raise ValueError(f"{role_arn!r} is not the ARN of a role")
    return parts[1], parts[4], parts[5]

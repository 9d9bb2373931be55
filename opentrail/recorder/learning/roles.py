"""IAM roles: their ids, which name the sessions that are made from them, and their end."""

from typing import Any, Final

from opentrail.accounts.identities import Identity
from opentrail.recorder.learning.told import Known, Steps, Told
from opentrail.recorder.learning.users import users_seen


def role_described(described: Any) -> Identity | None:
    """A role as an answer of IAM describes it; None where it describes none."""
    if not isinstance(described, dict):
        return None
    name, role_id, arn = described.get("RoleName"), described.get("RoleId"), described.get("Arn")
    if not (isinstance(name, str) and isinstance(role_id, str) and isinstance(arn, str)):
        return None
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return None
    return Identity(parts[4], "role", name, role_id, arn)


def role_seen(known: Known, told: Told) -> None:
    """CreateRole, GetRole, CreateServiceLinkedRole."""
    _remember(known, told.part("Role"))


def roles_seen(known: Known, told: Told) -> None:
    """ListRoles, GetAccountAuthorizationDetails: the answer tells of many."""
    for entry in (*told.entries("Roles"), *told.entries("RoleDetailList")):
        _remember(known, entry)


def role_deleted(known: Known, told: Told) -> None:
    """DeleteRole: its sessions stop."""
    known.access_keys.stop_owned_by(told.account, "role", told.text("RoleName"))
    known.access_keys.identities.forget(told.account, "role", told.text("RoleName"))


def all_seen(known: Known, told: Told) -> None:
    """GetAccountAuthorizationDetails tells of users and of roles."""
    users_seen(known, told)
    roles_seen(known, told)


def _remember(known: Known, described: Any) -> None:
    role = role_described(described)
    if role is None:
        return
    identities = known.access_keys.identities
    before = identities.find(role.account, "role", role.name)
    if before is not None and before.identity_id not in ("", role.identity_id):
        known.access_keys.stop_owned_by(role.account, "role", role.name)  # another role of that name
    identities.keep(role)


STEPS: Final[Steps] = {
    ("iam", "CreateRole"): role_seen,
    ("iam", "GetRole"): role_seen,
    ("iam", "CreateServiceLinkedRole"): role_seen,
    ("iam", "ListRoles"): roles_seen,
    ("iam", "GetAccountAuthorizationDetails"): all_seen,
    ("iam", "DeleteRole"): role_deleted,
}

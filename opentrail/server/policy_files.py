"""The policies that a settings file names: read once at the start, refused with file and reason."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from opentrail.accounts.attached_policies import AttachedPolicies, AttachedUser
from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.policy import PolicyUnreadable, read_identity_policy
from opentrail.accounts.policy.guard import Guard, read_guard
from opentrail.accounts.principal import Principal
from opentrail.accounts.stored_policies import StoredPolicies
from opentrail.server.settings import BadSettings, Settings
from opentrail.server.settings import Principal as PrincipalSettings

_Read = TypeVar("_Read")


def attached_policies(
    settings: Settings,
    principal_of: Callable[[PrincipalSettings], Principal],
    organization: KnownOrganization = lambda: None,
    stored: StoredPolicies | None = None,
) -> AttachedPolicies:
    """Who has which policies; `stored`: those in the catalog.

    Raises BadSettings; also where two keys of one user have different ones.
    """
    users: dict[tuple[str, str], AttachedUser] = {}
    for told in settings.principal:
        principal = principal_of(told)
        boundary = _read([told.boundary], read_identity_policy)[0] if told.boundary else None
        user = AttachedUser(principal, _read(told.policies, read_identity_policy), boundary)
        if users.setdefault((principal.arn, principal.principal_id), user) != user:
            raise BadSettings(f"principal {told.access_key_id}: another key of {principal.arn} has other policies")
    control = _read(settings.organization.service_control_policies, read_identity_policy)
    return AttachedPolicies(users.values(), organization, control, stored)


def guards(files: Sequence[str]) -> tuple[Guard, ...]:
    """The guards of an upstream. Raises BadSettings."""
    return _read(files, read_guard)


def _read(files: Sequence[str], read: Callable[[str, str], _Read]) -> tuple[_Read, ...]:
    found = []
    for name in files:
        path = Path(name)
        try:
            found.append(read(path.read_text("utf-8"), path.stem))
        except OSError as failure:
            raise BadSettings(f"cannot read {path}: {failure.strerror}") from failure
        except UnicodeDecodeError as failure:
            raise BadSettings(f"{path} is not UTF-8") from failure
        except PolicyUnreadable as failure:
            raise BadSettings(f"{path}: {failure.message}") from failure
    return tuple(found)

"""Keeping events for a shorter time than before: an action of its own, and never below what the settings allow.

CloudTrail's UpdateEventDataStore lengthens and shortens alike, and whoever may change a store could let its evidence
expire. Here shortening needs, besides, `opentrail:ShortenRetention` on the store: a policy that allows `cloudtrail:*`
does not contain it. The floor holds for everybody, roots included.
"""

from typing import Any, Final

from opentrail.accounts.owned_resources import OwnedResource
from opentrail.api.call import Call
from opentrail.errors import ClientError

SHORTEN: Final = "opentrail:ShortenRetention"
_SETS_RETENTION: Final = ("CreateEventDataStore", "UpdateEventDataStore")


class RetentionBelowFloor(ClientError):
    """The retention period is shorter than this server allows."""

    code = "InvalidParameterException"


def require_floor(call: Call, least_days: int) -> None:
    """Raise RetentionBelowFloor where the call asks for fewer days than `least_days`."""
    wanted = _wanted(call)
    if wanted is not None and wanted < least_days:
        raise RetentionBelowFloor(f"RetentionPeriod must be at least {least_days} days on this server.")


def shortens(call: Call, resource: OwnedResource | None) -> bool:
    """Whether the call would keep the events of `resource` for a shorter time than they are kept now."""
    wanted = _wanted(call)
    now = resource.retention_days if resource is not None else None
    return wanted is not None and now is not None and wanted < now


def _wanted(call: Call) -> int | None:
    parameters: Any = call.parameters or {}
    wanted = parameters.get("RetentionPeriod")
    sets = call.operation is not None and call.operation.name in _SETS_RETENTION
    return wanted if sets and isinstance(wanted, int) else None

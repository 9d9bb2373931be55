"""Whether a trail can be sent to a log group: group and role are the trail's account's, exist, and the role is ours."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.arn import Arn, parse_arn
from opentrail.catalog.trails import Trail
from opentrail.trails.clients import S3_ERRORS, SERVICE, Clients, refusal_code
from opentrail.trails.faults import InvalidCombination, InvalidLogGroup, InvalidLogsRole

_GROUP: Final = re.compile(r"log-group:([A-Za-z0-9_\-/.#]{1,512}):\*")
_ROLE: Final = re.compile(r"role/(?:[!-~]+/)?([A-Za-z0-9_+=,.@-]{1,64})")


class LogGroupCheck:
    """Checks log groups and the roles to write to them."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def check(self, trail: Trail) -> None:
        """Raises InvalidCombination, InvalidLogGroup, InvalidLogsRole, DestinationUnknown.

        Nothing is asked for a trail without both. What the role may do is not asked: its policies are not judged here.
        """
        group, role = trail.log_group_arn, trail.role_arn
        if group is None and role is None:
            return
        if group is None or role is None:
            raise InvalidCombination("Specify both the CloudWatch Logs log group and the role, or neither.")
        name = group_name(group, trail)
        role_name = _role_name(role, trail)
        self._require_group(name, group, trail)
        self._require_role(role_name, role, trail)

    def _require_group(self, name: str, group: str, trail: Trail) -> None:
        client = self._clients.client("logs", trail.account, trail.home_region)
        try:
            pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
            found = any(one["logGroupName"] == name for page in pages for one in page["logGroups"])
        except S3_ERRORS as error:
            code = refusal_code(error, f"Log group {name}")
            raise InvalidLogGroup(f"Log group {group} cannot be used: {code}") from error
        if not found:
            raise InvalidLogGroup(f"Log group {group} does not exist.")

    def _require_role(self, name: str, arn: str, trail: Trail) -> None:
        client = self._clients.client("iam", trail.account, trail.home_region)
        try:
            role = client.get_role(RoleName=name)["Role"]
        except S3_ERRORS as error:
            code = refusal_code(error, f"Role {name}")
            raise InvalidLogsRole(f"Role {arn} cannot be used: {code}") from error
        trusted = not self._clients.as_service or _trusts_us(role, trail)
        if role["Arn"] != arn or not trusted:
            raise InvalidLogsRole(f"Role {arn} cannot be assumed by {SERVICE}. Check its trust policy.")


def group_name(arn: str, trail: Trail) -> str:
    """The name of the group that an ARN of the form `...:log-group:NAME:*` means. Raises InvalidLogGroup."""
    parsed = parse_arn(arn)
    found = _GROUP.fullmatch(parsed.resource) if parsed is not None else None
    if parsed is None or found is None or parsed.service != "logs":
        raise InvalidLogGroup(f"{arn} is not the ARN of a log group and its streams (...:log-group:NAME:*).")
    if (parsed.account, parsed.region) != (trail.account, trail.home_region):
        raise InvalidLogGroup(f"Log group {arn} is not in the account and Region of the trail.")
    return found[1]


def _role_name(arn: str, trail: Trail) -> str:
    parsed: Arn | None = parse_arn(arn)
    found = _ROLE.fullmatch(parsed.resource) if parsed is not None else None
    if parsed is None or found is None or parsed.service != "iam" or parsed.account != trail.account:
        raise InvalidLogsRole(f"{arn} is not the ARN of a role in the account of the trail.")
    return found[1]


def _trusts_us(role: Mapping[str, Any], trail: Trail) -> bool:
    document = role.get("AssumeRolePolicyDocument", {})
    text = document if isinstance(document, str) else msgspec.json.encode(document).decode()
    context = {"aws:SourceArn": trail.arn, "aws:SourceAccount": trail.account}
    request = Request(Caller(service=SERVICE), "sts:AssumeRole", role["Arn"], context)
    try:
        return evaluate([read_policy(text)], request).allows
    except PolicyUnreadable:
        return False  # what cannot be read allows nothing

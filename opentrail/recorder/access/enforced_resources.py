"""Which resource a call of a common service is about, where records name none: what policies are written for.

Of what is not in the table nobody knows it. Source: the Service Authorization Reference of each service.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from opentrail.accounts.iam_account import IamPrincipal
from opentrail.arn import parse_arn
from opentrail.recorder.understanding.interpretation import Interpreted


class IamNames(Protocol):
    """Finds users and roles, whose ARNs have a path that calls do not name."""

    def user(self, account: str, name: str) -> IamPrincipal | None:
        """A user by name."""
        ...

    def role(self, account: str, name: str) -> IamPrincipal | None:
        """A role by name."""
        ...


class _By(NamedTuple):
    members: tuple[str, ...]  # the first of them that is there
    arn: str
    operations: str = ""  # an expression; others of the service are about something else


_TABLE: Final[Mapping[str, tuple[_By, ...]]] = {
    "events": (_By(("Name",), "events:{region}:{account}:event-bus/{}", ".*EventBus"),),
    "kinesis": (_By(("StreamARN", "StreamName"), "kinesis:{region}:{account}:stream/{}"),),
    "lambda": (_By(("FunctionName",), "lambda:{region}:{account}:function:{}"),),
    "logs": (_By(("logGroupName",), "logs:{region}:{account}:log-group:{}:log-stream:"),),
    "sns": (_By(("Name",), "sns:{region}:{account}:{}"),),
    "sqs": (_By(("QueueName",), "sqs:{region}:{account}:{}"),),
    "ssm": (_By(("Name",), "ssm:{region}:{account}:parameter/{}", ".*Parameter.*"),),
    "stepfunctions": (_By(("name",), "states:{region}:{account}:stateMachine:{}", ".*StateMachine"),),
}


def resource_of(asked: Interpreted, account: str, region: str, iam: IamNames) -> str | None:
    """The ARN; None where nobody knows it."""
    parameters = asked.parameters or {}
    if asked.service == "iam":
        return _of_iam(asked.operation_name, parameters, account, iam)
    if asked.service == "sts":
        return _text(parameters, "RoleArn")
    for by in _TABLE.get(asked.service or "", ()):
        if by.operations and not re.fullmatch(by.operations, asked.operation_name):
            continue
        for member in by.members:
            name = _text(parameters, member)
            if name:
                made = name if parse_arn(name) else "arn:aws:" + _made(by.arn, name, account, region)
                return made + (_text(parameters, "logStreamName") or "") if asked.service == "logs" else made
    return None


def _made(template: str, name: str, account: str, region: str) -> str:
    """Names may be parts of ARNs: `ACCOUNT:function:NAME` of Lambda, `NAME:VERSION` of Systems Manager."""
    if template.startswith("lambda:"):
        name = name.rpartition("function:")[2]
    if template.startswith("ssm:"):
        name = name.partition(":")[0]
    return template.format(name.lstrip("/"), region=region, account=account)


def _of_iam(operation: str, parameters: Mapping[str, Any], account: str, iam: IamNames) -> str | None:
    """IAM's resources are those whose policies are set, not the policies that are attached."""
    finders: tuple[tuple[str, str, Callable[[str, str], IamPrincipal | None] | None], ...] = (
        ("UserName", "user", iam.user),
        ("RoleName", "role", iam.role),
        ("GroupName", "group", None),
        ("InstanceProfileName", "instance-profile", None),
    )
    group_first = "Group" in operation  # AddUserToGroup is about the group
    for member, kind, find in sorted(finders, key=lambda one: one[0] != "GroupName") if group_first else finders:
        name = _text(parameters, member)
        if name is None:
            continue
        found = find(account, name) if find is not None else None
        if found is not None:
            return found.arn
        path = _text(parameters, "Path") if operation.startswith("Create") else "/"
        return f"arn:aws:iam::{account}:{kind}{path or '/'}{name}"
    named = _text(parameters, "PolicyArn")
    if named is not None:
        return named
    policy = _text(parameters, "PolicyName")
    return f"arn:aws:iam::{account}:policy{_text(parameters, 'Path') or '/'}{policy}" if policy else None


def _text(parameters: Mapping[str, Any], member: str) -> str | None:
    value = parameters.get(member)
    return value if isinstance(value, str) and value else None

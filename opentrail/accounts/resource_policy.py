"""What the policy of an event data store, a channel or a dashboard may say, and what it says of its own accord.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_resource-based-policy-examples.html.
Stricter where AWS's documents leave room: everybody (`"Principal": "*"`) is let in under a condition alone.
"""

import functools
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from opentrail import limits
from opentrail.accounts.faults import InvalidResourcePolicy
from opentrail.accounts.organization import Organization
from opentrail.accounts.owned_resources import CHANNEL, DASHBOARD, STORE, kind_of
from opentrail.accounts.policy import Policy, PolicyUnreadable, Statement, read_policy
from opentrail.accounts.policy.elements import Principals

EXTERNAL_ID: Final = "cloudtrail:externalid"  # the one condition key of CloudTrail's own, for channels
_SERVICE: Final = "cloudtrail.amazonaws.com"
_READING: Final = frozenset(
    f"cloudtrail:{operation}".lower()
    for operation in (
        "StartQuery",
        "CancelQuery",
        "ListQueries",
        "DescribeQuery",
        "GetQueryResults",
        "GenerateQuery",
        "GenerateQueryResultsSummary",
        "GetEventDataStore",
    )
)
_ACTIONS: Final = {
    CHANNEL: frozenset(("cloudtrail-data:putauditevents",)),
    STORE: _READING,
    DASHBOARD: frozenset(("cloudtrail:startdashboardrefresh",)),
}
_SERVICE_ACTIONS: Final = {
    CHANNEL: frozenset[str](),
    STORE: frozenset(("cloudtrail:startquery",)),
    DASHBOARD: _ACTIONS[DASHBOARD],
}
_PRINCIPAL: Final = re.compile(
    r"\d{12}|arn:aws:iam::\d{12}:(root|(user|role)/[\w+=,.@/-]+)"
    r"|arn:aws:sts::\d{12}:(assumed-role|federated-user)/[\w+=,.@/-]+|A(IDA|ROA)[A-Z0-9]{12,}"
)

# What a delegated administrator may do with the organization's event data stores without anybody having said so.
_DELEGATED: Final = """
    AddTags CancelQuery CreateEventDataStore DeleteEventDataStore DescribeQuery DisableFederation EnableFederation
    GenerateQuery GenerateQueryResultsSummary GetEventConfiguration GetEventDataStore GetInsightSelectors
    GetQueryResults ListEventDataStores ListQueries ListTags RemoveTags RestoreEventDataStore
    StartEventDataStoreIngestion StartQuery StopEventDataStoreIngestion UpdateEventDataStore
    """


@functools.lru_cache(maxsize=1024)
def stored_policy(text: str) -> Policy:
    """A policy that was put, compiled once. Raises PolicyUnreadable."""
    return read_policy(text, "")


def check_resource_policy(arn: str, text: str) -> Policy:
    """The policy that `text` writes down for the resource `arn`. Raises InvalidResourcePolicy, saying why."""
    try:
        policy = stored_policy(text)
    except PolicyUnreadable as failure:
        raise InvalidResourcePolicy(failure.message) from failure
    if not 1 <= len(policy.statements) <= limits.RESOURCE_POLICY_STATEMENTS:
        raise InvalidResourcePolicy(f"A policy has 1 to {limits.RESOURCE_POLICY_STATEMENTS} statements.")
    kind = kind_of(arn) or ""
    for statement in policy.statements:
        where = f"Statement {statement.name}"
        _check_resources(statement, arn, where)
        _check_principals(statement, kind, where)
        _check_actions(statement, kind, where)
        for condition in statement.conditions:
            own = condition.key.startswith(("cloudtrail:", "cloudtrail-data:"))
            if own and not (kind == CHANNEL and condition.key == EXTERNAL_ID):
                raise InvalidResourcePolicy(f"{where}: the condition key {condition.key} is not known.")
    return policy


def external_ids_wanted(policy: Policy) -> bool:
    """Whether a channel's policy names external IDs, so that every call must carry one that it allows."""
    return any(
        condition.key == EXTERNAL_ID for statement in policy.by_effect["Allow"] for condition in statement.conditions
    )


def delegated_admin_policy(arn: str, organization: Organization | None) -> str | None:
    """The policy that an organization's event data store has for delegated administrators; None without any."""
    if organization is None or not organization.delegated_admins:
        return None
    statement = {
        "Sid": "DelegatedAdministrators",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in organization.delegated_admins]},
        "Action": [f"cloudtrail:{operation}" for operation in _DELEGATED.split()],
        "Resource": arn,
    }
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()


def _check_resources(statement: Statement, arn: str, where: str) -> None:
    resources = statement.resources
    if resources is None or resources.negated or set(resources.texts) != {arn}:
        raise InvalidResourcePolicy(f"{where}: the resource must be {arn}.")


def _check_principals(statement: Statement, kind: str, where: str) -> None:
    principals = statement.principals
    if principals is None or principals.negated:
        raise InvalidResourcePolicy(f"{where} must name principals.")
    if len(principals.names) > limits.RESOURCE_POLICY_PRINCIPALS:
        raise InvalidResourcePolicy(f"{where} has more than {limits.RESOURCE_POLICY_PRINCIPALS} principals.")
    for named, name in principals.names:
        if named == "AWS" and name == "*":
            if statement.effect == "Allow" and not statement.conditions:
                raise InvalidResourcePolicy(f"{where} lets everybody in.")
        elif named == "AWS":
            if kind == DASHBOARD or not _PRINCIPAL.fullmatch(name):
                raise InvalidResourcePolicy(f"{where}: {name} is not a valid principal.")
        elif named != "Service" or name != _SERVICE or kind == CHANNEL:
            raise InvalidResourcePolicy(f"{where}: {name} is not a valid principal.")


def _check_actions(statement: Statement, kind: str, where: str) -> None:
    actions = statement.actions
    if actions.negated:
        raise InvalidResourcePolicy(f"{where} must name the actions that it is about.")
    known = _SERVICE_ACTIONS[kind] if _names_service(statement.principals) else _ACTIONS[kind]
    for text in actions.texts:
        if text.lower() not in known:
            raise InvalidResourcePolicy(f"{where}: the action {text} is not valid for this resource.")


def _names_service(principals: Principals | None) -> bool:
    names: Iterable[tuple[str, str]] = principals.names if principals is not None else ()
    return any(kind == "Service" for kind, _ in names)

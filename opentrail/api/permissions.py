"""Which actions on which resources each operation of the API needs: AWS's service authorization reference, as a table.

`-`: an action without resources, decided on `*`. Source: https://docs.aws.amazon.com/service-authorization/latest/
reference/list_awscloudtrail.html. A name stands for a resource of the caller's account and Region, an ARN for itself.
Operations that make a resource of tags need `AddTags` on it besides.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from opentrail.api.operations import OPERATIONS
from opentrail.lake.sql.store_ids import store_ids

Kind = Literal["trail", "eventdatastore", "channel", "dashboard", "any", "statement", "-"]


@dataclass(frozen=True, slots=True)
class Needed:
    """One action on one resource."""

    action: str
    resource: str  # an ARN, or `*`


@dataclass(frozen=True, slots=True)
class Named:
    """The kind of resource that an operation is about, and the parameters that may name it."""

    kind: Kind
    members: tuple[str, ...] = ()


def _named(kind: Kind, members: str, operations: str) -> dict[str, Named]:
    return {operation: Named(kind, tuple(members.split())) for operation in operations.split()}


RESOURCES: Final[dict[str, Named]] = {
    **_named("trail", "Name", "CreateTrail UpdateTrail DeleteTrail GetTrail GetTrailStatus StartLogging StopLogging"),
    **_named("trail", "TrailName", "PutEventSelectors GetEventSelectors ListInsightsMetricData"),
    **_named("trail", "InsightSource", "ListInsightsData"),
    **_named(
        "any",
        "EventDataStore TrailName",
        "PutInsightSelectors GetInsightSelectors PutEventConfiguration GetEventConfiguration",
    ),
    **_named("any", "ResourceId", "AddTags RemoveTags"),
    **_named("any", "ResourceIdList", "ListTags"),
    **_named("any", "ResourceArn", "PutResourcePolicy GetResourcePolicy DeleteResourcePolicy"),
    **_named(
        "eventdatastore",
        "EventDataStore",
        "UpdateEventDataStore DeleteEventDataStore RestoreEventDataStore GetEventDataStore "
        "StartEventDataStoreIngestion StopEventDataStoreIngestion EnableFederation DisableFederation "
        "CancelQuery DescribeQuery GetQueryResults "
        "ListQueries",
    ),
    **_named("eventdatastore", "EventDataStores", "GenerateQuery"),
    **_named("eventdatastore", "", "CreateEventDataStore"),
    **_named("statement", "QueryStatement", "StartQuery"),
    **_named("channel", "Channel", "UpdateChannel DeleteChannel GetChannel"),
    **_named("channel", "", "CreateChannel"),
    **_named("channel", "channelArn", "PutAuditEvents"),
    **_named("dashboard", "DashboardId", "UpdateDashboard DeleteDashboard GetDashboard StartDashboardRefresh"),
    **_named("dashboard", "Name", "CreateDashboard"),
    **_named(
        "-",
        "",
        "DescribeTrails ListTrails ListPublicKeys LookupEvents ListEventDataStores SearchSampleQueries ListChannels "
        "ListDashboards StartImport StopImport GetImport ListImports ListImportFailures "
        "RegisterOrganizationDelegatedAdmin DeregisterOrganizationDelegatedAdmin",
    ),
}

_TAGS: Final[dict[str, str]] = {
    "AddTags": "TagsList",
    "RemoveTags": "TagsList",
    "CreateTrail": "TagsList",
    "CreateEventDataStore": "TagsList",
    "CreateChannel": "Tags",
    "CreateDashboard": "TagsList",
}


def action_of(operation: str) -> str:
    """The action by IAM's name."""
    return f"{OPERATIONS[operation].service}:{operation}"


def permissions_of(operation: str, parameters: Mapping[str, Any], account: str, region: str) -> Iterator[Needed]:
    """Everything that a call needs to be allowed; each of it must be."""
    named = RESOURCES[operation]
    resources = list(dict.fromkeys(_resources(named, parameters, account, region)))
    for resource in resources:
        yield Needed(action_of(operation), resource)
    if operation.startswith("Create") and tags_of(operation, parameters):
        for resource in resources:
            yield Needed("cloudtrail:AddTags", resource)


def tags_of(operation: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a call names: what `aws:RequestTag/k` and `aws:TagKeys` are about."""
    listed = parameters.get(_TAGS.get(operation, ""))
    return {str(tag.get("Key")): str(tag.get("Value", "")) for tag in listed or () if isinstance(tag, dict)}


def _resources(named: Named, parameters: Mapping[str, Any], account: str, region: str) -> Iterator[str]:
    home = f"arn:aws:cloudtrail:{region}:{account}"
    if named.kind == "-":
        yield "*"
        return
    texts = [(member, text) for member in named.members for text in _texts(parameters.get(member))]
    if named.kind == "statement":
        texts = [(member, found) for member, text in texts for found in store_ids(text)]
    if not texts:  # a resource that is to be made, or whose name only the operation can find out
        kind = "eventdatastore" if named.kind in ("any", "statement") else named.kind
        yield f"{home}:{kind}/*"
    for member, text in texts:
        yield text if text.startswith("arn:") else f"{home}:{_kind(named.kind, member)}/{text}"


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _kind(kind: Kind, member: str) -> str:
    """What a bare name means where a parameter may name resources of several kinds."""
    if kind == "any":
        return "trail" if member == "TrailName" else "eventdatastore"
    return "eventdatastore" if kind == "statement" else kind

"""Which actions on which resources each operation of the API needs: AWS's service authorization reference, as a table.

`-`: an action without resources, decided on `*`. Source: https://docs.aws.amazon.com/service-authorization/latest/
reference/list_awscloudtrail.html. A name stands for a resource of the caller's account and Region, an ARN for itself.
Operations that make a resource of tags need `AddTags` on it besides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from opentrail.accounts.owned_resources import STORE, kind_of
from opentrail.api.operations import OPERATIONS
from opentrail.lake.sql.store_ids import store_ids

Kind = Literal["trail", "eventdatastore", "channel", "dashboard", "any", "statement", "query", "-"]


@dataclass(frozen=True, slots=True)
class Needed:
    """One action on one resource."""

    action: str
    resource: str  # an ARN, or `*`
    shown: str = ""  # what a denial names instead, where the caller did not name the resource itself


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
        "StartEventDataStoreIngestion StopEventDataStoreIngestion EnableFederation DisableFederation ListQueries",
    ),
    **_named("query", "EventDataStore QueryId QueryAlias", "CancelQuery DescribeQuery GetQueryResults"),
    **_named("eventdatastore", "EventDataStores", "GenerateQuery"),
    **_named("eventdatastore", "", "CreateEventDataStore"),
    **_named("statement", "QueryStatement QueryAlias", "StartQuery"),
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


StoresOfQuery = Callable[[str], tuple[str, ...]]  # the ARNs of the stores that a query reads, by its ID or alias


def permissions_of(
    operation: str,
    parameters: Mapping[str, Any],
    account: str,
    region: str,
    stores_of_query: StoresOfQuery = lambda _: (),
) -> Iterator[Needed]:
    """Everything that a call needs to be allowed; each of it must be.

    Names are those of the caller's account, or of the one that the call says owns the event data store.
    """
    named = RESOURCES[operation]
    told = parameters.get("EventDataStoreOwnerAccountId")
    owner = told if isinstance(told, str) and told else account
    resources = list(dict.fromkeys(_resources(named, parameters, owner, region, stores_of_query)))
    said = [text for member in named.members for text in _texts(parameters.get(member))]
    unnamed = f"arn:aws:cloudtrail:{region}:{owner}:eventdatastore/*"
    for resource in resources:
        own_words = any(resource.rpartition("/")[2] in text.lower() for text in said)
        found_out = named.kind in ("query", "statement") and not own_words
        yield Needed(action_of(operation), resource, unnamed if found_out else "")
    if operation.startswith("Create") and tags_of(operation, parameters):
        for resource in resources:
            yield Needed("cloudtrail:AddTags", resource)


def tags_of(operation: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a call names: what `aws:RequestTag/k` and `aws:TagKeys` are about."""
    listed = parameters.get(_TAGS.get(operation, ""))
    return {str(tag.get("Key")): str(tag.get("Value", "")) for tag in listed or () if isinstance(tag, dict)}


def _resources(
    named: Named, parameters: Mapping[str, Any], account: str, region: str, stores_of_query: StoresOfQuery
) -> Iterator[str]:
    home = f"arn:aws:cloudtrail:{region}:{account}"
    if named.kind == "-":
        yield "*"
        return
    texts = [(member, text) for member in named.members for text in _texts(parameters.get(member))]
    if named.kind in ("statement", "query"):
        texts = [(member, found) for member, text in texts for found in _stores(member, text, home, stores_of_query)]
    if not texts:  # a resource that is to be made, or whose name only the operation can find out
        kind = "eventdatastore" if named.kind in ("any", "statement", "query") else named.kind
        yield f"{home}:{kind}/*"
    for member, text in texts:
        yield _as_kept(text if text.startswith("arn:") else f"{home}:{_kind(named.kind, member)}/{text}")


def _as_kept(arn: str) -> str:
    """The ARN as policies and the catalog have it: an event data store may be named with capitals."""
    if kind_of(arn) != STORE:
        return arn
    head, slash, store_id = arn.partition("/")
    return head + slash + store_id.lower()


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _kind(kind: Kind, member: str) -> str:
    """What a bare name means where a parameter may name resources of several kinds."""
    if kind == "any":
        return "trail" if member == "TrailName" else "eventdatastore"
    return "eventdatastore" if kind in ("statement", "query") else kind


def _stores(member: str, text: str, home: str, stores_of_query: StoresOfQuery) -> list[str]:
    """The stores that one parameter of a query's calls names; those of another account are none of the caller's."""
    if member in ("QueryId", "QueryAlias"):
        return [arn for arn in stores_of_query(text) if arn.startswith(f"{home}:")]
    if member == "QueryStatement":
        return list(store_ids(text))
    return [text]

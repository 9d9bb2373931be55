"""All operations of CloudTrail's two services: which room each belongs to, and how its calls are recorded."""

from dataclasses import dataclass
from typing import Final, Literal

Service = Literal["cloudtrail", "cloudtrail-data"]

TARGET_SERVICE: Final = "CloudTrail_20131101"  # in X-Amz-Target before the operation, its package before it or not

ROOMS: Final[dict[str, tuple[str, ...]]] = {
    "trails": (
        "CreateTrail", "UpdateTrail", "DeleteTrail", "GetTrail", "DescribeTrails", "ListTrails", "GetTrailStatus",
        "StartLogging", "StopLogging",
    ),
    "event_selectors": ("PutEventSelectors", "GetEventSelectors"),
    "event_configuration": ("PutEventConfiguration", "GetEventConfiguration"),
    "insights": ("PutInsightSelectors", "GetInsightSelectors", "ListInsightsData", "ListInsightsMetricData"),
    "lookup": ("LookupEvents",),
    "public_keys": ("ListPublicKeys",),
    "tags": ("AddTags", "ListTags", "RemoveTags"),
    "event_data_stores": (
        "CreateEventDataStore", "UpdateEventDataStore", "DeleteEventDataStore", "RestoreEventDataStore",
        "GetEventDataStore", "ListEventDataStores", "StartEventDataStoreIngestion", "StopEventDataStoreIngestion",
    ),
    "federation": ("EnableFederation", "DisableFederation"),
    "queries": (
        "StartQuery", "DescribeQuery", "GetQueryResults", "CancelQuery", "ListQueries", "GenerateQuery",
        "SearchSampleQueries",
    ),
    "imports": ("StartImport", "StopImport", "GetImport", "ListImports", "ListImportFailures"),
    "channels": ("CreateChannel", "UpdateChannel", "DeleteChannel", "GetChannel", "ListChannels"),
    "dashboards": (
        "CreateDashboard", "UpdateDashboard", "DeleteDashboard", "GetDashboard", "ListDashboards",
        "StartDashboardRefresh",
    ),
    "resource_policies": ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"),
    "delegated_admins": ("RegisterOrganizationDelegatedAdmin", "DeregisterOrganizationDelegatedAdmin"),
    "audit_events": ("PutAuditEvents",),
}  # fmt: skip

_READS: Final = ("Describe", "Get", "List", "Lookup", "Search")
_READS_BY_NAME: Final = frozenset({"StartQuery", "CancelQuery", "GenerateQuery"})  # they change nothing a trail guards
_DATA_OPERATIONS: Final = frozenset({"PutAuditEvents"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    name: str
    service: Service
    room: str
    read_only: bool
    category: Literal["Management", "Data"]

    @property
    def event_source(self) -> str:
        """What records of its calls name as their source."""
        return f"{self.service}.amazonaws.com"


def _operation(name: str, room: str) -> Operation:
    data = name in _DATA_OPERATIONS
    return Operation(
        name=name,
        service="cloudtrail-data" if data else "cloudtrail",
        room=room,
        read_only=name.startswith(_READS) or name in _READS_BY_NAME,
        category="Data" if data else "Management",
    )


OPERATIONS: Final[dict[str, Operation]] = {
    name: _operation(name, room) for room, names in ROOMS.items() for name in names
}

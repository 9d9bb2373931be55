"""What every parameter of the API is given: resources of the first account where it names one, else something valid.

A member of a service model that is not here fails the walk: whoever adds an operation says what its members mean.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

NOW = int(time.time())
OWNER = "EventDataStoreOwnerAccountId"


@dataclass(frozen=True)
class First:
    """What the first account has. `secrets`: nobody else may be shown them; `tokens`: page tokens of its answers."""

    account: str
    region: str
    bucket: str
    trail: str  # by its name
    store: str  # by its ID
    channel: str
    query: str
    import_id: str
    dashboard: str
    tokens: tuple[str, ...]
    secrets: frozenset[str] = field(default_factory=frozenset)

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:{kind}/{name}"

    @property
    def arns(self) -> tuple[str, ...]:
        return (
            self.arn("trail", self.trail),
            self.arn("eventdatastore", self.store),
            self.arn("channel", self.channel),
            self.arn("dashboard", self.dashboard),
        )


def naming(first: First) -> dict[str, tuple[Any, ...]]:
    """Members that name a resource: every way in which they can name the first account's."""
    trail, store, channel, dashboard = first.arns
    names = (trail, first.trail)
    stores = (store, first.store, first.store.upper())
    imports = (first.import_id,)
    return {
        "Channel": (channel, first.channel),
        "DashboardId": (dashboard, first.dashboard),
        "Destination": stores,
        "Destinations": ([store], [{"Type": "EVENT_DATA_STORE", "Location": store}]),
        "EventDataStore": stores,
        OWNER: (first.account,),
        "EventDataStores": ([store], [first.store]),
        "ImportId": imports,
        "InsightSource": names,
        "InsightsDestination": stores,
        "Name": (*names, first.dashboard),
        "NamePrefix": (first.dashboard[:5],),
        "NextToken": first.tokens,
        "QueryAlias": (first.query, f"AWSCloudTrail-{first.query}"),
        "QueryId": (first.query,),
        "QueryStatement": (f"SELECT eventID, eventJson FROM {first.store}",),
        "ResourceArn": first.arns,
        "ResourceId": first.arns,
        "ResourceIdList": tuple([arn] for arn in first.arns),
        "S3BucketName": (first.bucket,),
        "TrailName": names,
        "channelArn": (channel, first.channel),
        "trailNameList": ([trail], [first.trail]),
        "DeliveryS3Uri": (f"s3://{first.bucket}",),
        "ImportSource": (
            {
                "S3": {
                    "S3LocationUri": f"s3://{first.bucket}/AWSLogs/{first.account}/CloudTrail/",
                    "S3BucketRegion": first.region,
                    "S3BucketAccessRoleArn": f"arn:aws:iam::{first.account}:role/import",
                }
            },
        ),
        "LookupAttributes": ([{"AttributeKey": "ResourceName", "AttributeValue": first.bucket}],),
    }


_SELECTORS = [{"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
_TAGS = [{"Key": "k", "Value": "v"}]
PLAIN: Mapping[str, Any] = {
    "AdvancedEventSelectors": _SELECTORS,
    "AggregationConfigurations": [{"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}],
    "BillingMode": "EXTENDABLE_RETENTION_PRICING",
    "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
    "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/r",
    "ContextKeySelectors": [{"Type": "TagContext", "Equals": ["k"]}],
    "DataType": "InsightsEvents",
    "DelegatedAdminAccountId": "123456789012",
    "Dimensions": {"EventName": "CreateUser"},
    "EnableLogFileValidation": True,
    "EndEventTime": NOW,
    "EndTime": NOW + 60,
    "ErrorCode": "AccessDenied",
    "EventCategory": "insight",
    "EventName": "CreateUser",
    "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}],
    "EventSource": "iam.amazonaws.com",
    "FederationRoleArn": "arn:aws:iam::123456789012:role/f",
    "ImportStatus": "COMPLETED",
    "IncludeGlobalServiceEvents": True,
    "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}],
    "InsightType": "ApiCallRateInsight",
    "IsMultiRegionTrail": True,
    "IsOrganizationTrail": True,
    "KmsKeyId": "alias/k",
    "MaxEventSize": "Large",
    "MaxQueryResults": 10,
    "MaxResults": 10,
    "MemberAccountId": "123456789012",
    "MultiRegionEnabled": False,
    "OrganizationEnabled": True,
    "Period": 300,
    "Prompt": "who deleted the bucket",
    "QueryParameterValues": {"$StartTime$": "2026-01-01 00:00:00"},
    "QueryParameters": ["x"],
    "QueryStatus": "FINISHED",
    "RecursiveLogging": True,
    "RefreshId": "1234567890",
    "RefreshSchedule": {"Frequency": {"Unit": "HOURS", "Value": 6}, "Status": "ENABLED"},
    "ResourcePolicy": '{"Version":"2012-10-17","Statement":[]}',
    "RetentionPeriod": 7,
    "S3KeyPrefix": "p",
    "SearchPhrase": "deleted buckets",
    "SnsTopicName": "t",
    "Source": "Custom",
    "StartEventTime": NOW - 86_400,
    "StartIngestion": False,
    "StartTime": NOW - 86_400,
    "Tags": _TAGS,
    "TagsList": _TAGS,
    "TerminationProtectionEnabled": False,
    "Type": "CUSTOM",
    "Widgets": [{"QueryStatement": "SELECT 1", "ViewProperties": {"View": "Table"}}],
    "auditEvents": [{"id": "e1", "eventData": "{}"}],
    "externalId": "a7",
    "includeShadowTrails": True,
}


def calls_of(operation: OperationModel, first: First, *, plain: bool = True) -> Iterator[dict[str, Any]]:
    """Parameters to call an operation with: what it needs, then each naming member in each of its ways, by itself
    and with the first account told as the owner; then with `plain` each other member."""
    shape = operation.input_shape
    names, members = naming(first), dict(shape.members) if shape is not None else {}
    unknown = set(members) - set(names) - set(PLAIN)
    assert not unknown, f"{operation.name}: say in tests/isolation/values.py what {sorted(unknown)} are"
    names = {name: tuple(one for one in ways if _fits(members.get(name), one)) for name, ways in names.items()}
    needed = {
        member: names[member][0] if member in names else PLAIN[member]
        for member in (shape.required_members if shape is not None else ())
    }
    yield needed
    for member in members:
        for value in names.get(member, ()):
            parameters = needed | {member: value}
            yield parameters
            if OWNER in members and member != OWNER:
                yield parameters | {OWNER: first.account}
    for member in members:
        if plain and member in PLAIN and member not in needed:
            yield needed | {member: PLAIN[member]}


def _fits(shape: Shape | None, value: Any) -> bool:
    """Of one name the members of two operations may have two types."""
    if not isinstance(shape, ListShape) or not isinstance(value, list):
        return True
    return isinstance(shape.member, StructureShape) == isinstance(value[0], dict)

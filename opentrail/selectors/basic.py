"""Basic event selectors: from the members of the API to checked values, and back."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentrail import limits
from opentrail.catalog.event_selectors import BasicSelector, DataResource
from opentrail.selectors.faults import InvalidEventSelectors

S3_OBJECT: Final = "AWS::S3::Object"
LAMBDA_FUNCTION: Final = "AWS::Lambda::Function"
DYNAMODB_TABLE: Final = "AWS::DynamoDB::Table"
EXCLUDABLE_SOURCES: Final = ("kms.amazonaws.com", "rdsdata.amazonaws.com")

_ALL_OF: Final = {S3_OBJECT: "s3", LAMBDA_FUNCTION: "lambda", DYNAMODB_TABLE: "dynamodb"}
_PARTITION: Final = r"arn:aws[a-z-]*:"
_ONE_OF: Final = {
    S3_OBJECT: re.compile(_PARTITION + r"s3:::[a-z0-9][a-z0-9._-]{1,62}/[^*]*", re.DOTALL),
    LAMBDA_FUNCTION: re.compile(
        _PARTITION + r"lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9$_-]+)?"
    ),
    DYNAMODB_TABLE: re.compile(_PARTITION + r"dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}"),
}
_BEGINNING: Final = re.compile(r"arn:aws[a-z-]*:([a-z0-9]+)(:::)?")


def is_all_of(kind: str, value: str) -> bool:
    """Whether a value of a data resource stands for everything of its type: `arn:aws:s3`, `arn:aws:lambda`."""
    found = _BEGINNING.fullmatch(value)
    if found is None or found[1] != _ALL_OF.get(kind):
        return False
    return found[2] is None or kind == S3_OBJECT


def read_basic(given: Sequence[Mapping[str, Any]]) -> tuple[BasicSelector, ...]:
    """The values of `EventSelectors`, omitted members as AWS's defaults. Raises InvalidEventSelectors."""
    if not 1 <= len(given) <= limits.EVENT_SELECTORS:
        raise InvalidEventSelectors(
            f"Specify at least one and at most {limits.EVENT_SELECTORS} event selectors for your trail."
        )
    selectors = tuple(_read(one) for one in given)
    listed = sum(
        1
        for selector in selectors
        for resource in selector.data_resources
        for value in resource.values
        if not is_all_of(resource.type, value)
    )
    if listed > limits.DATA_RESOURCES:
        raise InvalidEventSelectors(
            f"The total number of data resources cannot exceed {limits.DATA_RESOURCES} across all event selectors "
            f"of a trail; {listed} are given."
        )
    return selectors


def write_basic(selectors: Sequence[BasicSelector]) -> list[dict[str, Any]]:
    """The members of the API; every one of them is always there."""
    return [
        {
            "ReadWriteType": selector.read_write_type,
            "IncludeManagementEvents": selector.include_management_events,
            "DataResources": [
                {"Type": resource.type, "Values": list(resource.values)} for resource in selector.data_resources
            ],
            "ExcludeManagementEventSources": list(selector.exclude_management_event_sources),
        }
        for selector in selectors
    ]


def _read(given: Mapping[str, Any]) -> BasicSelector:
    excluded = tuple(given.get("ExcludeManagementEventSources") or ())
    for source in excluded:
        if source not in EXCLUDABLE_SOURCES:
            raise InvalidEventSelectors(f"Value {source} for ExcludeManagementEventSources is invalid.")
    return BasicSelector(
        read_write_type=given.get("ReadWriteType", "All"),
        include_management_events=given.get("IncludeManagementEvents", True),
        data_resources=tuple(_read_resource(one) for one in given.get("DataResources") or ()),
        exclude_management_event_sources=excluded,
    )


def _read_resource(given: Mapping[str, Any]) -> DataResource:
    kind = given.get("Type", "")
    if kind not in _ALL_OF:
        raise InvalidEventSelectors(f"Value {kind} for DataResources.Type is invalid.")
    values = tuple(given.get("Values") or ())
    if not values:
        raise InvalidEventSelectors("DataResources.Values must name at least one resource.")
    for value in values:
        if not is_all_of(kind, value) and not _ONE_OF[kind].fullmatch(value):
            raise InvalidEventSelectors(f"Value {value} for DataResources.Values is invalid.")
    return DataResource(kind, values)

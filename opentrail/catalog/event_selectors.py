"""Event selectors, insight selectors and aggregations as they are stored: values, checked before they come here."""

from typing import Literal

import msgspec

ReadWriteType = Literal["All", "ReadOnly", "WriteOnly"]


class DataResource(msgspec.Struct, frozen=True):
    """The data events of resources of one type: `values` are ARNs or beginnings of ARNs."""

    type: str
    values: tuple[str, ...] = ()


class BasicSelector(msgspec.Struct, frozen=True):
    """One basic event selector; as it stands, what a fresh trail has."""

    read_write_type: ReadWriteType = "All"
    include_management_events: bool = True
    data_resources: tuple[DataResource, ...] = ()
    exclude_management_event_sources: tuple[str, ...] = ()


class FieldSelector(msgspec.Struct, frozen=True):
    """What one field of an event must be: any of the positive values, none of the negative ones."""

    field: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts_with: tuple[str, ...] = ()
    not_ends_with: tuple[str, ...] = ()


class AdvancedSelector(msgspec.Struct, frozen=True):
    """One advanced event selector: an event must satisfy all its field selectors."""

    field_selectors: tuple[FieldSelector, ...]
    name: str | None = None


class Selectors(msgspec.Struct, frozen=True):
    """The selectors in force: basic or advanced, never both. An event is selected when any of them matches."""

    basic: tuple[BasicSelector, ...] = ()
    advanced: tuple[AdvancedSelector, ...] = ()


DEFAULT_SELECTORS = Selectors(basic=(BasicSelector(),))


class InsightSelector(msgspec.Struct, frozen=True):
    """One kind of Insights: `ApiCallRateInsight` or `ApiErrorRateInsight`, on which categories of events."""

    insight_type: str
    event_categories: tuple[str, ...] = ("Management",)


class Aggregation(msgspec.Struct, frozen=True):
    """Which aggregated events are made of the events of one category."""

    event_category: str
    templates: tuple[str, ...]

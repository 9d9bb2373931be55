"""Selectors of event data stores: what one may hold, checked, and the kind of store that they make it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentrail import limits
from opentrail.catalog.event_data_stores import Kind
from opentrail.catalog.event_selectors import AdvancedSelector, FieldSelector
from opentrail.selectors.advanced import read_advanced
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.selectors.field_rules import STORE_FIELDS

DEFAULT_STORE_SELECTORS: Final = (
    AdvancedSelector((FieldSelector("eventCategory", equals=("Management",)),), "Default management events"),
)
_KINDS: Final[Mapping[str, Kind]] = {
    "Management": "CloudTrail",
    "Data": "CloudTrail",
    "NetworkActivity": "CloudTrail",
    "Insight": "Insight",
    "ConfigurationItem": "ConfigurationItem",
    "Evidence": "Evidence",
    "ActivityAuditLog": "ActivityAuditLog",
}


def read_store_selectors(given: Sequence[Mapping[str, Any]]) -> tuple[AdvancedSelector, ...]:
    """The selectors of a store as values; none given: management events. Raises InvalidEventSelectors."""
    if not given:
        return DEFAULT_STORE_SELECTORS
    if len(given) > limits.STORE_SELECTORS:
        raise InvalidEventSelectors(
            f"Specify at most {limits.STORE_SELECTORS} advanced event selectors for an event data store."
        )
    selectors = read_advanced(given, STORE_FIELDS, "an event data store")
    kind_of(selectors)
    return selectors


def categories_of(selectors: Sequence[AdvancedSelector]) -> set[str]:
    """The event categories that are selected."""
    return {
        value
        for selector in selectors
        for field in selector.field_selectors
        if field.field == "eventCategory"
        for value in field.equals
    }


def kind_of(selectors: Sequence[AdvancedSelector]) -> Kind:
    """What a store with these selectors is for. Raises InvalidEventSelectors where that is more than one thing."""
    kinds = {_KINDS[category] for category in categories_of(selectors)}
    if len(kinds) != 1:
        listed = ", ".join(sorted(categories_of(selectors)))
        raise InvalidEventSelectors(f"An event data store cannot hold events of the categories {listed} together.")
    return kinds.pop()

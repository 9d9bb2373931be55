"""PutEventSelectors and GetEventSelectors: the selectors of a call as a value, and the value as an answer."""

from collections.abc import Mapping
from typing import Any

from opentrail.catalog.event_selectors import DEFAULT_SELECTORS, Selectors
from opentrail.selectors.advanced import read_advanced, write_advanced
from opentrail.selectors.basic import read_basic, write_basic
from opentrail.selectors.faults import InvalidEventSelectors


def read_selectors(parameters: Mapping[str, Any]) -> Selectors:
    """The selectors that a call sets: one kind, checked. Raises InvalidEventSelectors."""
    basic, advanced = parameters.get("EventSelectors"), parameters.get("AdvancedEventSelectors")
    if (basic is None) == (advanced is None):
        raise InvalidEventSelectors("Specify either EventSelectors or AdvancedEventSelectors, and not both.")
    if advanced is not None:
        return Selectors(advanced=read_advanced(advanced))
    return Selectors(basic=read_basic(basic or ()))


def write_selectors(selectors: Selectors) -> dict[str, Any]:
    """The kind in force, as the API has it."""
    if selectors.advanced:
        return {"AdvancedEventSelectors": write_advanced(selectors.advanced)}
    return {"EventSelectors": write_basic(selectors.basic)}


def are_custom(selectors: Selectors) -> bool:
    """Whether they are others than a fresh trail's (`HasCustomEventSelectors`)."""
    return selectors != DEFAULT_SELECTORS

"""Insight selectors: from the members of the API to checked values, against what their owner logs, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentrail.catalog.event_selectors import AdvancedSelector, InsightSelector, Selectors
from opentrail.selectors.faults import InvalidInsightSelectors

CALL_RATE: Final = "ApiCallRateInsight"
DEFAULT_CATEGORIES: Final = ("Management",)


def read_insight_selectors(given: Sequence[Mapping[str, Any]]) -> tuple[InsightSelector, ...]:
    """The values of `InsightSelectors`. Raises InvalidInsightSelectors."""
    found = tuple(_read(one) for one in given)
    types = [one.insight_type for one in found]
    if len(set(types)) < len(types):
        raise InvalidInsightSelectors("An insight type is given more than once.")
    return found


def require_selected(found: Sequence[InsightSelector], selectors: Selectors, owner: str) -> None:
    """Raise InvalidInsightSelectors where an owner with these event selectors does not log what Insights need."""
    for one in found:
        for category in one.event_categories:
            _require_logged(one.insight_type, category, selectors, owner)


def write_insight_selectors(selectors: Sequence[InsightSelector]) -> list[dict[str, Any]]:
    """The members of the API."""
    return [{"InsightType": one.insight_type, "EventCategories": list(one.event_categories)} for one in selectors]


def _read(given: Mapping[str, Any]) -> InsightSelector:
    if "InsightType" not in given:
        raise InvalidInsightSelectors("An insight selector must have an insight type.")
    categories = tuple(given.get("EventCategories") or DEFAULT_CATEGORIES)
    if len(set(categories)) < len(categories):
        raise InvalidInsightSelectors("An event category is given more than once.")
    return InsightSelector(given["InsightType"], categories)


def _require_logged(insight_type: str, category: str, selectors: Selectors, owner: str) -> None:
    """Rates of calls are those of writes; errors are counted of whatever is logged."""
    if category == "Data":
        if not _logs_data(selectors):
            raise InvalidInsightSelectors(f"The {owner} must log data events for Insights on data events.")
        return
    kinds = _management_kinds(selectors)
    if insight_type == CALL_RATE and "write" not in kinds:
        raise InvalidInsightSelectors(f"The {owner} must log write management events for {CALL_RATE}.")
    if not kinds:
        raise InvalidInsightSelectors(f"The {owner} must log management events for {insight_type}.")


def _logs_data(selectors: Selectors) -> bool:
    if any(one.data_resources for one in selectors.basic):
        return True
    return any(_value(one, "eventCategory") == ("Data",) for one in selectors.advanced)


def _management_kinds(selectors: Selectors) -> set[str]:
    """`read` and `write`, as far as management events of the kind are logged."""
    kinds: set[str] = set()
    for basic in selectors.basic:
        if basic.include_management_events:
            kinds |= {"All": {"read", "write"}, "ReadOnly": {"read"}, "WriteOnly": {"write"}}[basic.read_write_type]
    for advanced in selectors.advanced:
        if _value(advanced, "eventCategory") == ("Management",):
            values = _value(advanced, "readOnly") or ("true", "false")
            kinds |= {{"true": "read", "false": "write"}[value] for value in values}
    return kinds


def _value(selector: AdvancedSelector, name: str) -> tuple[str, ...]:
    return next((one.equals for one in selector.field_selectors if one.field == name), ())

"""The matcher of a trail: its selectors, Regions and accounts, compiled once, asked for batches of events."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from opentrail.catalog.trails import Trail
from opentrail.selectors.coverage import coverage, is_of_global_service, is_own_delivery
from opentrail.selectors.events import EventFields, Events, Touched
from opentrail.selectors.predicates import Predicate, always, predicates

_KEPT_DECISIONS: Final = 4096  # of account, Region and category; records can claim any


class Matcher:
    """What one version of a trail selects. Insights and aggregated events come to the trails that asked for them."""

    def __init__(self, trail: Trail, enabled_regions: Iterable[str], members: Collection[str] = ()) -> None:
        """`members`: the accounts of the organization, for an organization trail."""
        self._covered = coverage(trail, enabled_regions, members)
        by_category = predicates(trail.selectors)
        if not self._covered.global_services:
            by_category = {name: _without(is_of_global_service, one) for name, one in by_category.items()}
        if not trail.recursive_logging:
            by_category = {name: _without(is_own_delivery, one) for name, one in by_category.items()}
        if trail.insight_selectors:
            by_category["Insight"] = always
        if trail.aggregations:
            by_category["Aggregated"] = always
        self._by_category = by_category
        self._decisions: dict[tuple[str, str, str], Predicate | None] = {}

    def selected(self, events: Events) -> list[int]:
        """Indexes of the events that the trail gets, in order. Reads no record where envelopes decide."""
        decisions = self._decisions
        if len(decisions) > _KEPT_DECISIONS:
            decisions.clear()
        chosen: list[int] = []
        for index, key in enumerate(zip(events.accounts, events.regions, events.categories, strict=True)):
            try:
                predicate = decisions[key]
            except KeyError:
                predicate = decisions[key] = self._decide(*key)
            if predicate is None:
                continue
            if predicate is always:
                chosen.append(index)
                continue
            touched: Touched = events.touched(index) if key[2] == "Data" else ()
            if predicate(events.fields(index), touched):
                chosen.append(index)
        return chosen

    def _decide(self, account: str, region: str, category: str) -> Predicate | None:
        """What is left to ask of events with this envelope; None: they are not the trail's."""
        if account not in self._covered.accounts or region not in self._covered.regions:
            return None
        return self._by_category.get(category)


def _without(unwanted: Callable[[EventFields], bool], predicate: Predicate) -> Predicate:
    return lambda fields, touched: not unwanted(fields) and predicate(fields, touched)

"""Matchers of trails and stores: selectors, Regions and accounts, compiled once, asked for batches of events."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.catalog.event_selectors import Selectors
from opentrail.catalog.trails import Trail
from opentrail.selectors.coverage import Coverage, coverage, is_of_global_service, is_own_delivery
from opentrail.selectors.events import EventFields, Events, Touched
from opentrail.selectors.predicates import Predicate, always, predicates

_KEPT_DECISIONS: Final = 4096  # of account, Region and category; records can claim any


class Matcher:
    """What one version of a trail or of an event data store selects."""

    def __init__(self, covered: Coverage, by_category: Mapping[str, Predicate]) -> None:
        """`by_category`: what an event of a category must satisfy; others are not selected."""
        self._covered = covered
        self._by_category = by_category
        self._decisions: dict[tuple[str, str, str], Predicate | None] = {}

    def selected(self, events: Events) -> list[int]:
        """Indexes of the events that are selected, in order. Reads no record where envelopes decide."""
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
        """What is left to ask of events with this envelope; None: nobody asks for them."""
        if account not in self._covered.accounts or region not in self._covered.regions:
            return None
        return self._by_category.get(category)


def trail_matcher(trail: Trail, enabled_regions: Iterable[str], members: Collection[str] = ()) -> Matcher:
    """What `trail` selects. Insights and aggregated events come to the trails that asked for them.

    `members`: the accounts of the organization, for an organization trail.
    """
    covered = coverage(trail, enabled_regions, members)
    by_category = predicates(trail.selectors)
    if not covered.global_services:
        by_category = {name: _without(is_of_global_service, one) for name, one in by_category.items()}
    if not trail.recursive_logging:
        by_category = {name: _without(is_own_delivery, one) for name, one in by_category.items()}
    if trail.insight_selectors:
        by_category["Insight"] = always
    if trail.aggregations:
        by_category["Aggregated"] = always
    return Matcher(covered, by_category)


def store_matcher(store: EventDataStore, enabled_regions: Iterable[str]) -> Matcher:
    """What `store` selects.

    A store of one Region has the events whose `awsRegion` is its own, global services or not.
    """
    accounts = {store.account, *store.members}
    regions = set(enabled_regions) if store.multi_region else {store.region}
    covered = Coverage(frozenset(accounts), frozenset(regions), global_services=True)
    return Matcher(covered, predicates(Selectors(advanced=store.selectors)))


def _without(unwanted: Callable[[EventFields], bool], predicate: Predicate) -> Predicate:
    return lambda fields, touched: not unwanted(fields) and predicate(fields, touched)

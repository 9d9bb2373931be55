"""PutInsightSelectors and GetInsightSelectors: which Insights a trail or an event data store asks for."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.lake.store_changes import StoreChanges
from opentrail.lake.stores import StoreRegistry
from opentrail.selectors.faults import InvalidInsightSelectors
from opentrail.selectors.insight_selection import read_insight_selectors, require_selected, write_insight_selectors
from opentrail.trails.changes import TrailChanges
from opentrail.trails.faults import InsightsNotEnabled, InvalidCombination, InvalidParameter
from opentrail.trails.registry import Registry


class InsightsRoom:
    """Sets and shows the insight selectors of trails and stores."""

    def __init__(
        self, registry: Registry, changes: TrailChanges, stores: StoreRegistry, store_changes: StoreChanges
    ) -> None:
        self._registry = registry
        self._changes = changes
        self._stores = stores
        self._store_changes = store_changes

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the fault of their own."""
        return {
            "PutInsightSelectors": Room(self.put_insight_selectors, {"InsightSelectors": InvalidInsightSelectors}),
            "GetInsightSelectors": Room(self.get_insight_selectors),
        }

    def put_insight_selectors(self, asked: Asked) -> dict[str, Any]:
        """Insights in place of those that were asked for before; none switches them off."""
        name = _trail_name(asked)
        if name is None:
            return self._put_of_store(asked)
        version = self._registry.find_to_change(name, asked.account, asked.region)
        selectors = read_insight_selectors(asked.parameters["InsightSelectors"])
        require_selected(selectors, version.trail.selectors, "trail")
        if selectors:
            self._changes.check_bucket(version.trail)
        trail = self._changes.change(version, insight_selectors=selectors)
        return {"TrailARN": trail.arn, "InsightSelectors": write_insight_selectors(selectors)}

    def get_insight_selectors(self, asked: Asked) -> dict[str, Any]:
        """What the trail or store asks for; a fault where that is nothing."""
        name = _trail_name(asked)
        if name is None:
            return self._get_of_store(asked)
        trail = self._registry.find(name, asked.account, asked.region).trail
        if not trail.insight_selectors:
            raise InsightsNotEnabled(
                f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, "
                "and then try the operation again."
            )
        return {"TrailARN": trail.arn, "InsightSelectors": write_insight_selectors(trail.insight_selectors)}

    def _put_of_store(self, asked: Asked) -> dict[str, Any]:
        parameters = asked.parameters
        version = self._stores.find_to_change(parameters["EventDataStore"], asked.account, asked.region)
        named = parameters.get("InsightsDestination")
        destination = self._stores.find_active(named, asked.account, asked.region) if named is not None else None
        selectors = read_insight_selectors(parameters["InsightSelectors"])
        return _of_store(self._store_changes.set_insights(version, selectors, destination))

    def _get_of_store(self, asked: Asked) -> dict[str, Any]:
        store = self._stores.find_active(asked.parameters["EventDataStore"], asked.account, asked.region).store
        if not store.insight_selectors:
            raise InsightsNotEnabled(f"Event data store {store.arn} does not have Insights enabled.")
        return _of_store(store)


def _of_store(store: EventDataStore) -> dict[str, Any]:
    return {
        "EventDataStoreArn": store.arn,
        "InsightsDestination": store.insights_destination,
        "InsightSelectors": write_insight_selectors(store.insight_selectors),
    }


def _trail_name(asked: Asked) -> str | None:
    """The trail that is meant; None for a store. Raises InvalidCombination, InvalidParameter."""
    name = asked.parameters.get("TrailName")
    stores = [member for member in ("EventDataStore", "InsightsDestination") if member in asked.parameters]
    if stores and name is not None:
        raise InvalidCombination(f"Specify either TrailName or {stores[0]}, and not both.")
    if name is None and "EventDataStore" not in asked.parameters:
        raise InvalidParameter("Specify TrailName or EventDataStore.")
    return None if name is None else str(name)

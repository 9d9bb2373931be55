"""PutInsightSelectors and GetInsightSelectors: which Insights a trail asks for."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import UnsupportedOperation
from opentrail.trails.changes import TrailChanges
from opentrail.trails.faults import InsightsNotEnabled, InvalidCombination, InvalidInsightSelectors, InvalidParameter
from opentrail.trails.insight_selection import read_insight_selectors, write_insight_selectors
from opentrail.trails.registry import Registry


class InsightsRoom:
    """Sets and shows the insight selectors of trails."""

    def __init__(self, registry: Registry, changes: TrailChanges) -> None:
        self._registry = registry
        self._changes = changes

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the fault of their own."""
        return {
            "PutInsightSelectors": Room(self.put_insight_selectors, {"InsightSelectors": InvalidInsightSelectors}),
            "GetInsightSelectors": Room(self.get_insight_selectors),
        }

    def put_insight_selectors(self, asked: Asked) -> dict[str, Any]:
        """Insights in place of those that the trail asked for before; none switches them off."""
        version = self._registry.find_to_change(_trail_name(asked), asked.account, asked.region)
        selectors = read_insight_selectors(asked.parameters["InsightSelectors"], version.trail.selectors)
        if selectors:
            self._changes.check_bucket(version.trail)
        trail = self._changes.change(version, insight_selectors=selectors)
        return {"TrailARN": trail.arn, "InsightSelectors": write_insight_selectors(selectors)}

    def get_insight_selectors(self, asked: Asked) -> dict[str, Any]:
        """What the trail asks for; a fault where that is nothing."""
        trail = self._registry.find(_trail_name(asked), asked.account, asked.region).trail
        if not trail.insight_selectors:
            raise InsightsNotEnabled(
                f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights, "
                "and then try the operation again."
            )
        return {"TrailARN": trail.arn, "InsightSelectors": write_insight_selectors(trail.insight_selectors)}


def _trail_name(asked: Asked) -> str:
    """The trail that is meant. Raises InvalidCombination, UnsupportedOperation, InvalidParameter."""
    name = asked.parameters.get("TrailName")
    stores = [member for member in ("EventDataStore", "InsightsDestination") if member in asked.parameters]
    if stores and name is not None:
        raise InvalidCombination(f"Specify either TrailName or {stores[0]}, and not both.")
    if stores:
        raise UnsupportedOperation("Event data stores are not supported.")
    if name is None:
        raise InvalidParameter("Specify TrailName.")
    return str(name)

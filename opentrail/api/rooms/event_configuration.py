"""PutEventConfiguration and GetEventConfiguration: which aggregated events a trail asks for."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import UnsupportedOperation
from opentrail.catalog.event_selectors import Aggregation
from opentrail.catalog.trails import Trail
from opentrail.trails.changes import TrailChanges
from opentrail.trails.faults import InvalidCombination, InvalidParameter
from opentrail.trails.registry import Registry

_OF_STORES = ("EventDataStore", "MaxEventSize", "ContextKeySelectors")


class EventConfigurationRoom:
    """Sets and shows the aggregations of trails."""

    def __init__(self, registry: Registry, changes: TrailChanges) -> None:
        self._registry = registry
        self._changes = changes

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the fault of their own."""
        closer = {"AggregationConfigurations": InvalidParameter}
        return {
            "PutEventConfiguration": Room(self.put_event_configuration, closer),
            "GetEventConfiguration": Room(self.get_event_configuration),
        }

    def put_event_configuration(self, asked: Asked) -> dict[str, Any]:
        """Aggregations in place of those that the trail asked for before; none switches them off."""
        name = _trail_name(asked)
        given = asked.parameters.get("AggregationConfigurations")
        if given is None:
            raise InvalidParameter("Specify AggregationConfigurations.")
        version = self._registry.find_to_change(name, asked.account, asked.region)
        aggregations = tuple(Aggregation(one["EventCategory"], tuple(one["Templates"])) for one in given)
        return _answer(self._changes.change(version, aggregations=aggregations))

    def get_event_configuration(self, asked: Asked) -> dict[str, Any]:
        """The aggregations in force."""
        return _answer(self._registry.find(_trail_name(asked), asked.account, asked.region).trail)


def _answer(trail: Trail) -> dict[str, Any]:
    return {
        "TrailARN": trail.arn,
        "AggregationConfigurations": [
            {"Templates": list(one.templates), "EventCategory": one.event_category} for one in trail.aggregations
        ],
    }


def _trail_name(asked: Asked) -> str:
    """The trail that is meant. Raises InvalidCombination, UnsupportedOperation, InvalidParameter."""
    name = asked.parameters.get("TrailName")
    of_stores = [member for member in _OF_STORES if member in asked.parameters]
    if name is not None and of_stores:
        raise InvalidCombination(f"{of_stores[0]} is not for trails.")
    if of_stores:
        raise UnsupportedOperation("Event data stores are not supported.")
    if name is None:
        raise InvalidParameter("Specify TrailName.")
    return str(name)

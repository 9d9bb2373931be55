"""PutEventSelectors and GetEventSelectors: which events a trail logs."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.catalog.trails import Trail
from opentrail.selectors.faults import InvalidEventSelectors
from opentrail.selectors.reading import read_selectors, write_selectors
from opentrail.trails.changes import TrailChanges
from opentrail.trails.registry import Registry


class EventSelectorsRoom:
    """Sets and shows the event selectors of trails."""

    def __init__(self, registry: Registry, changes: TrailChanges) -> None:
        self._registry = registry
        self._changes = changes

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the fault of their own."""
        closer = {"EventSelectors": InvalidEventSelectors, "AdvancedEventSelectors": InvalidEventSelectors}
        return {
            "PutEventSelectors": Room(self.put_event_selectors, closer),
            "GetEventSelectors": Room(self.get_event_selectors),
        }

    def put_event_selectors(self, asked: Asked) -> dict[str, Any]:
        """One kind of selectors, in place of all that the trail has."""
        version = self._registry.find_to_change(asked.parameters["TrailName"], asked.account, asked.region)
        selectors = read_selectors(asked.parameters)
        return _answer(self._changes.change(version, selectors=selectors))

    def get_event_selectors(self, asked: Asked) -> dict[str, Any]:
        """The selectors in force."""
        version = self._registry.find(asked.parameters["TrailName"], asked.account, asked.region)
        return _answer(version.trail)


def _answer(trail: Trail) -> dict[str, Any]:
    return {"TrailARN": trail.arn, **write_selectors(trail.selectors)}

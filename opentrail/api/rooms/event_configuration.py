"""PutEventConfiguration and GetEventConfiguration: aggregated events of trails; size and context of a store's."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.faults import UnsupportedOperation
from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.catalog.event_selectors import Aggregation
from opentrail.catalog.trails import Trail
from opentrail.lake.store_changes import StoreChanges
from opentrail.lake.stores import StoreRegistry
from opentrail.trails.changes import TrailChanges
from opentrail.trails.faults import InvalidCombination, InvalidParameter
from opentrail.trails.registry import Registry

_OF_STORES = ("EventDataStore", "MaxEventSize", "ContextKeySelectors")
_REQUEST = "RequestContext"
_OF_TRAILS = ("AggregationConfigurations",)


class EventConfigurationRoom:
    """Sets and shows what trails aggregate, how large the events of stores may be and which context they show."""

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
        closer = {"AggregationConfigurations": InvalidParameter}
        return {
            "PutEventConfiguration": Room(self.put_event_configuration, closer),
            "GetEventConfiguration": Room(self.get_event_configuration),
        }

    def put_event_configuration(self, asked: Asked) -> dict[str, Any]:
        """In place of what was there before: aggregations (none switches them off), or a store's configuration."""
        name = _trail_name(asked)
        if name is None:
            return self._put_of_store(asked)
        given = asked.parameters.get("AggregationConfigurations")
        if given is None:
            raise InvalidParameter("Specify AggregationConfigurations.")
        version = self._registry.find_to_change(name, asked.account, asked.region)
        aggregations = tuple(Aggregation(one["EventCategory"], tuple(one["Templates"])) for one in given)
        return _answer(self._changes.change(version, aggregations=aggregations))

    def get_event_configuration(self, asked: Asked) -> dict[str, Any]:
        """What is in force."""
        name = _trail_name(asked)
        if name is not None:
            return _answer(self._registry.find(name, asked.account, asked.region).trail)
        store = self._stores.find(asked.parameters["EventDataStore"], asked.account, asked.region).store
        self._store_changes.require_configurable(store)
        return _of_store(store)

    def _put_of_store(self, asked: Asked) -> dict[str, Any]:
        parameters = asked.parameters
        size, keys = parameters.get("MaxEventSize"), parameters.get("ContextKeySelectors")
        if size is None and keys is None:
            raise InvalidParameter("Specify MaxEventSize or ContextKeySelectors.")
        version = self._stores.find_to_change(parameters["EventDataStore"], asked.account, asked.region)
        self._store_changes.require_configurable(version.store)
        return _of_store(self._store_changes.configure(version, size, None if keys is None else _request_keys(keys)))


def _answer(trail: Trail) -> dict[str, Any]:
    return {
        "TrailARN": trail.arn,
        "AggregationConfigurations": [
            {"Templates": list(one.templates), "EventCategory": one.event_category} for one in trail.aggregations
        ],
    }


def _of_store(store: EventDataStore) -> dict[str, Any]:
    selectors = [{"Type": _REQUEST, "Equals": list(store.context_keys)}] if store.context_keys else []
    return {"EventDataStoreArn": store.arn, "MaxEventSize": store.max_event_size, "ContextKeySelectors": selectors}


def _request_keys(selectors: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys that selectors name. Raises InvalidParameter, UnsupportedOperation."""
    types = [selector["Type"] for selector in selectors]
    if len(set(types)) < len(types):
        raise InvalidParameter("Specify one ContextKeySelector of each Type.")
    if any(kind != _REQUEST for kind in types):
        raise UnsupportedOperation("Tags of resources and principals are not known here: TagContext is not supported.")
    return [key for selector in selectors for key in selector["Equals"]]


def _trail_name(asked: Asked) -> str | None:
    """The trail that is meant; None for a store. Raises InvalidCombination, InvalidParameter."""
    name = asked.parameters.get("TrailName")
    of_stores = [member for member in _OF_STORES if member in asked.parameters]
    if name is not None and of_stores:
        raise InvalidCombination(f"{of_stores[0]} is not for trails.")
    if name is not None:
        return str(name)
    if "EventDataStore" not in asked.parameters:
        raise InvalidParameter("Specify TrailName or EventDataStore.")
    of_trails = [member for member in _OF_TRAILS if member in asked.parameters]
    if of_trails:
        raise InvalidCombination(f"{of_trails[0]} is not for event data stores.")
    return None

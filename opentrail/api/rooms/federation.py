"""EnableFederation and DisableFederation: whether other engines find the table of an event data store."""

from collections.abc import Mapping
from typing import Any

from opentrail.api.call import Asked, Room
from opentrail.api.rooms.event_data_stores import federation_of
from opentrail.lake.store_changes import StoreChanges
from opentrail.lake.stores import StoreRegistry


class FederationRoom:
    """Switches federation on and off."""

    def __init__(self, registry: StoreRegistry, changes: StoreChanges) -> None:
        self._registry = registry
        self._changes = changes

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        return {"EnableFederation": Room(self.enable), "DisableFederation": Room(self.disable)}

    def enable(self, asked: Asked) -> dict[str, Any]:
        """The table's folder names its current metadata from the next step of the follower on."""
        parameters = asked.parameters
        version = self._registry.find_to_change(parameters["EventDataStore"], asked.account, asked.region)
        store = self._changes.federate(version, parameters["FederationRoleArn"])
        return {"EventDataStoreArn": store.arn, **federation_of(store)}

    def disable(self, asked: Asked) -> dict[str, Any]:
        """It names it no more."""
        version = self._registry.find_to_change(asked.parameters["EventDataStore"], asked.account, asked.region)
        store = self._changes.end_federation(version)
        return {"EventDataStoreArn": store.arn, "FederationStatus": store.federation_status}

"""What authorization is told of an event data store comes from its newest version."""

from pathlib import Path

import msgspec

from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.server.rooms.owned_resources import owned_resources

ACCOUNT = "123456789012"
ID = "11111111-1111-1111-1111-111111111111"
ARN = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:eventdatastore/{ID}"


def test_how_long_a_store_keeps_events_is_known_where_shortening_is_decided(tmp_path: Path) -> None:
    engine = open_catalog(tmp_path)
    try:
        stores = EventDataStores(engine)
        made = EventDataStore(
            id=ID, arn=ARN, name="evidence", account=ACCOUNT, region="eu-west-1", selectors=(), retention_days=365
        )
        version = stores.create(made, lambda: 0)
        resources = owned_resources(engine)
        found = resources.find(ARN)
        assert found is not None
        assert (found.account, found.retention_days) == (ACCOUNT, 365)
        stores.replace(version, msgspec.structs.replace(made, retention_days=90), lambda: 1)
        shortened = resources.find(ARN)
        assert shortened is not None
        assert shortened.retention_days == 90
        assert resources.find(ARN.replace(ACCOUNT, "210987654321")) is None
    finally:
        engine.dispose()

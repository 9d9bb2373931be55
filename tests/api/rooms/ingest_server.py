"""The API with the rooms of channels, audit events and imports, and stores for them."""

import json
import uuid
from pathlib import Path
from typing import Any

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.organizations import Organizations
from opentrail.accounts.principal import root
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.lake.stores import store_arn
from opentrail.server.rooms.ingest import ingest_rooms
from opentrail.wire.http import HttpResponse
from tests.api.conftest import ACCOUNT, REGION, Server, parsed, signed
from tests.api.rooms.conftest import STRANGER, Refused
from tests.lake.imports.import_room import FolderBuckets
from tests.wire.boto_requests import capture, client

TOKEN_KEY = b"t" * 32


class IngestServer(Server):
    """Calls answer as boto3 reads them, or raise Refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.keys.learn(AccessKey(f"AKIA{STRANGER}", "secret", root(STRANGER)))
        self.buckets = FolderBuckets(folder / "buckets")
        organizations = Organizations(self.engine, self.clock)
        rooms = ingest_rooms(
            self.engine,
            self.intake,
            self.journal,
            self.clock,
            TOKEN_KEY,
            self.buckets,
            organizations,
            require_key=lambda _: None,
        )
        self.api._around.rooms.update(rooms)
        self.stores = EventDataStores(self.engine)
        self.store = self.add_store("audit").arn

    def add_store(self, name: str, category: str = "ActivityAuditLog", **change: Any) -> EventDataStore:
        store_id = str(uuid.uuid4())
        told = {
            "id": store_id,
            "arn": store_arn(store_id, ACCOUNT, REGION),
            "name": name,
            "account": ACCOUNT,
            "region": REGION,
            "category": category,
            "selectors": (),
            "retention_days": 366,
            **change,
        }
        return self.stores.create(EventDataStore(**told), lambda: 0).store

    def ask(self, operation: str, /, *, service: str = "cloudtrail", **parameters: Any) -> dict[str, Any]:
        return self.read(self.send(capture(client(service), operation, **parameters)), operation, service)

    def read(self, response: HttpResponse, operation: str, service: str = "cloudtrail") -> dict[str, Any]:
        name = "".join(part.capitalize() for part in operation.split("_"))
        answer = parsed(response, name, service)
        if response.status != 200:
            assert response.status == 400 or response.status == 503, response
            raise Refused(answer["Error"]["Code"], answer["Error"].get("Message", ""))
        return answer

    def add_channel(self, name: str = "orders", source: str = "Custom", *stores: str) -> str:
        """Its ARN."""
        destinations = [{"Type": "EVENT_DATA_STORE", "Location": arn} for arn in stores or (self.store,)]
        return self.ask("create_channel", Name=name, Source=source, Destinations=destinations)["ChannelArn"]

    def put(self, channel: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
        return self.ask(
            "put_audit_events", service="cloudtrail-data", channelArn=channel, auditEvents=list(events), **more
        )

    def put_raw(self, query: str, body: bytes) -> HttpResponse:
        headers = {"Content-Type": "application/json"}
        return self.send(signed(body, "cloudtrail-data", f"/PutAuditEvents{query}", **headers))

    def stored(self, channel: str) -> list[dict[str, Any]]:
        """What came by the channel, as it is in the journal."""
        origin = f"channel:{channel.rpartition('/')[2]}"
        found = self.journal.read(0, 100_000, origins=origin.__eq__)
        return [json.loads(body) for batch in found for body in batch.entries.bodies]

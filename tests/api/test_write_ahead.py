"""The guarantee `write-ahead` at the API's own door: the intent of a change is on disk before it is made."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from opentrail.api import CloudTrailApi
from opentrail.api.call import Asked, Room
from opentrail.journal import JournalUnwritable
from tests.api.conftest import ACCOUNT, Server
from tests.wire.boto_requests import capture, client


class ChangeRoom:
    """A room whose change notes which intents were on disk when it was made, and can fail."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.failure: Exception | None = None
        self.intents: list[dict[str, Any]] = []
        self.changes = 0

    def answer(self, asked: Asked) -> Mapping[str, Any]:
        self.intents = [json.loads(intent.body) for intent in self._server.journal.intents()]
        self.changes += 1
        if self.failure is not None:
            raise self.failure
        return {"Name": asked.parameters["Name"]} if "Name" in asked.parameters else {}


@pytest.fixture
def change(server: Server) -> ChangeRoom:
    return ChangeRoom(server)


@pytest.fixture
def api(server: Server, change: ChangeRoom) -> Iterator[CloudTrailApi]:
    made = CloudTrailApi(
        server.keys, server.intake, server.clock, server.history.lookup, token_key=b"t" * 32, home_account=ACCOUNT,
        guarantee="write-ahead",
    )  # fmt: skip
    rooms: Any = made._around.rooms
    rooms["CreateTrail"] = Room(change.answer)
    rooms["LookupEvents"] = Room(change.answer)
    yield made
    made.close()


def _create(api: CloudTrailApi) -> int:
    sent = capture(client("cloudtrail"), "create_trail", Name="audit", S3BucketName="logs")
    return asyncio.run(api.answer(sent.request, sent.body)).status


def test_a_change_is_announced_before_it_is_made(api: CloudTrailApi, server: Server, change: ChangeRoom) -> None:
    assert _create(api) == 200
    (intent,) = change.intents
    assert (intent["eventName"], intent["additionalEventData"]) == ("CreateTrail", {"outcome": "unknown"})
    assert intent["requestParameters"] == {"name": "audit", "s3BucketName": "logs"}
    (record,) = server.records()
    assert record["eventName"] == "CreateTrail" and "additionalEventData" not in record
    assert server.journal.intents() == []


def test_a_change_that_fails_ends_its_intent_too(api: CloudTrailApi, server: Server, change: ChangeRoom) -> None:
    change.failure = RuntimeError("broken")
    assert _create(api) == 500
    (record,) = server.records()
    assert record["errorCode"] == "InternalFailure" and server.journal.intents() == []


def test_without_an_intent_no_change_is_made(
    api: CloudTrailApi, server: Server, change: ChangeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(body: bytes, **options: Any) -> Any:
        raise JournalUnwritable("disk full")

    monkeypatch.setattr(server.journal, "submit_intent", full)
    assert _create(api) == 503
    assert change.changes == 0 and server.records() == []


def test_what_only_reads_needs_no_intent(api: CloudTrailApi, server: Server, change: ChangeRoom) -> None:
    sent = capture(client("cloudtrail"), "lookup_events")
    assert asyncio.run(api.answer(sent.request, sent.body)).status == 200
    assert change.changes == 1 and change.intents == []
    assert [record["eventName"] for record in server.records()] == ["LookupEvents"]

"""PutAuditEvents by the API: limits and faults of calls, each event once, durable, recorded as one data event."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from opentrail.catalog.channels import Channels
from opentrail.journal import JournalUnwritable
from opentrail.lake.audit_events import AuditEvent, AuditEvents
from opentrail.lake.audit_events.event_data import checksum
from opentrail.lake.channel_destinations import ChannelDestinations
from opentrail.lake.channel_faults import AuditEventsNotKept
from opentrail.lake.channel_registry import ChannelRegistry
from tests.api.conftest import ACCOUNT, REGION
from tests.api.rooms.conftest import STRANGER, Refused
from tests.api.rooms.ingest_server import IngestServer
from tests.lake.audit_events.making import event_data


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IngestServer]:
    server = IngestServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def channel(server: IngestServer) -> str:
    return server.add_channel()


def event(event_id: str = "e1", **change) -> dict[str, str]:
    return {"id": event_id, "eventData": json.dumps(event_data(**change))}


def refused(server: IngestServer, channel: str, *events: dict[str, str]) -> str:
    with pytest.raises(Refused) as fault:
        server.put(channel, *events)
    return fault.value.code


def test_events_are_kept_stamped_and_answered(server, channel):
    text = json.dumps(event_data(UID="r-1"))
    answer = server.put(channel, {"id": "a", "eventData": text, "eventDataChecksum": checksum(text)}, event("b"))
    assert answer["failed"] == []
    assert [one["id"] for one in answer["successful"]] == ["a", "b"]
    first, second = server.stored(channel)
    assert first["eventID"] == answer["successful"][0]["eventID"] != second["eventID"]
    assert first["metadata"]["channelARN"] == channel
    assert (first["awsRegion"], first["recipientAccountId"]) == (REGION, ACCOUNT)
    batch = server.journal.read(0, 10, origins=lambda origin: origin.startswith("channel:"))[0]
    assert batch.entries.categories == ["ActivityAuditLog"] * 2
    assert batch.entries.times_us == [1_772_619_331_000_000] * 2


def test_the_channel_may_be_named_by_its_id(server, channel):
    assert server.put(channel.rpartition("/")[2], event())["failed"] == []
    assert len(server.stored(channel)) == 1


def test_an_event_that_is_refused_holds_up_no_other(server, channel):
    answer = server.put(channel, event("bad", eventName=None), event("good"), event("odd", eventTime="now"))
    assert [one["id"] for one in answer["successful"]] == ["good"]
    assert [(one["id"], one["errorCode"]) for one in answer["failed"]] == [
        ("bad", "FieldNotFound"),
        ("odd", "InvalidData"),
    ]
    assert all(one["errorMessage"] for one in answer["failed"])
    assert len(server.stored(channel)) == 1


def test_a_call_is_one_data_event_without_its_events(server, channel):
    before = len(server.records())
    server.put(channel, *(event(f"e{number}") for number in range(100)), externalId="ext-1")
    records = server.records()[before:]
    (record,) = [record for record in records if record.get("eventName") == "PutAuditEvents"]
    assert len(records) == 101
    assert (record["eventSource"], record["eventCategory"]) == ("cloudtrail-data.amazonaws.com", "Data")
    assert record["requestParameters"] == {"channelArn": channel, "externalId": "ext-1"}
    assert record["responseElements"] is None
    assert record["additionalEventData"] == {"successful": 100, "failed": 0}
    assert record["resources"] == [{"accountId": ACCOUNT, "type": "AWS::CloudTrail::Channel", "ARN": channel}]


def test_whole_calls_that_are_wrong(server, channel):
    unknown = channel[:-12] + "0" * 12
    assert refused(server, unknown, event()) == "ChannelNotFound"
    assert refused(server, "arn:aws:cloudtrail:eu-west-1:123456789012:trail/x", event()) == "InvalidChannelARN"
    assert refused(server, "orders", event()) == "InvalidChannelARN"
    assert refused(server, channel, event("a"), event("b"), event("a")) == "DuplicatedAuditEventId"
    assert refused(server, channel, *(event(f"e{number}") for number in range(101))) == "ValidationException"
    assert refused(server, channel, event("a b")) == "ValidationException"
    assert refused(server, channel, event("x" * 129)) == "ValidationException"
    assert refused(server, channel.replace(REGION, "us-east-1"), event()) == "ChannelNotFound"
    assert server.stored(channel) == []


def test_another_account_may_not_put(server, channel):
    from urllib.parse import quote

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from tests.wire.boto_requests import from_url

    body = json.dumps({"auditEvents": [event()]}).encode()
    url = f"http://127.0.0.1:4566/PutAuditEvents?channelArn={quote(channel, safe='')}"
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
    SigV4Auth(Credentials(f"AKIA{STRANGER}", "secret"), "cloudtrail-data", REGION).add_auth(request)
    response = server.send(from_url("POST", request.url, body, dict(request.headers.items())))
    assert (response.status, dict(response.headers)["x-amzn-ErrorType"]) == (400, "ChannelInsufficientPermission")
    assert server.stored(channel) == []


HOSTILE = (
    b"", b"{}", b"[]", b"null", b'{"auditEvents":null}', b'{"auditEvents":[]}', b'{"auditEvents":{}}',
    b'{"auditEvents":[null]}', b'{"auditEvents":[[]]}', b'{"auditEvents":[{}]}', b'{"auditEvents":["x"]}',
    b'{"auditEvents":[{"id":1,"eventData":"{}"}]}', b'{"auditEvents":[{"id":"e","eventData":{}}]}',
    b'{"auditEvents":[{"id":"e","eventData":"{}","eventDataChecksum":7}]}',
    b'{"auditEvents":[{"id":"e\\n","eventData":"{}"}]}',
    b'{"auditEvents":[{"id":"e","eventData":"\\ud800"}]}', b"\xff\xfe", b'{"auditEvents":' + b"[" * 100_000,
    b'{"auditEvents":[{"id":"","eventData":""}]}', b'{"auditevents":[{"id":"e","eventData":"{}"}]}',
)  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_bodies_are_refused_and_never_a_500(server, channel, body):
    response = server.put_raw(f"?channelArn={channel.replace(':', '%3A')}", body)
    assert response.status == 400
    assert dict(response.headers)["x-amzn-ErrorType"] in ("SerializationException", "ValidationException")
    assert server.stored(channel) == []


@pytest.mark.parametrize(
    "query", ["", "?", "?channelArn=", "?channelArn", "?channelArn=%00", "?channelArn=%ff", "?x=1"]
)
def test_hostile_queries_are_refused_and_never_a_500(server, query):
    response = server.put_raw(query, json.dumps({"auditEvents": [event()]}).encode())
    assert response.status == 400
    assert dict(response.headers)["x-amzn-ErrorType"] in ("InvalidChannelARN", "ValidationException")


def test_the_last_of_equal_members_counts_and_unknown_ones_do_not(server, channel):
    text = json.dumps(json.dumps(event_data()))
    body = f'{{"auditEvents":[],"auditEvents":[{{"id":"e","eventData":{text},"more":1}}],"x":[1]}}'.encode()
    response = server.put_raw(f"?channelArn={channel.replace(':', '%3A')}", body)
    assert response.status == 200, response.body
    assert len(server.stored(channel)) == 1


def test_an_event_that_is_sent_again_is_kept_once_and_answered_alike(server, channel):
    first = server.put(channel, event("a"), event("b"))
    server.clock.advance(30)
    again = server.put(channel, event("b"), event("c"), event("a"))
    ids = {one["id"]: one["eventID"] for one in again["successful"]}
    assert {one["id"]: one["eventID"] for one in first["successful"]} == {"a": ids["a"], "b": ids["b"]}
    assert len(server.stored(channel)) == 3
    assert again["failed"] == []


def test_the_same_id_with_another_text_or_channel_is_another_event(server, channel):
    server.put(channel, event("1"))
    server.put(channel, event("1", UID="r-992"))
    other = server.add_channel("other", "Okta")
    server.put(other, event("1"))
    assert len({one["eventID"] for one in server.stored(channel) + server.stored(other)}) == 3


def audit_events(server: IngestServer, intake=None) -> AuditEvents:
    """As a process that was just started."""
    registry = ChannelRegistry(Channels(server.engine), server.stores, server.clock)
    return AuditEvents(registry, intake or server.intake, server.journal, server.clock)


def put(audit: AuditEvents, channel: str, *events: dict[str, str]):
    return audit.put(channel, [AuditEvent(**one) for one in events], ACCOUNT, REGION)


def test_after_a_restart_what_came_last_is_known(server, channel):
    first = server.put(channel, event("a"))
    again = put(audit_events(server), channel, event("a"), event("b")).result(10)
    assert again["successful"][0] == first["successful"][0]
    assert len(server.stored(channel)) == 2


class SlowIntake:
    """An intake whose disk answers when it is told to."""

    def __init__(self, intake) -> None:
        self._intake = intake
        self.submitted: list[tuple[object, str, Future]] = []

    def submit(self, entries, origin):
        future: Future = Future()
        self.submitted.append((entries, origin, future))
        return future

    def duplicates(self, count, origin) -> None:
        self._intake.duplicates(count, origin)

    def write(self) -> None:
        entries, origin, future = self.submitted.pop(0)
        future.set_result(self._intake.append(entries, origin))

    def fail(self) -> None:
        self.submitted.pop(0)[2].set_exception(JournalUnwritable("no disk"))


def test_a_repetition_waits_for_the_first_which_is_under_way(server, channel):
    slow = SlowIntake(server.intake)
    audit = audit_events(server, slow)
    first = put(audit, channel, event("a"), event("b"))
    second = put(audit, channel, event("b"), event("c"))
    assert not first.done() and not second.done()
    assert [entries.count for entries, _, _ in slow.submitted] == [2, 1]
    slow.submitted.reverse()
    slow.write()
    assert not second.done(), "b is not durable yet"
    slow.write()
    assert first.result(5)["failed"] == second.result(5)["failed"] == []
    assert len(server.stored(channel)) == 3


def test_what_failed_to_be_kept_may_be_sent_again(server, channel):
    slow = SlowIntake(server.intake)
    audit = audit_events(server, slow)
    first = put(audit, channel, event("a"))
    second = put(audit, channel, event("a"))
    slow.fail()
    for future in (first, second):
        with pytest.raises(AuditEventsNotKept):
            future.result(5)
    third = put(audit, channel, event("a"))
    slow.write()
    assert third.result(5)["successful"]
    assert len(server.stored(channel)) == 1


def test_many_threads_that_send_the_same_events_keep_each_once(server, channel):
    audit = audit_events(server)
    answers: list[dict] = []

    def send() -> None:
        for start in range(0, 60, 20):
            answers.append(put(audit, channel, *(event(f"e{n}") for n in range(start, start + 20))).result(20))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 18
    assert len(server.stored(channel)) == 60


def test_a_full_disk_is_told_and_nothing_is_recorded_as_kept(server, channel):
    server.writable = False
    assert refused(server, channel, event()) == "ServiceUnavailable"
    assert server.stored(channel) == []


def test_a_channel_whose_stores_take_nothing(server, channel):
    (version,) = server.stores.of_account(ACCOUNT, REGION)
    import msgspec

    server.stores.replace(version, msgspec.structs.replace(version.store, status="PENDING_DELETION"), lambda: 1)
    answer = server.put(channel, event())
    assert [one["errorCode"] for one in answer["failed"]] == ["AccountNotSubscribed"]


def test_get_channel_tells_what_came_in_last(server, channel):
    server.put(channel, event("a"))
    server.clock.advance(60)
    good = server.put(channel, event("b"), event("c", version=None))["successful"][0]["eventID"]
    status = server.ask("get_channel", Channel=channel)["IngestionStatus"]
    assert status["LatestIngestionSuccessEventID"] == good
    assert status["LatestIngestionErrorCode"] == "FieldNotFound"
    assert int(status["LatestIngestionSuccessTime"].timestamp()) == server.clock.now_us() // 1_000_000
    assert status["LatestIngestionAttemptTime"] == status["LatestIngestionSuccessTime"]
    fresh = ChannelRegistry(Channels(server.engine), server.stores, server.clock)
    assert fresh.status(channel.rpartition("/")[2]).succeeded_event == good, "after a restart too"


def test_where_a_batch_goes_follows_the_channel_of_its_time(server, channel):
    destinations = ChannelDestinations(Channels(server.engine))
    channel_id = channel.rpartition("/")[2]
    server.put(channel, event("a"))
    first = server.journal.head()
    other = server.add_store("other").arn
    server.ask("update_channel", Channel=channel, Destinations=[{"Type": "EVENT_DATA_STORE", "Location": other}])
    server.put(channel, event("b"))
    second = server.journal.head()
    server.ask("delete_channel", Channel=channel)
    assert refused(server, channel, event("c")) == "ChannelNotFound"
    assert destinations(channel_id, first - 1) == {server.store.rpartition("/")[2]}
    assert destinations(channel_id, second - 1) == {other.rpartition("/")[2]}
    assert destinations("7f000000-0000-4000-8000-000000000099", 1) == set()


def test_a_call_is_answered_in_rest_json(server, channel):
    response = server.put_raw(f"?channelArn={channel}", json.dumps({"auditEvents": [event()]}).encode())
    assert (response.status, dict(response.headers)["Content-Type"]) == (200, "application/json")
    assert json.loads(response.body).keys() == {"successful", "failed"}

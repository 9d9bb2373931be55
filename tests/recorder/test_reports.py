"""The door for calls that programs report themselves: who may, what the server sets, and that a batch is kept once."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from opentrail import limits, telemetry
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.principal import iam_user, root
from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.recorder.client_side.reported import PATH
from opentrail.recorder.reports import Reports
from opentrail.wire.http import HttpRequest, HttpResponse
from tests.recorder.rig import ACCOUNT, KEY, OTHER_ACCOUNT, SECRET, USER_KEY, USER_SECRET

LEARNED_KEY = "AKIAEXAMPLELEARNED01"
RECORD: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "999988887777", "accessKeyId": "AKIASOMEWHEREELSE001"},
    "eventTime": "2026-03-04T10:00:00Z",
    "eventSource": "sqs.amazonaws.com",
    "eventName": "CreateQueue",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "forged.example.com",
    "userAgent": "Boto3",
    "requestParameters": {"queueName": "q"},
    "responseElements": None,
    "additionalEventData": {"recordedBy": "somebody", "detail": 1},
    "requestID": "request-1",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "999988887777",
    "eventCategory": "Management",
}


class Door:
    """Reports over a real journal; `restart` forgets all but the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SettableClock(datetime.now(UTC))
        self.engine = open_catalog(folder / "catalog")
        configured = [
            AccessKey(KEY, SECRET, root(ACCOUNT)),
            AccessKey(USER_KEY, USER_SECRET, iam_user(OTHER_ACCOUNT, "dana", "AIDAEXAMPLEUSER00001")),
        ]
        self.keys = AccessKeys(self.engine, b"k" * 32, configured)
        self.keys.learn(AccessKey(LEARNED_KEY, "learned", root(ACCOUNT)))
        self.open()

    def open(self) -> None:
        self.journal = Journal.open(self.folder / "journal", self.clock)
        self.intake = Intake(self.journal, self.clock)
        reporters = frozenset({KEY, USER_KEY})
        self.reports = Reports(
            self.keys, reporters, self.intake, self.journal, self.clock, lambda request: request.client
        )

    def restart(self) -> None:
        self.intake.close()
        self.journal.close()
        self.open()

    def close(self) -> None:
        self.intake.close()
        self.journal.close()
        self.engine.dispose()

    async def _post(self, *sent: tuple[HttpRequest, bytes]) -> list[HttpResponse]:
        return await asyncio.gather(*(self.reports.answer(*one) for one in sent))

    def post(self, body: Any, **signed: Any) -> tuple[int, Any]:
        (answer,) = asyncio.run(self._post(request(body, **signed)))
        return answer.status, code_of(answer) or json.loads(answer.body)

    def records(self) -> list[dict[str, Any]]:
        found = self.journal.read(0, 1_000_000)
        return [json.loads(body) for batch in found for body in batch.entries.bodies]


def request(
    body: Any, key: str = KEY, secret: str = SECRET, service: str = "opentrail", method: str = "POST"
) -> tuple[HttpRequest, bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = AWSRequest(method, f"http://opentrail:4566{PATH}", headers={"Content-Type": "application/json"}, data=data)
    SigV4Auth(Credentials(key, secret), service, "us-east-1").add_auth(sent)
    headers = [(name.lower(), value) for name, value in sent.headers.items()]
    return HttpRequest(method, PATH, "", (("host", "opentrail:4566"), *headers), "192.0.2.9", "http"), data


def code_of(answer: HttpResponse) -> str:
    return dict(answer.headers).get("x-amzn-errortype", "")


def batch(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = [{**(record or RECORD), "eventID": str(uuid.uuid4())} for record in records or (RECORD,)]
    return {"batch_id": str(uuid.uuid4()), "attempt": 1, "records": made, **more}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    made.close()


def test_what_the_server_knows_better_it_sets(door: Door) -> None:
    sent = batch()
    assert door.post(sent, key=USER_KEY, secret=USER_SECRET) == (200, {"kept": 1})
    (record,) = door.records()
    said = sent["records"][0]
    assert record["sourceIPAddress"] == "192.0.2.9" and record["recipientAccountId"] == OTHER_ACCOUNT
    more = record["additionalEventData"]
    assert (more["recordedBy"], more["detail"]) == ("client", 1)
    assert more["reportedBy"] == f"arn:aws:iam::{OTHER_ACCOUNT}:user/dana" and more["reportedAt"].endswith("Z")
    for name in said.keys() - {"sourceIPAddress", "recipientAccountId", "additionalEventData"}:
        assert record.get(name) == said[name]
    (kept,) = door.journal.read(0, 10)
    assert (kept.origin, kept.entries.accounts) == ("live", [OTHER_ACCOUNT])


@pytest.mark.parametrize(
    ("signed", "status", "code"),
    [
        ({"secret": "wrong"}, 403, "InvalidSignatureException"),
        ({"key": "AKIANOBODYKNOWSTHIS1"}, 403, "UnrecognizedClientException"),
        ({"key": LEARNED_KEY, "secret": "learned"}, 403, "AccessDeniedException"),
        ({"service": "cloudtrail"}, 403, "InvalidSignatureException"),
        ({"method": "PUT"}, 400, "ValidationException"),
    ],
)
def test_only_configured_principals_report(door: Door, signed: dict[str, str], status: int, code: str) -> None:
    assert door.post(batch(), **signed) == (status, code)
    assert door.records() == []


def test_a_changed_body_and_a_missing_signature_are_refused(door: Door) -> None:
    head, data = request(batch())
    (changed,) = asyncio.run(door._post((head, data.replace(b"CreateQueue", b"DeleteQueue"))))
    assert changed.status in (400, 403)
    bare = HttpRequest("POST", PATH, "", (("host", "opentrail"),), "192.0.2.9", "http")
    (unsigned,) = asyncio.run(door._post((bare, data)))
    assert code_of(unsigned) == "MissingAuthenticationTokenException"
    assert door.records() == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"batch_id":"x","records":[]}',
        {"batch_id": "0" * 36, "records": [{}] * (limits.CLIENT_BATCH_RECORDS + 1)},
        {"batch_id": "0" * 36, "records": [1]},
        {"batch_id": "0" * 36, "records": [], "other": 1},
        batch({**RECORD, "eventType": "AwsConsoleSignIn"}),
        batch({**RECORD, "eventCategory": "Insight"}),
        batch({**RECORD, "unheardOf": 1}),
        batch({**RECORD, "eventTime": "yesterday"}),
        batch({**RECORD, "eventTime": "2199-01-01T00:00:00Z"}),
        batch(RECORD, {**RECORD, "eventTime": None}),
        batch(lost={"calls": 0, "from_us": 1790000000000000, "to_us": 1790000000000000}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_whole(door: Door, body: Any) -> None:
    assert door.post(body) == (400, "ValidationException")
    assert door.records() == []


def test_a_batch_that_is_sent_again_is_kept_once(door: Door) -> None:
    sent = batch({}, {})
    again = {**sent, "attempt": 2}
    assert door.post(sent) == door.post(again) == (200, {"kept": 2})
    assert len(door.records()) == 2


def test_a_batch_that_is_sent_again_while_it_is_kept_is_kept_once(door: Door) -> None:
    sent = batch({}, {})
    both = asyncio.run(door._post(request(sent), request({**sent, "attempt": 2})))
    assert [answer.status for answer in both] == [200, 200]
    assert len(door.records()) == 2


def test_a_batch_that_is_sent_again_after_a_restart_is_kept_once(door: Door) -> None:
    kept, lost = batch({}, {}), batch({})
    assert door.post(kept)[0] == 200
    door.restart()
    assert door.post({**kept, "attempt": 2}) == (200, {"kept": 2})
    assert door.post({**lost, "attempt": 3}) == (200, {"kept": 1})
    assert len(door.records()) == 3


def test_a_batch_that_failed_may_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = batch()
    monkeypatch.setattr(door.journal, "writable", lambda: False)
    assert door.post(sent) == (503, "ServiceUnavailable")
    monkeypatch.undo()
    assert door.post({**sent, "attempt": 2}) == (200, {"kept": 1})
    assert len(door.records()) == 1


def test_lost_calls_are_an_event(door: Door) -> None:
    before = telemetry.CLIENT_CALLS_LOST._value.get()
    lost = {"calls": 7, "from_us": 1_790_000_000_000_000, "to_us": 1_790_000_005_000_000}
    sent = batch(lost=lost)
    assert door.post(sent) == door.post({**sent, "attempt": 2}) == (200, {"kept": 1})
    told = [record for record in door.records() if record["eventType"] == "AwsServiceEvent"]
    assert [record["eventName"] for record in told] == ["ClientRecordsLost"]
    assert told[0]["serviceEventDetails"]["callsNotRecorded"] == 7
    assert told[0]["serviceEventDetails"]["reportedBy"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert telemetry.CLIENT_CALLS_LOST._value.get() - before == 7


def test_a_report_that_is_too_long(door: Door) -> None:
    told = door.reports.too_long(request(batch())[0])
    assert (told.status, code_of(told)) == (413, "RequestEntityTooLargeException")

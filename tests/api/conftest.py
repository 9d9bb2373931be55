"""The real API over a real journal and history, called with what real boto3 clients send."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.parsers import create_parser

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.principal import root
from opentrail.api import CloudTrailApi
from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock
from opentrail.history.lookup import History
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.wire.http import HttpRequest, HttpResponse
from opentrail.wire.service_models import service_model
from tests.wire.boto_requests import ACCESS_KEY, SECRET, Sent, capture, client, from_url

ACCOUNT = "123456789012"
REGION = "eu-west-1"
TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."


class Server:
    """One data folder with the API in front."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SettableClock(datetime.now(UTC))
        self.journal = Journal.open(folder / "journal", self.clock)
        self.intake = Intake(self.journal, self.clock, home_account=ACCOUNT)
        self.engine = open_catalog(folder / "catalog", busy_seconds=1.0)
        self.keys = AccessKeys(self.engine, b"m" * 32, [AccessKey(ACCESS_KEY, SECRET, root(ACCOUNT))], self.clock)
        self.history = History.open(folder / "tables", self.journal, self.clock)
        self.writable = True
        self.api = CloudTrailApi(
            self.keys,
            self.intake,
            self.clock,
            self.history.lookup,
            token_key=b"t" * 32,
            home_account=ACCOUNT,
            may_record=lambda: self.writable,
        )

    def send(self, sent: Sent) -> HttpResponse:
        return asyncio.run(self.api.answer(sent.request, sent.body))

    def call(self, operation: str, /, **parameters: Any) -> HttpResponse:
        return self.send(capture(client("cloudtrail"), operation, **parameters))

    def lookup(self, **parameters: Any) -> dict[str, Any]:
        response = self.call("lookup_events", **parameters)
        assert response.status == 200, response.body
        return parsed(response, "LookupEvents")

    def raw(self, operation: str, body: bytes, **headers: str) -> HttpResponse:
        """A hand-made call, signed as it is."""
        return self.send(signed(body, **{"X-Amz-Target": TARGET + operation, **headers}))

    def records(self) -> list[dict[str, Any]]:
        """Everything that is durable in the journal, in order."""
        found = self.journal.read(0, 100_000)
        return [json.loads(body) for batch in found for body in batch.entries.bodies]

    def keep(self, **fields: Any) -> None:
        """One event of somebody else's call."""
        self.intake.live(
            {
                "userIdentity": {
                    "type": "IAMUser",
                    "accountId": ACCOUNT,
                    "userName": "dana",
                    "accessKeyId": "AKIADANA",
                },
                "eventSource": "iam.amazonaws.com",
                "eventName": "CreateUser",
                "awsRegion": REGION,
                "sourceIPAddress": "203.0.113.7",
                "readOnly": False,
                "recipientAccountId": ACCOUNT,
                "requestParameters": {"userName": "robin"},
            }
            | fields
        ).result()

    def see_all(self) -> None:
        """Wait until history has read what the journal holds."""
        head = self.journal.head()
        deadline = datetime.now(UTC).timestamp() + 10
        while self.history.position < head:
            assert datetime.now(UTC).timestamp() < deadline

    def close(self) -> None:
        self.api.close()
        self.history.close()
        self.intake.close()
        self.journal.close()
        self.keys.close()
        self.engine.dispose()


def parsed(response: HttpResponse, operation: str, service: str = "cloudtrail") -> dict[str, Any]:
    """The answer as botocore reads it."""
    model = service_model(service).operation_model(operation)
    headers = {name.lower(): value for name, value in response.headers}
    return create_parser("json" if service == "cloudtrail" else "rest-json").parse(
        {"headers": headers, "status_code": response.status, "body": response.body}, model.output_shape
    )


def signed(body: bytes, service: str = "cloudtrail", path: str = "/", method: str = "POST", **headers: str) -> Sent:
    """A request of our own making, signed by botocore."""
    from botocore.auth import SigV4Auth
    from botocore.credentials import Credentials

    headers = {"Content-Type": "application/x-amz-json-1.1", **headers}
    headers = {name: value for name, value in headers.items() if value}
    request = AWSRequest(method, f"http://127.0.0.1:4566{path}", headers=headers, data=body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET), service, REGION).add_auth(request)
    return from_url(method, request.url, body, dict(request.headers.items()))


def without_header(sent: Sent, name: str) -> Sent:
    headers = tuple((n, v) for n, v in sent.request.headers if n != name)
    return dataclasses.replace(sent, request=dataclasses.replace(sent.request, headers=headers))


def replaced(request: HttpRequest, **change: Any) -> HttpRequest:
    return dataclasses.replace(request, **change)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()

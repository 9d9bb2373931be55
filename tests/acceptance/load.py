"""Load for the crash tests: clients that note every answered call, and log files to import meanwhile."""

import gzip
import json
import threading
import uuid
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from tests.acceptance.program import Program


class Clients:
    """`count` clients that call as fast as they are answered, until the server is gone or they are stopped.

    `answered` holds the request ids of the calls whose answer arrived.
    """

    def __init__(self, program: Program, count: int) -> None:
        self._program = program
        self._stop = threading.Event()
        self.answered: list[str] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(count)]

    def start(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def _call(self) -> None:
        client = self._program.client("cloudtrail", config={"connect_timeout": 2, "read_timeout": 5})
        while not self._stop.is_set():
            try:
                answer = client.lookup_events(MaxResults=1)
            except ClientError as refused:
                answer = refused.response
            except (BotoCoreError, HTTPClientError, ConnectionError):
                return
            self.answered.append(answer["ResponseMetadata"]["RequestId"])

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)


def write_log_files(folder: Path, files: int, records: int) -> set[str]:
    """Log files of made-up records as AWS writes them; returns their event IDs."""
    folder.mkdir(parents=True, exist_ok=True)
    identifiers: set[str] = set()
    for number in range(files):
        batch: list[dict[str, Any]] = []
        for row in range(records):
            identifier = str(uuid.uuid4())
            identifiers.add(identifier)
            batch.append(
                {
                    "eventVersion": "1.08",
                    "userIdentity": {"type": "IAMUser", "accountId": "123456789012", "userName": f"u{row % 7}"},
                    "eventTime": f"2023-07-{1 + number % 28:02d}T10:{row // 60 % 60:02d}:{row % 60:02d}Z",
                    "eventSource": "iam.amazonaws.com",
                    "eventName": "GetUser",
                    "awsRegion": "us-east-1",
                    "sourceIPAddress": "203.0.113.7",
                    "userAgent": "made-up",
                    "requestParameters": {"userName": f"user-{row}"},
                    "responseElements": None,
                    "requestID": str(uuid.uuid4()),
                    "eventID": identifier,
                    "readOnly": True,
                    "eventType": "AwsApiCall",
                    "managementEvent": True,
                    "recipientAccountId": "123456789012",
                    "eventCategory": "Management",
                }
            )
        slot = f"20230710T{number // 60 % 24:02d}{number % 60:02d}Z"
        name = f"123456789012_CloudTrail_us-east-1_{slot}_{uuid.uuid4().hex[:16]}.json.gz"
        document = json.dumps({"Records": batch}, separators=(",", ":")).encode()
        (folder / name).write_bytes(gzip.compress(document, 1))
    return identifiers

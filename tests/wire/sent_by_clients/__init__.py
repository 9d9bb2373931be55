"""Requests as real clients put them on the wire, kept in files; this package run as a program records them anew.

    python -m tests.wire.sent_by_clients javascript node javascript.mjs     in a folder with the SDK's packages
    python -m tests.wire.sent_by_clients aws-cli bash aws_cli.sh

The first word names the file (NAME.jsonl.gz beside this one); what follows is run with ENDPOINT and TOKEN in its
environment. A line is one request: `at` (when it came, ISO 8601), `method`, `target`, `headers` in their order with
names in lower case, `body` in base64 without transfer coding.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from opentrail.wire.http import HttpRequest

FOLDER = Path(__file__).parent
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
TEMPORARY_KEY = "ASIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEJr//////////wEaDK+example/token=="
CLIENTS = ("javascript", "aws-cli")


@dataclass(frozen=True)
class Sent:
    """One request, and when it came."""

    client: str
    request: HttpRequest
    body: bytes
    at: datetime


def sent_by(client: str) -> Iterator[Sent]:
    """What `client` was recorded to send."""
    with gzip.open(FOLDER / f"{client}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            path, _, query = one["target"].partition("?")
            headers = tuple((name, value) for name, value in one["headers"])
            request = HttpRequest(one["method"], path, query, headers, "127.0.0.1", "http")
            yield Sent(client, request, base64.b64decode(one["body"]), datetime.fromisoformat(one["at"]))

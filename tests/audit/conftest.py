"""An endpoint that answers PutAuditEvents as it is told to, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from opentrail import limits
from opentrail.audit import AuditLog, Failure

ACCOUNT = "123456789012"
CHANNEL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:channel/7f000000-0000-4000-8000-000000000001"


class Endpoint:
    """Keeps each event once by its id. `script`: what the next calls get instead; see `answer`."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, str]]] = []
        self.queries: list[dict[str, str]] = []
        self.kept: dict[str, dict[str, Any]] = {}
        self.script: list[Any] = []
        self.held = threading.Event()
        self.held.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.held.wait(20)
                status, answer, code = endpoint.answer(self.path, json.loads(body)["auditEvents"])
                if status == 0:
                    self.close_connection = True
                    return
                told = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, events: list[dict[str, str]]) -> tuple[int, Any, str]:
        """As the script says: (status, code) of the whole call, or the code of each event by its id."""
        self.calls.append(events)
        self.queries.append(dict(parse_qsl(urlsplit(path).query)))
        scripted = self.script.pop(0) if self.script else {}
        if isinstance(scripted, tuple):
            return scripted[0], {"message": "scripted"}, scripted[1]
        successful, failed = [], []
        for event in events:
            code = scripted.get(event["id"], scripted.get("*"))
            if code is None:
                self.kept.setdefault(event["id"], json.loads(event["eventData"]))
                successful.append({"id": event["id"], "eventID": "9e000000-aaaa-4bbb-8ccc-000000000001"})
            else:
                failed.append({"id": event["id"], "errorCode": code, "errorMessage": f"because of {code}"})
        return 200, {"successful": successful, "failed": failed}, ""

    def close(self) -> None:
        self.held.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(limits, "AUDIT_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(limits, "AUDIT_GATHER_SECONDS", 0.02)
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
def failures() -> list[Failure]:
    return []


@pytest.fixture
def log(endpoint: Endpoint, failures: list[Failure]) -> Iterator[AuditLog]:
    made = AuditLog(CHANNEL, source="billing.example.com", endpoint_url=endpoint.url, on_failure=failures.append)
    yield made
    endpoint.held.set()
    made.close()

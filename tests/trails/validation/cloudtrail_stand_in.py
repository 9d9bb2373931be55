"""As much of CloudTrail and Organizations as `validate-logs` asks: a few lines of HTTP over what a test made."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentrail.logfile.public_keys import PublicKey


@dataclass
class StandIn:
    """What it answers, and where."""

    keys: list[PublicKey] = field(default_factory=list)
    trails: list[dict[str, Any]] = field(default_factory=list)
    organization: str = "o-exampleorg"
    url: str = ""

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListPublicKeys":
            start, end = asked["StartTime"] * 1e6, asked["EndTime"] * 1e6
            return {
                "PublicKeyList": [
                    {
                        "Value": base64.b64encode(key.value).decode(),
                        "Fingerprint": key.fingerprint,
                        "ValidityStartTime": key.valid_from_us / 1e6,
                        "ValidityEndTime": key.valid_to_us / 1e6,
                    }
                    for key in self.keys
                    if key.valid_to_us >= start and key.valid_from_us <= end
                ]
            }
        if operation == "DescribeTrails":
            return {"trailList": self.trails}
        assert operation == "DescribeOrganization", operation
        return {"Organization": {"Id": self.organization}}


@contextmanager
def cloudtrail_stand_in() -> Iterator[StandIn]:
    """Listening on loopback."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            body = json.dumps(stand_in.answer(self.headers["X-Amz-Target"].rpartition(".")[2], asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

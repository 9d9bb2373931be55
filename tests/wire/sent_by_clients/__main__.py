"""Records what a client sends: starts a server, runs the client against it, writes down every request as it came."""

import base64
import gzip
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.wire.sent_by_clients import FOLDER, TOKEN


class Recording(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def answer(self) -> None:
        if self.headers.get("expect"):
            self.send_response_only(100)
            self.end_headers()
        headers = [[name.lower(), value] for name, value in self.headers.items()]
        self.server.seen.append(
            {
                "at": datetime.now(UTC).isoformat(),
                "method": self.command,
                "target": self.raw_requestline.decode("latin-1").split(" ")[1],
                "headers": headers,
                "body": base64.b64encode(self._body()).decode(),
            }
        )
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if (self.headers.get("transfer-encoding") or "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def record(client: str, command: list[str]) -> int:
    """Run `command` and keep what it sends; how many requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recording)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    subprocess.run(command, env={**os.environ, "ENDPOINT": endpoint, "TOKEN": TOKEN}, check=False)
    server.shutdown()
    lines = "".join(json.dumps(one) + "\n" for one in server.seen)  # type: ignore[attr-defined]
    (FOLDER / f"{client}.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    return lines.count("\n")


if __name__ == "__main__":
    print(record(sys.argv[1], sys.argv[2:]), "requests")

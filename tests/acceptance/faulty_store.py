"""A proxy in front of an S3 that fails one write in five: before it acts, after it acted, or without a word."""

import http.client
import itertools
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLOW_DOWN = (
    b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
)
FAULTS = ("refused", "done and refused", "done and unanswered")


class FaultyStore:
    """Forwards to `url`; of PUTs to keys, `share` fail, in each way in turn. `faults` counts them by kind."""

    def __init__(self, url: str, share: float = 0.2, seed: int = 1) -> None:
        self._to = urlsplit(url).netloc
        self.share = share
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._kinds = itertools.cycle(FAULTS)
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                store.answer(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("Content-Length", "0")))
        writes = call.command == "PUT" and "/AWSLogs/" in call.path
        fault = next(self._kinds) if writes and self._chance.random() < self.share else ""
        self.faults[fault] += 1
        if fault != "refused":
            status, headers, content = self._forward(call, body)
        if fault == "done and unanswered":
            call.close_connection = True
            call.connection.close()
            return
        if fault:
            status, headers, content = 503, [("Content-Type", "application/xml")], SLOW_DOWN
        call.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                call.send_header(name, value)
        length = next((v for n, v in headers if n.lower() == "content-length"), "0")
        call.send_header("Content-Length", length if call.command == "HEAD" else str(len(content)))
        call.end_headers()
        if call.command != "HEAD":
            call.wfile.write(content)

    def _forward(self, call: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._to, timeout=30)
        try:
            headers = {name: value for name, value in call.headers.items() if name.lower() != "connection"}
            connection.request(call.command, call.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

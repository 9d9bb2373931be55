"""The signatures verify on what real clients write to a socket, not only on what they mean to write."""

import contextlib
import hashlib
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from opentrail.wire.http import HttpRequest
from opentrail.wire.sigv4 import read_signature, verify
from tests.wire.boto_requests import NASTY_KEYS, SECRET, client


class Recording(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        if self.headers.get("expect"):
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        request = HttpRequest(self.command, path, query, headers, self.client_address[0], "http")
        self.server.seen.append((request, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recording)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def try_to(call, /, **parameters):
    # the answers are empty; only the questions matter here
    with contextlib.suppress(ClientError, BotoCoreError, ResponseParserError):
        call(**parameters)


def test_signatures_on_the_wire(endpoint):
    server, url = endpoint
    s3 = client("s3", endpoint=url, token="token")
    for key in NASTY_KEYS:
        try_to(s3.put_object, Bucket="logs", Key=key, Body=b"hello", Metadata={"a": "b  c"})
        try_to(s3.head_object, Bucket="logs", Key=key)
    try_to(s3.list_objects_v2, Bucket="logs", Prefix="a b/ü+", Delimiter="/")
    try_to(client("sqs", endpoint=url).send_message, QueueUrl=f"{url}/123456789012/q", MessageBody="a & b")
    try_to(client("dynamodb", endpoint=url).list_tables)
    try_to(client("sns", endpoint=url).publish, TopicArn="arn:aws:sns:eu-west-1:1:t", Message="ü")
    try_to(client("apigateway", endpoint=url).get_resource, restApiId="a b", resourceId="x/y+ü")
    for version in ("s3", "s3v4"):
        presigning = client("s3", endpoint=url, signature_version=version)
        for key in NASTY_KEYS:
            urlopen(presigning.generate_presigned_url("get_object", {"Bucket": "logs", "Key": key})).close()
            put = presigning.generate_presigned_url("put_object", {"Bucket": "logs", "Key": key})
            # urllib adds a Content-Type of its own, which Version 2 would have had to sign
            if version == "s3v4":
                urlopen(Request(put, data=b"x", method="PUT")).close()
    assert len(server.seen) > 60
    for request, body in server.seen:
        signature = read_signature(request)
        assert signature is not None
        body_sha256 = hashlib.sha256(body).hexdigest()
        verify(request, signature, SECRET, body_sha256, datetime.now(UTC))
    assert {read_signature(request).kind for request, _ in server.seen} == {"header", "query", "v2-query"}

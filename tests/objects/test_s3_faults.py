"""What an S3 answers when it refuses, as faults that are told apart; the S3 is a few lines of HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opentrail.objects.bucket import AccessDenied, BucketFault, Properties, Throttled, TimedOut, Unreachable
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import S3Access, connect
from opentrail.server.ports.listening import free_ports


class _Answers(BaseHTTPRequestHandler):
    """Answers each path with the error that it names: `/bucket/STATUS-CODE`."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = self.path.partition("?")[0].rpartition("/")[2]
        if asked == "hang":
            self.server.released.wait(20)  # type: ignore[attr-defined]
            return
        if asked == "broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"ten bytes!")
            self.close_connection = True
            return
        status, _, code = asked.partition("-")
        body = f"<Error><Code>{code}</Code><Message>said so</Message></Error>".encode()
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Bucket]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.released = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    access = S3Access(f"http://127.0.0.1:{server.server_address[1]}", "us-east-1", "key", "secret")
    yield S3Bucket("bucket", client=connect(access, attempts=1, read_timeout_seconds=0.5))
    server.released.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "fault", "code"),
    [
        ("403-AccessDenied", AccessDenied, "AccessDenied"),
        ("403-AllAccessDisabled", AccessDenied, "AccessDenied"),
        ("503-SlowDown", Throttled, "SlowDown"),
        ("429-TooManyRequests", Throttled, "TooManyRequests"),
        ("400-RequestTimeout", TimedOut, None),
        ("400-KMS.DisabledException", BucketFault, "KMS.DisabledException"),
        ("500-InternalError", BucketFault, "InternalError"),
        ("403-SignatureDoesNotMatch", BucketFault, "SignatureDoesNotMatch"),
        ("hang", TimedOut, None),
    ],
)
def test_refusals_are_told_apart(bucket: S3Bucket, answer: str, fault: type[BucketFault], code: str | None) -> None:
    for asked in (lambda: bucket.put(answer, b"body", Properties()), lambda: bucket.get(answer)):
        with pytest.raises(BucketFault) as caught:
            asked()
        assert type(caught.value) is fault
        assert caught.value.s3_code == code


def test_a_head_request_has_a_status_alone(bucket: S3Bucket) -> None:
    assert bucket.head("404-NoSuchKey") is None
    with pytest.raises(AccessDenied) as caught:
        bucket.head("403-AccessDenied")
    assert caught.value.s3_code == "AccessDenied"


def test_an_answer_that_breaks_off_is_no_short_object(bucket: S3Bucket) -> None:
    opened = bucket.get("broken")
    with pytest.raises(Unreachable, match="broke off"):
        while opened.read(1000):
            pass
    opened.close()


def test_no_connection_is_no_refusal() -> None:
    access = S3Access(f"http://127.0.0.1:{free_ports(1)[0]}", "us-east-1", "key", "secret")
    bucket = S3Bucket("bucket", client=connect(access, attempts=1))
    with pytest.raises(Unreachable) as caught:
        bucket.put("key", b"", Properties())
    assert caught.value.s3_code is None

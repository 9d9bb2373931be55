"""Bodies in transit: bounded, checked, and read for the record only as far as allowed."""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator

import pytest

from opentrail.errors import OpenTrailError
from opentrail.recorder.answers.refusals import ClientGone, TooBusy
from opentrail.recorder.forwarding.bodies import Capture, Memory, RequestBody, hashed, hold_last, read_prefix
from opentrail.recorder.proxy.request_body import IncomingBody
from opentrail.recorder.records.object_data import answer_is_object_data, request_is_object_data
from opentrail.recorder.understanding.content_coding import without_content_coding
from opentrail.wire.http import HttpRequest


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def collected(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


class Nothing:
    """The connection of a body that the test feeds itself."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def tell_to_go_on(self) -> None: ...
    def keep_time(self) -> None: ...


def sent(*parts: bytes, end: bool = True) -> IncomingBody:
    """A body whose client has sent `parts`; without `end` the client goes in the middle."""
    body = IncomingBody(Nothing(), awaits_go_on=False)

    def send(left: list[bytes]) -> None:
        """One part a turn, so that each is read alone."""
        if left:
            body.feed(left[0])
            asyncio.get_running_loop().call_soon(send, left[1:])
        elif end:
            body.finish()
        else:
            body.gone()

    asyncio.get_running_loop().call_soon(send, list(parts))
    return body


def test_the_last_chunk_is_kept_back_until_the_hash_is_checked() -> None:
    passed: list[bytes] = []

    def check(sha256: str) -> None:
        assert sha256 == hashlib.sha256(b"abc").hexdigest()
        raise OpenTrailError("wrong")

    async def run() -> None:
        async for chunk in hold_last(hashed(stream(b"a", b"b", b"c"), check)):
            passed.append(chunk)

    with pytest.raises(OpenTrailError):
        asyncio.run(run())
    assert passed == [b"a", b"b"]


def test_a_client_that_goes_is_told_from_one_that_has_finished() -> None:
    async def run() -> None:
        source = sent(b"ab", b"cd")
        whole = RequestBody(source, Memory(100))
        assert await collected(whole.chunks()) == [b"ab", b"cd"]
        assert whole.ended and source.received == 4
        gone = RequestBody(sent(b"ab", end=False), Memory(100))
        with pytest.raises(ClientGone, match="after 2 bytes"):
            await collected(gone.chunks())

    asyncio.run(run())


def test_a_prefix_is_all_of_a_short_body_and_can_be_put_back() -> None:
    async def run() -> None:
        body = RequestBody(sent(b"ab", b"cd"), Memory(100))
        assert await read_prefix(body, 100) == b"abcd" and body.ended
        body.put_back(b"abcd")
        assert body.unread and await collected(body.chunks()) == [b"abcd"] and not body.unread
        long = RequestBody(sent(b"ab", b"cd", b"ef"), Memory(100))
        assert await read_prefix(long, 3) == b"abcd" and not long.ended

    asyncio.run(run())


def test_a_capture_is_all_or_nothing() -> None:
    short, long, unwanted = Capture("response", 3, True), Capture("response", 3, True), Capture("response", 3, False)
    for capture in (short, long, unwanted):
        capture.add(b"abc")
    long.add(b"d")
    assert (short.body, long.body, unwanted.body) == (b"abc", None, None)
    assert (short.length, long.length, unwanted.length) == (3, 4, 3)


def test_codings_come_off_within_bounds() -> None:
    text = b"x" * 1000
    assert without_content_coding(gzip.compress(text), "gzip", 1000) == text
    assert without_content_coding(zlib.compress(text), "aws-chunked, deflate", 1000) == text
    assert without_content_coding(text, "identity", 10) == text
    assert without_content_coding(gzip.compress(text), "gzip", 999) is None
    assert without_content_coding(gzip.compress(bytes(100_000_000)), "gzip", 1000) is None
    assert without_content_coding(gzip.compress(text)[:-9], "gzip", 1000) is None
    assert without_content_coding(b"not gzip", "gzip", 1000) is None
    assert without_content_coding(text, "br", 1000) is None


def request(method: str, path: str, query: str = "", content_type: str = "") -> HttpRequest:
    return HttpRequest(method, path, query, (("content-type", content_type),), "127.0.0.1", "http")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request("PUT", "/bucket/key"), True),
        (request("PUT", "/bucket/key", "partNumber=1&uploadId=x"), True),
        (request("PUT", "/bucket/key", "X-Amz-Signature=x"), True),
        (request("POST", "/bucket", content_type="multipart/form-data; boundary=x"), True),
        (request("PUT", "/bucket"), False),
        (request("PUT", "/bucket/", "policy"), False),
        (request("PUT", "/bucket/key", "acl"), False),
        (request("PUT", "/bucket/key", "%74agging="), False),
        (request("POST", "/bucket", "delete"), False),
        (request("POST", "/bucket/key", "uploadId=x"), False),
    ],
)
def test_which_requests_carry_the_data_of_an_object(sent: HttpRequest, expected: bool) -> None:
    assert request_is_object_data("s3", sent) is expected
    assert request_is_object_data("lambda", sent) is False


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        (request("GET", "/bucket/key"), 200, True),
        (request("GET", "/bucket/key", "versionId=1"), 206, True),
        (request("POST", "/bucket/key", "select&select-type=2"), 200, True),
        (request("GET", "/bucket/key"), 404, False),
        (request("GET", "/bucket/key", "tagging"), 200, False),
        (request("GET", "/bucket/key", "uploadId=x"), 200, False),
        (request("GET", "/bucket"), 200, False),
        (request("PUT", "/bucket/key"), 200, False),
    ],
)
def test_which_answers_carry_the_data_of_an_object(sent: HttpRequest, status: int, expected: bool) -> None:
    assert answer_is_object_data("s3", sent, status) is expected
    assert answer_is_object_data("lambda", sent, status) is False


def test_what_all_bodies_hold_is_bounded_and_free_again_after_the_call() -> None:
    async def run() -> None:
        memory = Memory(5)
        first, second = (RequestBody(sent(b"ab", b"cd"), memory) for _ in range(2))
        assert await read_prefix(first, 10) == b"abcd"
        with pytest.raises(TooBusy):
            await read_prefix(second, 10)
        second.release()
        first.release()
        third = RequestBody(sent(b"abcde"), memory)
        assert await read_prefix(third, 10) == b"abcde"

    asyncio.run(run())

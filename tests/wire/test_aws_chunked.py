"""aws-chunked bodies decode in any cut, and no forged one is ever completed."""

import base64
import hashlib
import hmac
import io

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrail import limits
from opentrail.wire.aws_chunked import (
    BadChecksum,
    ChunkedBodyError,
    ChunkedDecoder,
    IncompleteBody,
    MalformedTrailer,
    MissingDecodedLength,
)
from opentrail.wire.canonical import EMPTY_SHA256, key_of
from opentrail.wire.checksums import ALGORITHMS
from opentrail.wire.signature import Signature
from opentrail.wire.signature_errors import InvalidSignature, SignatureError
from tests.wire.boto_requests import SECRET, from_url

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def signature(kind: str, seed: str = "5e" * 32) -> Signature:
    return Signature(
        "header", "AKIAIOSFODNN7EXAMPLE", "20130524T000000Z", "us-east-1", "s3", ("host",), seed, None, kind
    )


def encode(kind: str, chunks: list[bytes], trailer: str = "", seed: str = "5e" * 32) -> bytes:
    """What a client sends for `chunks`, each with its signature where `kind` has them."""
    signed = kind != UNSIGNED_TRAILER
    of = signature(kind, seed)
    key, head, previous = key_of(of, SECRET), f"{of.date}\n{of.scope}\n", seed

    def sign(text: str) -> str:
        return hmac.digest(key, text.encode(), "sha256").hex()

    out = b""
    for chunk in [*chunks, b""]:
        extension = ""
        if signed:
            digest = hashlib.sha256(chunk).hexdigest()
            previous = sign(f"AWS4-HMAC-SHA256-PAYLOAD\n{head}{previous}\n{EMPTY_SHA256}\n{digest}")
            extension = f";chunk-signature={previous}"
        out += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if trailer:
        value = base64.b64encode(checksum(trailer, b"".join(chunks))).decode()
        out += f"{trailer}:{value}\r\n".encode()
        if signed:
            digest = hashlib.sha256(f"{trailer}:{value}\n".encode()).hexdigest()
            stated = sign(f"AWS4-HMAC-SHA256-TRAILER\n{head}{previous}\n{digest}")
            out += f"x-amz-trailer-signature:{stated}\r\n".encode()
    return out + b"\r\n"


def checksum(name: str, data: bytes) -> bytes:
    under_way = ALGORITHMS[name]()
    under_way.update(data)
    return under_way.digest()


def decode(decoder: ChunkedDecoder, body: bytes, cut: int = 1 << 20) -> bytes:
    out = [decoder.feed(body[at : at + cut]) for at in range(0, len(body), cut)]
    return b"".join(out) + decoder.finish()


def released(decoder: ChunkedDecoder, body: bytes, cut: int) -> tuple[int, bool]:
    """How many bytes come out, and whether the body was called right."""
    count = 0
    try:
        for at in range(0, len(body), cut):
            count += len(decoder.feed(body[at : at + cut]))
        return count + len(decoder.finish()), True
    except SignatureError:
        return count, False


def test_the_example_of_awss_documentation():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html"""
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    body = (
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        + b"a" * 65536
        + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        + b"a" * 1024
        + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
    )
    assert decode(ChunkedDecoder(signature(SIGNED, seed), SECRET, 66560), body) == b"a" * 66560


def test_the_example_with_a_trailer():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html"""
    seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    body = (
        b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
        + b"a" * 65536
        + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
        + b"a" * 1024
        + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        + b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
        + b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    decoder = ChunkedDecoder(signature(SIGNED_TRAILER, seed), SECRET, 66560, ("x-amz-checksum-crc32c",))
    assert decode(decoder, body) == b"a" * 66560


def test_what_botocore_sends_decodes():
    data = b"0123456789" * 250_000
    body = AwsChunkedWrapper(io.BytesIO(data), Crc32Checksum, "x-amz-checksum-crc32").read()
    decoder = ChunkedDecoder(signature(UNSIGNED_TRAILER), "", len(data), ("x-amz-checksum-crc32",))
    assert decode(decoder, body, 65536) == data


@settings(max_examples=100, deadline=None)
@given(
    chunks=st.lists(st.binary(min_size=1, max_size=300), max_size=4),
    cut=st.integers(1, 200),
    kind=st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
    trailer=st.sampled_from(sorted(ALGORITHMS)),
)
def test_any_body_decodes_in_any_cut(chunks, cut, kind, trailer):
    trailer = "" if kind == SIGNED else trailer
    data = b"".join(chunks)
    decoder = ChunkedDecoder(signature(kind), SECRET, len(data), (trailer,) if trailer else ())
    assert decode(decoder, encode(kind, chunks, trailer), cut) == data


@settings(max_examples=300, deadline=None)
@given(
    at=st.integers(0, 10_000),
    flip=st.integers(1, 255),
    cut=st.sampled_from([1, 7, 100, 10_000]),
    kind=st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
)
def test_a_changed_byte_never_completes_another_body(at, flip, cut, kind):
    chunks = [b"first chunk" * 9, b"second" * 20]
    data = b"".join(chunks)
    trailer = "" if kind == SIGNED else "x-amz-checksum-sha256"
    body = bytearray(encode(kind, chunks, trailer))
    body[at % len(body)] ^= flip
    decoder = ChunkedDecoder(signature(kind), SECRET, len(data), (trailer,) if trailer else ())
    out = []
    try:
        for start in range(0, len(body), cut):
            out.append(decoder.feed(bytes(body[start : start + cut])))
        out.append(decoder.finish())
    except SignatureError:
        assert len(b"".join(out)) < len(data)
    else:  # the change was in what carries no meaning: the case of a hexadecimal digit, white space
        assert b"".join(out) == data


@pytest.mark.parametrize("cut", [1, 50, 100_000])
def test_a_cut_body_never_completes(cut):
    chunks = [b"x" * 1000, b"y" * 500]
    body = encode(SIGNED_TRAILER, chunks, "x-amz-checksum-crc32")
    for end in (0, 1, 90, 1000, 1100, len(body) - 300, len(body) - 100, len(body) - 5, len(body) - 3):
        decoder = ChunkedDecoder(signature(SIGNED_TRAILER), SECRET, 1500, ("x-amz-checksum-crc32",))
        count, right = released(decoder, body[:end], cut)
        assert not right
        assert count < 1500


def test_the_last_line_end_may_be_missing():
    body = encode(SIGNED, [b"abc"])
    assert decode(ChunkedDecoder(signature(SIGNED), SECRET, 3), body[:-2]) == b"abc"


def test_an_empty_body():
    assert decode(ChunkedDecoder(signature(SIGNED), SECRET, 0), encode(SIGNED, [])) == b""


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"zz\r\n", ChunkedBodyError),
        (b"-5\r\n", ChunkedBodyError),
        (b"ffffffffffffffffffff\r\n", ChunkedBodyError),
        (b"4\r\nabcd\r\n", IncompleteBody),  # longer than stated
        (b"3\r\nabcXX0\r\n", ChunkedBodyError),
        (b"2\r\nab\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", IncompleteBody),  # shorter than stated
        (b"3\r\nabc\r\n0\r\n\r\n", MalformedTrailer),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32\r\n\r\n", MalformedTrailer),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:@@\r\n\r\n", MalformedTrailer),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-sha1:AAAA\r\n\r\n", MalformedTrailer),
        (b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", BadChecksum),
        (b"1" * 5000, ChunkedBodyError),
    ],
)
def test_bodies_that_are_refused(body, refusal):
    decoder = ChunkedDecoder(signature(UNSIGNED_TRAILER), "", 3, ("x-amz-checksum-crc32",))
    with pytest.raises(refusal):
        decode(decoder, body, 10)


def test_bytes_after_the_end_are_refused():
    body = encode(UNSIGNED_TRAILER, [b"abc"], "x-amz-checksum-crc32")
    decoder = ChunkedDecoder(signature(UNSIGNED_TRAILER), "", 3, ("x-amz-checksum-crc32",))
    with pytest.raises(ChunkedBodyError, match="goes on"):
        decode(decoder, body + b"more")


def test_a_signed_body_needs_its_signatures():
    plain = encode(UNSIGNED_TRAILER, [b"abc"], "x-amz-checksum-crc32")
    for kind, trailers in ((SIGNED, ()), (SIGNED_TRAILER, ("x-amz-checksum-crc32",))):
        with pytest.raises(InvalidSignature):
            decode(ChunkedDecoder(signature(kind), SECRET, 3, trailers), plain)
    with pytest.raises(InvalidSignature):
        decode(ChunkedDecoder(signature(SIGNED), "another secret", 3), encode(SIGNED, [b"abc"]))


def test_little_is_held():
    decoder = ChunkedDecoder(signature(UNSIGNED_TRAILER), "", 1 << 40, ())
    size = 0
    decoder.feed(b"10000000000\r\n")
    for _ in range(100):
        size += len(decoder.feed(b"x" * 65536))
    assert size == 100 * 65536 - 1
    assert len(decoder._buffer) == 0
    decoder = ChunkedDecoder(signature(UNSIGNED_TRAILER), "", 0, ())
    with pytest.raises(MalformedTrailer):
        for _ in range(limits.AWS_CHUNK_TRAILER_BYTES // 100 + 10):
            decoder.feed(b"0\r\n" + b"x" * 100)


def test_the_decoder_of_a_request():
    def request(**headers):
        return from_url("PUT", "http://h/b/k", b"", {n.replace("_", "-"): v for n, v in headers.items()}).request

    of = signature(UNSIGNED_TRAILER)
    good = request(x_amz_decoded_content_length="3", x_amz_trailer="X-Amz-Checksum-CRC32")
    body = encode(UNSIGNED_TRAILER, [b"abc"], "x-amz-checksum-crc32")
    assert decode(ChunkedDecoder.of(good, of, ""), body) == b"abc"
    for stated in ("", "-1", "x", "1.5"):
        with pytest.raises(MissingDecodedLength):
            ChunkedDecoder.of(request(x_amz_decoded_content_length=stated), of, "")
    with pytest.raises(ChunkedBodyError, match="x-amz-trailer"):
        ChunkedDecoder.of(request(x_amz_decoded_content_length="3", x_amz_trailer="x-amz-checksum-none"), of, "")

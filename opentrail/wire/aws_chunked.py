"""The aws-chunked coding of S3 uploads, taken off while the body streams, with every signature and checksum checked.

    <size in hex>[;chunk-signature=<hex>] CRLF <size bytes> CRLF     any number of times
    0[;chunk-signature=<hex>] CRLF
    [<trailer>:<value> CRLF ...  [x-amz-trailer-signature:<hex> CRLF]]
    CRLF

A signature of a chunk covers the chunk's hash and the signature before it; the first one follows the signature of
the request. Nothing but one line, or the trailer, is ever held; the last decoded byte stays back until all is right,
so that whoever forwards the body can never complete a forged one.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import ClassVar

from opentrail import limits
from opentrail.wire.canonical import EMPTY_SHA256, key_of
from opentrail.wire.checksums import ALGORITHMS, Checksum
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    Signature,
)
from opentrail.wire.signature_errors import InvalidSignature, SignatureError

_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_LENGTH = re.compile(r"\d{1,15}", re.ASCII)
_TRAILER_SIGNATURE = "x-amz-trailer-signature"
_TRAILER_TEXT = "AWS4-HMAC-SHA256-TRAILER"
_CHUNK_TEXT = "AWS4-HMAC-SHA256-PAYLOAD"


class ChunkedBodyError(SignatureError):
    """The aws-chunked body cannot be read."""

    code = "InvalidRequest"
    query_code = "InvalidRequest"
    query_status = 400
    rest_json_status: ClassVar[int] = 400
    s3_code = "InvalidRequest"
    s3_status = 400


class IncompleteBody(ChunkedBodyError):
    """The request body terminated unexpectedly"""

    s3_code = "IncompleteBody"


class MissingDecodedLength(ChunkedBodyError):
    """You must provide the Content-Length HTTP header."""

    s3_code = "MissingContentLength"
    s3_status = 411


class MalformedTrailer(ChunkedBodyError):
    """The request contained trailing data that was not well-formed or did not conform to our published schema."""

    s3_code = "MalformedTrailerError"


class BadChecksum(ChunkedBodyError):
    """The checksum you specified did not match the calculated checksum."""

    s3_code = "BadDigest"


class ChunkedDecoder:
    """Takes the coding off one body. `signature` is verified before; `secret` is its key's.

    `decoded_length` is what X-Amz-Decoded-Content-Length says, in bytes; `trailers` the names that X-Amz-Trailer
    announces, in lower case.
    """

    def __init__(self, signature: Signature, secret: str, decoded_length: int, trailers: tuple[str, ...] = ()) -> None:
        self._signed = signature.payload_hash in (STREAMING_SIGNED, STREAMING_SIGNED_TRAILER)
        self._has_trailer = signature.payload_hash in (STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER)
        self._key = key_of(signature, secret) if self._signed else b""
        self._head = f"{signature.date}\n{signature.scope}\n"
        self._previous = signature.signature
        self._left = decoded_length
        self._trailers = trailers
        self._checksums: dict[str, Checksum] = {}
        for name in trailers:
            if name not in ALGORITHMS:
                raise ChunkedBodyError(f"The value specified in the x-amz-trailer header is not supported: {name}")
            self._checksums[name] = ALGORITHMS[name]()
        self._buffer = bytearray()
        self._state = self._read_size
        self._chunk_left = 0
        self._chunk_hash = hashlib.sha256()
        self._chunk_signature = ""
        self._held = b""
        self._done = False

    @classmethod
    def of(cls, request: HttpRequest, signature: Signature, secret: str) -> "ChunkedDecoder":
        """The decoder for the body of `request`; raises MissingDecodedLength, ChunkedBodyError."""
        stated = request.header("x-amz-decoded-content-length")
        if not _LENGTH.fullmatch(stated):
            raise MissingDecodedLength
        names = [name.strip().lower() for name in request.header("x-amz-trailer").split(",")]
        return cls(signature, secret, int(stated), tuple(name for name in names if name))

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes of the body: what may be passed on now.

        Raises InvalidSignature, BadChecksum, MalformedTrailer or ChunkedBodyError; then the body must not be completed.
        """
        self._buffer += data
        decoded: list[bytes] = []
        while self._state(decoded):
            pass
        if not decoded:
            return b""
        decoded.insert(0, self._held)
        self._held = decoded[-1][-1:]
        decoded[-1] = decoded[-1][:-1]
        return b"".join(decoded)

    def finish(self) -> bytes:
        """The bytes held back, after the body's end was seen and found right. Raises IncompleteBody."""
        # some clients leave the last line end out: nothing can hide there
        if not self._done and self._state == self._read_end and bytes(self._buffer) in (b"", b"\r"):
            self._done = True
        if not self._done or self._left:
            raise IncompleteBody
        held, self._held = self._held, b""
        return held

    # the states: each takes what it can from the buffer and says whether the next one should be tried

    def _read_size(self, decoded: list[bytes]) -> bool:
        line = self._line(limits.AWS_CHUNK_LINE_BYTES)
        if line is None:
            return False
        size, _, extension = line.partition(b";")
        if not _SIZE.fullmatch(size):
            raise ChunkedBodyError("The size of a chunk cannot be read.")
        self._chunk_left = int(size, 16)
        if self._chunk_left > self._left:
            raise IncompleteBody("The chunks are longer than the x-amz-decoded-content-length header says")
        name, _, value = extension.strip().partition(b"=")
        if self._signed and name.strip() != b"chunk-signature":
            raise InvalidSignature
        self._chunk_signature = value.strip().decode("latin-1")
        if self._chunk_left == 0:
            self._check_chunk(EMPTY_SHA256)
            if self._left:
                raise IncompleteBody
            self._state = self._read_trailer if self._has_trailer else self._read_end
        else:
            self._chunk_hash = hashlib.sha256()
            self._state = self._read_data
        return True

    def _read_data(self, decoded: list[bytes]) -> bool:
        if not self._buffer:
            return False
        piece = bytes(self._buffer[: self._chunk_left])
        del self._buffer[: self._chunk_left]
        self._chunk_left -= len(piece)
        self._left -= len(piece)
        if self._signed:
            self._chunk_hash.update(piece)
        for checksum in self._checksums.values():
            checksum.update(piece)
        decoded.append(piece)
        if self._chunk_left == 0:
            if self._signed:
                self._check_chunk(self._chunk_hash.hexdigest())
            self._state = self._read_data_end
        return True

    def _read_data_end(self, decoded: list[bytes]) -> bool:
        line = self._line(0)
        if line is None:
            return False
        self._state = self._read_size
        return True

    def _read_trailer(self, decoded: list[bytes]) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if self._buffer.startswith(b"\r\n"):
            raise MalformedTrailer  # announced by the kind of the body, and not there
        if end < 0:
            if len(self._buffer) > limits.AWS_CHUNK_TRAILER_BYTES:
                raise MalformedTrailer
            return False
        self._check_trailer(bytes(self._buffer[:end]).decode("latin-1"))
        del self._buffer[: end + 2]
        self._state = self._read_end
        return True

    def _read_end(self, decoded: list[bytes]) -> bool:
        if self._done and self._buffer:
            raise ChunkedBodyError("The body goes on after its last chunk.")
        if self._line(0) is None:
            return False
        self._done = True
        return True

    def _line(self, longest: int) -> bytes | None:
        """The next line without its end, or None where it has not come yet."""
        end = self._buffer.find(b"\r\n", 0, longest + 2)
        if end < 0:
            if len(self._buffer) > longest + 1:
                raise ChunkedBodyError("A line of the chunked body is longer than it may be.")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _check_chunk(self, chunk_sha256: str) -> None:
        if not self._signed:
            return
        text = f"{_CHUNK_TEXT}\n{self._head}{self._previous}\n{EMPTY_SHA256}\n{chunk_sha256}"
        self._check_signature(text, self._chunk_signature)
        self._previous = self._chunk_signature

    def _check_trailer(self, text: str) -> None:
        found: dict[str, str] = {}
        for line in text.splitlines():
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or name in found:
                raise MalformedTrailer
            found[name] = value.strip()
        signature = found.pop(_TRAILER_SIGNATURE, "")
        if set(found) != set(self._trailers):
            raise MalformedTrailer
        if self._signed:
            canonical = "".join(f"{name}:{value}\n" for name, value in sorted(found.items()))
            digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
            self._check_signature(f"{_TRAILER_TEXT}\n{self._head}{self._previous}\n{digest}", signature)
        for name, value in found.items():
            try:
                stated = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError) as error:
                raise MalformedTrailer(f"Value for {name} trailing header is invalid.") from error
            if not hmac.compare_digest(stated, self._checksums[name].digest()):
                algorithm = name.rpartition("-")[2].upper()
                raise BadChecksum(f"The {algorithm} you specified did not match the calculated checksum.")

    def _check_signature(self, text: str, stated: str) -> None:
        expected = hmac.digest(self._key, text.encode("latin-1"), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), stated.encode("latin-1")):
            raise InvalidSignature

"""Event streams in requests (application/vnd.amazon.eventstream): their frames, and the signature of each.

    4 bytes  length of the frame      4 bytes  length of its headers     4 bytes  CRC-32 of these eight
    headers  name length, name, type, value                              payload
    4 bytes  CRC-32 of all before

A signed frame has the headers `:date` (when it was signed) and `:chunk-signature`; its payload is a frame of the call,
or nothing at the end. Each signature covers the one before, the first that of the request, whose x-amz-content-sha256
is STREAMING-AWS4-HMAC-SHA256-EVENTS. Source: the Smithy specification of event streams, Amazon Transcribe Developer
Guide, "Setting up streaming", and the SDKs.
"""

import hashlib
import hmac
import struct
import zlib
from datetime import UTC, datetime
from typing import Final

from opentrail import limits
from opentrail.wire.canonical import hmac_hex, signing_key
from opentrail.wire.signature import Signature
from opentrail.wire.signature_errors import InvalidSignature

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_PRELUDE: Final = struct.Struct(">III")
_TIMESTAMP, _BYTES = 8, 6  # types of headers


class SignedEvents:
    """Checks the signatures of a stream's frames as they pass; a decoder that changes nothing."""

    def __init__(self, signature: Signature, secret: str) -> None:
        self._signature = signature
        self._secret = secret
        self._before = signature.signature
        self._buffer = bytearray()
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """The same bytes. Raises InvalidSignature as soon as a frame is not signed, or is none."""
        self._buffer += data
        while len(self._buffer) >= _PRELUDE.size:
            total, headers_length, crc = _PRELUDE.unpack_from(self._buffer)
            if total > limits.EVENT_BYTES or headers_length > total - 16 or self._ended:
                raise InvalidSignature
            if len(self._buffer) < total:
                break
            frame = bytes(self._buffer[:total])
            del self._buffer[:total]
            if zlib.crc32(frame[:8]) != crc or zlib.crc32(frame[:-4]) != int.from_bytes(frame[-4:], "big"):
                raise InvalidSignature
            self._check(frame[12 : 12 + headers_length], frame[12 + headers_length : -4])
        return data

    def finish(self) -> bytes:
        """Nothing more. Raises InvalidSignature where the stream stops within a frame, or without its last one."""
        if self._buffer or not self._ended:
            raise InvalidSignature
        return b""

    def _check(self, headers: bytes, payload: bytes) -> None:
        date, stated = _signing_headers(headers)
        made = event_signature(self._signature, self._secret, self._before, date, payload)
        if not hmac.compare_digest(made.encode(), stated.hex().encode()):
            raise InvalidSignature
        self._before = made
        self._ended = not payload


def event_signature(signature: Signature, secret: str, before: str, date_ms: int, payload: bytes) -> str:
    """The signature (hex) of one frame, `date_ms` after the epoch, that follows the signature `before`."""
    date = datetime.fromtimestamp(date_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    signed_headers = b"\x05:date" + bytes([_TIMESTAMP]) + date_ms.to_bytes(8, "big")
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-PAYLOAD",
            date,
            f"{date[:8]}/{signature.region}/{signature.service}/aws4_request",
            before,
            hashlib.sha256(signed_headers).hexdigest(),
            hashlib.sha256(payload).hexdigest(),
        )
    )
    return hmac_hex(signing_key(secret, date[:8], signature.region, signature.service), text)


def _signing_headers(headers: bytes) -> tuple[int, bytes]:
    """`:date` in milliseconds and `:chunk-signature`; a signed frame has no other headers."""
    date, signature, position = None, None, 0
    while position < len(headers):
        length = headers[position]
        name = headers[position + 1 : position + 1 + length]
        kind = headers[position + 1 + length : position + 2 + length]
        position += 2 + length
        if name == b":date" and kind == bytes([_TIMESTAMP]) and date is None:
            date = int.from_bytes(headers[position : position + 8], "big")
            position += 8
        elif name == b":chunk-signature" and kind == bytes([_BYTES]) and signature is None:
            size = int.from_bytes(headers[position : position + 2], "big")
            signature = headers[position + 2 : position + 2 + size]
            position += 2 + size
        else:
            raise InvalidSignature
    if date is None or signature is None or date > 1 << 43:
        raise InvalidSignature
    return date, signature

"""Signature Version 4: reading it from a request and verifying it with botocore's own canonicalisation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from opentrail.wire.http import HttpRequest

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX = "STREAMING-"

SignatureKind = Literal["header", "query", "v2-header", "v2-query"]


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature; nothing of it is verified yet."""

    kind: SignatureKind
    access_key: str
    date: str  # YYYYMMDDTHHMMSSZ; of Signature Version 2 the Date header as it came, or ""
    region: str  # "" with Signature Version 2
    service: str  # the scope's signing name; "s3" with Signature Version 2
    signed_headers: tuple[str, ...]  # lower case, as listed
    signature: str
    session_token: str | None
    payload_hash: str | None  # declared: hex, UNSIGNED-PAYLOAD or STREAMING-...; None: hash the body
    expires: int | None = None  # seconds after `date` (query), epoch seconds (v2-query)

    @property
    def scope(self) -> str:
        """`YYYYMMDD/region/service/aws4_request`."""
        return f"{self.date[:8]}/{self.region}/{self.service}/aws4_request"

    @property
    def is_streaming(self) -> bool:
        """Whether the body is aws-chunked, with its integrity in the chunks or the trailer."""
        return self.payload_hash is not None and self.payload_hash.startswith(STREAMING_PREFIX)


def read_signature(request: HttpRequest) -> Signature | None:
    """The signature that `request` carries, or None where it is unsigned.

    Raises IncompleteSignature (or its kin in signature_errors) where a part is missing or unreadable.
    """
    raise NotImplementedError


def verify(request: HttpRequest, signature: Signature, secret: str, body_sha256: str | None, now: datetime) -> None:
    """Return if `signature` was made with `secret` for exactly this request; raise a SignatureError if not.

    `body_sha256` is the hex SHA-256 of the body as it came, or None where the body is still on its way: then the
    declared hash is taken for the signature, and the caller checks it with `check_payload` when the body has ended.
    A request without declared hash needs the body first (`needs_body`).
    """
    raise NotImplementedError


def needs_body(signature: Signature) -> bool:
    """Whether the signature covers a hash of the body that the request does not state."""
    return signature.kind in ("header", "query") and signature.payload_hash is None


def check_payload(signature: Signature, body_sha256: str) -> None:
    """Raise PayloadMismatch where the declared hash of the body is another than `body_sha256` (hex)."""
    raise NotImplementedError

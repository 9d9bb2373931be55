"""What a request says about its signature, as one frozen value; nothing of it is verified yet."""

from typing import Literal

import msgspec

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX = "STREAMING-"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING_EVENTS = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

SignatureKind = Literal["header", "query", "v2-header", "v2-query", "post", "v2-post", "v2-form", "v4a"]


class Signature(msgspec.Struct, frozen=True):
    """What a request says about its signature; nothing of it is verified yet."""

    kind: SignatureKind
    access_key: str
    date: str  # YYYYMMDDTHHMMSSZ; of Signature Version 2 the Date header as it came, or ""
    region: str  # "" with Signature Version 2
    service: str  # the scope's signing name; "s3" with Signature Version 2
    signed_headers: tuple[str, ...]  # lower case, as listed; empty with Signature Version 2
    signature: str  # hex; base64 with Signature Version 2
    session_token: str | None
    payload_hash: str | None  # declared: hex, UNSIGNED-PAYLOAD or STREAMING-...; None: the body itself is hashed
    expires: int | None = None  # seconds after `date` (query); seconds since the epoch (v2-query)

    @property
    def scope(self) -> str:
        """`YYYYMMDD/region/service/aws4_request`."""
        return f"{self.date[:8]}/{self.region}/{self.service}/aws4_request"

    @property
    def is_version_2(self) -> bool:
        """Whether this is Signature Version 2, as boto3 presigns for S3 by default."""
        return self.kind in ("v2-header", "v2-query", "v2-post", "v2-form")

    @property
    def is_streaming(self) -> bool:
        """Whether the body is aws-chunked, with its integrity in the chunks or the trailer."""
        return self.payload_hash is not None and self.payload_hash.startswith(STREAMING_PREFIX)

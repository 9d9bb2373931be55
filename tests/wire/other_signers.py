"""Signers that botocore leaves to native code, or has not: Version 4A, and the frames of event streams."""

import hashlib
import hmac
import struct
import zlib
from typing import Any

from botocore.auth import AUTH_TYPE_MAPS, S3SigV4Auth, SigV4Auth
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from opentrail.wire.sigv4a import private_key

ALGORITHM = "AWS4-ECDSA-P256-SHA256"


class SigV4AAuth(SigV4Auth):
    """Its region is a Region set."""

    def _modify_request_before_signing(self, request: Any) -> None:
        super()._modify_request_before_signing(request)
        request.headers["X-Amz-Region-Set"] = self._region_name

    def credential_scope(self, request: Any) -> str:
        return f"{request.context['timestamp'][:8]}/{self._service_name}/aws4_request"

    def scope(self, request: Any) -> str:
        return f"{self.credentials.access_key}/{self.credential_scope(request)}"

    def string_to_sign(self, request: Any, canonical_request: str) -> str:
        digest = hashlib.sha256(canonical_request.encode()).hexdigest()
        return "\n".join((ALGORITHM, request.context["timestamp"], self.credential_scope(request), digest))

    def signature(self, string_to_sign: str, request: Any) -> str:
        key = private_key(self.credentials.access_key, self.credentials.secret_key)
        return key.sign(string_to_sign.encode(), ec.ECDSA(hashes.SHA256())).hex()

    def _inject_signature_to_request(self, request: Any, signature: str) -> Any:
        names = self.signed_headers(self.headers_to_sign(request))
        request.headers["Authorization"] = (
            f"{ALGORITHM} Credential={self.scope(request)}, SignedHeaders={names}, Signature={signature}"
        )
        return request


class S3SigV4AAuth(SigV4AAuth, S3SigV4Auth):
    """Paths as they are."""


def offer_version_4a() -> None:
    """Let botocore's clients sign with Version 4A."""
    AUTH_TYPE_MAPS["v4a"] = SigV4AAuth
    AUTH_TYPE_MAPS["s3v4a"] = S3SigV4AAuth


def frame(headers: bytes, payload: bytes) -> bytes:
    """One frame of an event stream."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    frame = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return frame + struct.pack(">I", zlib.crc32(frame))


def header(name: str, kind: int, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def text_header(name: str, value: str) -> bytes:
    return header(name, 7, struct.pack(">H", len(value)) + value.encode())


def signed_events(payloads: list[bytes], date: str, date_ms: int, scope: str, secret: str, seed: str) -> bytes:
    """Signed frames around `payloads`, and the empty one at the end."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    frames, before = [], seed
    for payload in (*payloads, b""):
        headers = header(":date", 8, struct.pack(">q", date_ms))
        digests = hashlib.sha256(headers).hexdigest(), hashlib.sha256(payload).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", date, scope, before, *digests))
        signature = hmac.digest(key, text.encode(), "sha256")
        before = signature.hex()
        frames.append(frame(headers + header(":chunk-signature", 6, struct.pack(">H", 32) + signature), payload))
    return b"".join(frames)

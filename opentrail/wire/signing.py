"""Signing a request anew for an upstream, with credentials of our own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from opentrail.wire.canonical import (
    ALGORITHM,
    S3_PATH_SERVICES,
    as_utf8,
    canonical_request,
    hmac_hex,
    reencoded_path,
    reencoded_query,
    signing_key,
    signing_text,
)
from opentrail.wire.sigv4 import DATE_FORMAT

Headers = tuple[tuple[str, str], ...]

_REPLACED = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "host", "date"})
_SIGNED = frozenset({"host", "content-type", "content-md5"})  # and all x-amz-...; what a hop may touch stays out
_SIGNATURE_PARAMETERS = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
        "x-amz-content-sha256",
    }
)
_VERSION_2_PARAMETERS = frozenset({"AWSAccessKeyId", "Signature", "Expires"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an upstream knows us by."""

    access_key: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    payload_hash: str,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime,
) -> Headers:
    """The headers to send: those given, less any earlier signature, with `host` and the new signature.

    `path` and `query` are raw and go to the upstream unchanged; `headers` have lower-case names. `payload_hash` is
    the hex SHA-256 of the body or UNSIGNED-PAYLOAD, which S3 takes; it is sent as x-amz-content-sha256.
    """
    date = now.strftime(DATE_FORMAT)
    sent = [(name, value) for name, value in headers if name not in _REPLACED]
    sent += [("host", host), ("x-amz-date", date), ("x-amz-content-sha256", payload_hash)]
    if credentials.session_token is not None:
        sent.append(("x-amz-security-token", credentials.session_token))
    signed: dict[str, list[str]] = {}
    for name, value in sent:
        if name in _SIGNED or name.startswith("x-amz-"):
            signed.setdefault(name, []).append(as_utf8(value))
    s3 = service in S3_PATH_SERVICES
    canonical = canonical_request(
        method,
        reencoded_path(path) if s3 else path,
        reencoded_query(query),
        signed,
        payload_hash,
        s3=s3,
    )
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    key = signing_key(credentials.secret, date[:8], region, service)
    signature = hmac_hex(key, signing_text(date, scope, canonical))
    names = ";".join(sorted(signed))
    sent.append(
        (
            "authorization",
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}",
        )
    )
    return tuple(sent)


def without_signature(query: str, *, version_2: bool = False) -> str:
    """`query` without the parameters of a presigned URL, of either version; the others stay as they came."""
    if not query:
        return query
    dropped = _VERSION_2_PARAMETERS if version_2 else frozenset()
    kept = []
    for pair in query.split("&"):
        name = pair.partition("=")[0]
        if name not in dropped and name.lower() not in _SIGNATURE_PARAMETERS:
            kept.append(pair)
    return "&".join(kept)

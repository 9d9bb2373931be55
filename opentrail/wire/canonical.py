"""The canonical request of Signature Version 4, as botocore itself computes it, and the keys that sign it."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth

from opentrail import limits
from opentrail.wire.signature import Signature

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
S3_PATH_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})  # their paths are signed as sent
UNRESERVED = "-_.~"


class SignedHeaders:
    """Headers in the form that botocore's canonicalisation reads: names, and all values of a name."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get_all(self, name: str) -> list[str]:
        """The values of `name` in the order of arrival."""
        return self._values[name]


class _Query(NamedTuple):
    """What botocore reads of a split URL."""

    query: str


_SERVICE = SigV4Auth(None, "", "")
_S3 = S3SigV4Auth(None, "", "")


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, list[str]], payload_hash: str, *, s3: bool
) -> str:
    """The text whose SHA-256 is signed.

    `path` and `query` are raw. `headers` are the signed ones alone, names in lower case. Every part is computed
    by botocore; they are put together here because botocore's own way parses a URL, which would cut what hostile
    bytes of a path (`#`, tabs) hide from it.
    """
    auth = _S3 if s3 else _SERVICE
    signed = SignedHeaders(headers)
    return (
        f"{method.upper()}\n{auth._normalize_url_path(path)}\n{auth._canonical_query_string_url(_Query(query))}\n"
        f"{auth.canonical_headers(signed)}\n\n{auth.signed_headers(signed)}\n{payload_hash}"
    )


def signing_text(date: str, scope: str, canonical: str) -> str:
    """The string to sign over a canonical request."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{date}\n{scope}\n{digest}"


@lru_cache(maxsize=limits.SIGNING_KEYS)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key that `secret` yields for one day, Region and service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def key_of(signature: Signature, secret: str) -> bytes:
    """The signing key of the scope that `signature` names."""
    return signing_key(secret, signature.date[:8], signature.region, signature.service)


def hmac_hex(key: bytes, text: str) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


def as_utf8(value: str) -> str:
    """The text that a client signed, from a header value as it came: SDKs sign text and send it as UTF-8."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def reencoded_path(path: str) -> str:
    """`path` decoded and percent-encoded as S3 does it: everything but unreserved characters and slashes."""
    return quote(unquote_to_bytes(path.encode("latin-1")), safe="/" + UNRESERVED)


def reencoded_query(query: str) -> str:
    """`query` decoded and percent-encoded as S3 does it; the order of the parameters stays."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{_reencoded(name)}={_reencoded(value)}" for name, _, value in pairs)


def _reencoded(text: str) -> str:
    return quote(unquote_plus(text, encoding="latin-1"), safe=UNRESERVED, encoding="latin-1")

"""The canonical request of Signature Version 4, as botocore itself computes it, and the keys that sign it."""

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from botocore.auth import SigV4Auth

from opentrail import limits
from opentrail.wire.signature import Signature

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
S3_PATH_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})  # their paths are signed as sent
UNRESERVED = "-_.~"
_SERVICE = SigV4Auth(None, "", "")


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, list[str]], payload_hash: str, *, s3: bool
) -> str:
    """The text whose SHA-256 is signed.

    `path` and `query` are raw. `headers` are the signed ones alone, names in lower case. The parts are those of
    botocore, put together here because its own way parses a URL, which would cut what hostile bytes of a path (`#`,
    tabs) hide from it; all but the path are so short that going through its objects would cost more than they do.
    """
    if not s3 and path != "/":
        path = _SERVICE._normalize_url_path(path)
    names = sorted(headers)
    lines = "\n".join([f"{name}:{','.join([_trimmed(value) for value in headers[name]])}" for name in names])
    return f"{method.upper()}\n{path}\n{_sorted(query)}\n{lines}\n\n{';'.join(names)}\n{payload_hash}"


def _trimmed(value: str) -> str:
    """Without white space at the ends, and one space for each run of it inside."""
    return " ".join(value.split())


def _sorted(query: str) -> str:
    """The parameters by name, then by value, both as they were sent; each with a `=`."""
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join([f"{name}={value}" for name, value in pairs])


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
    """HMAC-SHA256 in hex.

    Not by hmac.digest: it lets go of the interpreter for these few bytes, and every other thread takes it.
    """
    keyed = _keyed(key).copy()
    keyed.update(text.encode("utf-8", "surrogateescape"))
    return keyed.hexdigest()


@lru_cache(maxsize=limits.SIGNING_KEYS)
def _keyed(key: bytes) -> hmac.HMAC:
    """Never updated itself, only copied."""
    return hmac.new(key, digestmod="sha256")


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

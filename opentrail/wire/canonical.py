"""The canonical request of Signature Version 4, as botocore itself computes it, and the keys that sign it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from botocore.auth import SigV4Auth

from opentrail import limits
from opentrail.wire.signature import Signature

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
S3_PATH_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})  # their paths are signed as sent
UNRESERVED = "-_.~"
_SERVICE = SigV4Auth(None, "", "")
_REMEMBERED_PATH = 256  # characters of a path whose normal form is kept
_NEEDS_NO_ENCODING = re.compile(r"[A-Za-z0-9_.~/-]*", re.ASCII)
_BLOCK_BYTES = 64  # of SHA-256
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, list[str]], payload_hash: str, *, s3: bool
) -> str:
    """The text whose SHA-256 is signed.

    `path` and `query` are raw. `headers` are the signed ones alone, names in lower case. The parts are those of
    botocore, put together here because its own way parses a URL, which would cut what hostile bytes of a path (`#`,
    tabs) hide from it; all but the path are so short that going through its objects would cost more than they do.
    """
    if not s3:
        path = normalized_path(path)
    names = sorted(headers)
    lines = "\n".join([f"{name}:{','.join([_trimmed(value) for value in headers[name]])}" for name in names])
    return f"{method.upper()}\n{path}\n{sorted_query(query)}\n{lines}\n\n{';'.join(names)}\n{payload_hash}"


def normalized_path(path: str) -> str:
    """`path` as every service but S3 has it signed: dots and double slashes resolved, percent-encoded once more."""
    if path == "/":
        return path
    if len(path) <= _REMEMBERED_PATH:
        return _normalized(path)
    normalized: str = _SERVICE._normalize_url_path(path)
    return normalized


@lru_cache(maxsize=4096)
def _normalized(path: str) -> str:
    normalized: str = _SERVICE._normalize_url_path(path)
    return normalized


def _trimmed(value: str) -> str:
    """Without white space at the ends, and one space for each run of it inside."""
    return " ".join(value.split())


def sorted_query(query: str) -> str:
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


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 of bytes."""
    return hmac.digest(key, data, "sha256")


def hmac_hex(key: bytes, text: str) -> str:
    """HMAC-SHA256 (RFC 2104) in hex, from the state of SHA-256 behind the key's blocks, which is remembered.

    Not by hmac.digest: it lets go of the interpreter for these few bytes, and every other thread takes it. Not by
    hmac.HMAC: its objects cost as much again as the hash.
    """
    inner, outer = _keyed(key)
    within = inner.copy()
    within.update(text.encode("utf-8", "surrogateescape"))
    around = outer.copy()
    around.update(within.digest())
    hexdigest: str = around.hexdigest()
    return hexdigest


@lru_cache(maxsize=limits.SIGNING_KEYS)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """SHA-256 after the inner and after the outer block of `key`; never updated themselves, only copied."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))


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
    if _NEEDS_NO_ENCODING.fullmatch(path) is not None:
        return path
    return quote(unquote_to_bytes(path.encode("latin-1")), safe="/" + UNRESERVED)


def reencoded_query(query: str) -> str:
    """`query` decoded and percent-encoded as S3 does it; the order of the parameters stays."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{_reencoded(name)}={_reencoded(value)}" for name, _, value in pairs)


def _reencoded(text: str) -> str:
    return quote(unquote_plus(text, encoding="latin-1"), safe=UNRESERVED, encoding="latin-1")

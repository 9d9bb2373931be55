"""Signature Version 2 of S3 (HMAC-SHA1): boto3 still presigns S3 URLs with it by default."""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from botocore.auth import HmacV1Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from opentrail import limits
from opentrail.wire.canonical import as_utf8
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.s3_addressing import bucket_in_host
from opentrail.wire.signature import Signature
from opentrail.wire.signature_errors import (
    AmbiguousAuthentication,
    IncompleteQuerySignature,
    IncompleteSignature,
    InvalidSignature,
    PresignExpired,
    SignatureExpired,
    SignatureVersionTooOld,
)

_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_PARTS = ("AWSAccessKeyId", "Signature", "Expires")
_HEADERS_IN_QUERY = ("content-type", "content-md5")  # and x-amz-...: botocore moves them there when it presigns

# Version 2 leaves parameters unsigned that it does not know. These do no more than page or filter a listing; any
# other (?retention, ?encryption, ...) could turn a signed call into another one, and needs Version 4.
_MAY_BE_UNSIGNED = frozenset(
    {
        "prefix", "delimiter", "marker", "max-keys", "encoding-type", "list-type", "continuation-token", "fetch-owner",
        "start-after", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "max-parts",
        "part-number-marker", "x-id",
    }
)  # fmt: skip


class _Path(NamedTuple):
    """What botocore reads of a split URL."""

    path: str
    query: str


class _Version2(HmacV1Auth):  # type: ignore[misc]
    """botocore's canonicalisation with the date that the request states."""

    def __init__(self, credentials: Credentials, date: str) -> None:
        super().__init__(credentials)
        self._date = date

    def _get_date(self) -> str:
        return self._date


def is_presigned(request: HttpRequest) -> bool:
    """Whether the query holds a signature of S3's Version 2 (the query services' own Version 2 is another one)."""
    query = request.query
    return (
        "AWSAccessKeyId=" in query  # a quick look before the exact one
        and {"AWSAccessKeyId", "Signature"} <= (names := {pair.partition("=")[0] for pair in query.split("&")})
        and "SignatureVersion" not in names
    )


def read_query(request: HttpRequest) -> Signature:
    """The signature of a presigned URL; raises IncompleteQuerySignature."""
    parts = _query_parts(request.query)
    for name in _PARTS:
        if not parts.get(name):
            raise IncompleteQuerySignature(
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
            )
    if not _NUMBER.fullmatch(parts["Expires"]):
        raise IncompleteQuerySignature("Expires should be a number")
    token = parts.get("x-amz-security-token") or request.headers_by_name.get("x-amz-security-token")
    return Signature(
        kind="v2-query",
        access_key=parts["AWSAccessKeyId"],
        date="",
        region="",
        service="s3",
        signed_headers=(),
        signature=parts["Signature"],
        session_token=token,
        payload_hash=None,
        expires=int(parts["Expires"]),
    )


def read_header(request: HttpRequest, rest: str) -> Signature:
    """The signature of `Authorization: AWS <access-key>:<signature>`; raises IncompleteSignature."""
    access_key, _, signature = rest.strip().rpartition(":")
    if not access_key or not signature:
        raise IncompleteSignature("Authorization must be of the form 'AWS <access-key>:<signature>'.")
    date = request.headers_by_name.get("x-amz-date") or request.headers_by_name.get("date")
    if not date:
        raise IncompleteSignature("AWS authentication requires a valid Date or x-amz-date header")
    return Signature(
        kind="v2-header",
        access_key=access_key,
        date=date,
        region="",
        service="s3",
        signed_headers=(),
        signature=signature,
        session_token=request.headers_by_name.get("x-amz-security-token"),
        payload_hash=None,
    )


def verify(request: HttpRequest, signature: Signature, secret: str, now: datetime) -> None:
    """Return if the request was signed with `secret`; raise a SignatureError if not. The body is never signed."""
    _check_time(signature, now)
    if signature.kind == "v2-query":
        date = str(signature.expires)
    else:
        date = "" if "x-amz-date" in request.headers_by_name else request.header("date")
    auth = _Version2(Credentials(signature.access_key, secret), date)
    _refuse_unsigned_parameters(request, signature, frozenset(auth.QSAOfInterest))
    headers = _headers(request, signature)
    for path in _resource_paths(request):
        expected = auth.sign_string(auth.canonical_string(request.method, _Path(path, request.query), headers))
        if hmac.compare_digest(expected.encode(), signature.signature.encode()):
            return
    raise InvalidSignature


def http_date(text: str) -> datetime:
    """The aware time of a Date header; raises IncompleteSignature."""
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise IncompleteSignature("AWS authentication requires a valid Date or x-amz-date header") from error


def _check_time(signature: Signature, now: datetime) -> None:
    if signature.expires is not None:
        if now.timestamp() > signature.expires:
            raise PresignExpired
        if signature.expires > now.timestamp() + limits.PRESIGN_SECONDS + limits.S3_SIGNATURE_SKEW_SECONDS:
            raise IncompleteQuerySignature(f"Expires must be less than {limits.PRESIGN_SECONDS} seconds ahead")
        return
    if abs(now - http_date(signature.date)) > timedelta(seconds=limits.S3_SIGNATURE_SKEW_SECONDS):
        raise SignatureExpired


def _headers(request: HttpRequest, signature: Signature) -> HTTPHeaders:
    """Content-Type, Content-MD5 and x-amz-...; in a presigned URL they may stand in the query."""
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.startswith("x-amz-") or name in _HEADERS_IN_QUERY:
            headers[name] = as_utf8(value)
    if signature.kind == "v2-query":
        for name, value in _query_parts(request.query).items():
            lower = name.lower()
            if (lower.startswith("x-amz-") or lower in _HEADERS_IN_QUERY) and lower not in headers:
                headers[lower] = value
    return headers


def _resource_paths(request: HttpRequest) -> tuple[str, ...]:
    """How the path with its bucket may have been written when it was signed; all of them name the same resource."""
    bucket = bucket_in_host(request.host)
    if bucket is not None:
        return (f"/{bucket}{request.path}",)
    if request.path.count("/") == 1 and request.path != "/":  # a bucket: boto3 sends /b and signs /b/
        return (f"{request.path}/", request.path)
    return (request.path,)


def _refuse_unsigned_parameters(request: HttpRequest, signature: Signature, signed: frozenset[str]) -> None:
    for name in _query_parts(request.query):
        lower = name.lower()
        hoisted = lower.startswith("x-amz-") or lower in _HEADERS_IN_QUERY
        if signature.kind == "v2-query" and (name in _PARTS or hoisted):
            continue
        if name not in signed and name not in _MAY_BE_UNSIGNED:
            raise SignatureVersionTooOld


def _query_parts(query: str) -> Mapping[str, str]:
    parts: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        name = unquote(name)
        if name in parts and (name in _PARTS or name.lower().startswith("x-amz-")):
            raise AmbiguousAuthentication
        parts[name] = unquote_plus(value)
    return parts

"""Signature Version 4: reading it from a request, and verifying it by computing the canonical request again."""

import hmac
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from opentrail import limits
from opentrail.wire import sigv2
from opentrail.wire.canonical import (
    ALGORITHM,
    S3_PATH_SERVICES,
    as_utf8,
    canonical_request,
    hmac_hex,
    key_of,
    reencoded_path,
    reencoded_query,
    signing_text,
)
from opentrail.wire.http import HttpRequest
from opentrail.wire.plain_signature import expected_signature, remember_form
from opentrail.wire.signature import (
    STREAMING_EVENTS,
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    UNSIGNED_PAYLOAD,
    Signature,
)
from opentrail.wire.signature_errors import (
    AmbiguousAuthentication,
    HeadersNotSigned,
    IncompleteQuerySignature,
    IncompleteSignature,
    InvalidPayloadHash,
    InvalidSignature,
    MissingPayloadHash,
    PayloadMismatch,
    PresignExpired,
    PresignNotYetValid,
    SignatureExpired,
    UnsupportedAlgorithm,
)
from opentrail.wire.sigv4a import ALGORITHM_4A, REGION_SET, is_signed_4a

__all__ = ["UNSIGNED_PAYLOAD", "Signature", "check_payload", "needs_body", "read_signature", "verify"]

DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_PLAIN_PATH = "/S3Outposts/"  # endpoints of Outposts are signed under a name of S3's, and not in its way
_SKEW = timedelta(seconds=limits.SIGNATURE_SKEW_SECONDS)
_S3_SKEW = timedelta(seconds=limits.S3_SIGNATURE_SKEW_SECONDS)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_DAY = re.compile(r"\d{8}", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_SCOPE_PART = re.compile(r"[A-Za-z0-9._*-]{1,128}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_PRESIGNED = re.compile(r"(?:^|&)x-amz-(?:signature|algorithm)=", re.ASCII | re.IGNORECASE)
_WITHOUT_REGION = re.compile(r"(Credential=[^,]+/\d{8})/([A-Za-z0-9._-]+/aws4_request)", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d", re.ASCII)
_HEX_CHARACTERS = 64  # of a signature
_MARKERS = frozenset(
    {STREAMING_EVENTS, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER, UNSIGNED_PAYLOAD}
)  # what stands for the hash of a body that is not hashed whole
_QUERY_PARTS = frozenset(
    "x-amz-" + name
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
) | {"x-amz-content-sha256"}
_HEADER_PARTS = frozenset({"Credential", "SignedHeaders", "Signature", ""})  # a comma at the end makes an empty one
_MAY_BE_UNSIGNED = frozenset({"x-amz-user-agent", "x-amz-cf-id"})  # added after signing by browsers and CloudFront


def read_signature(request: HttpRequest) -> Signature | None:
    """The signature that `request` carries, or None where it is unsigned.

    An Authorization of another kind than AWS's (Bearer, Basic) counts as unsigned.
    Raises IncompleteSignature (or its kin in signature_errors) where a part is missing or unreadable.
    """
    plain = _read_plain(request)
    if plain is not None:
        return plain
    authorization = [value for name, value in request.headers if name == "authorization"]
    presigned = bool(request.query) and _PRESIGNED.search(request.query) is not None
    presigned_2 = sigv2.is_presigned(request)
    if len(authorization) + presigned + presigned_2 > 1:
        raise AmbiguousAuthentication
    if presigned:
        return _read_query(request)
    if presigned_2:
        return sigv2.read_query(request)
    if not authorization:
        return None
    scheme, _, rest = authorization[0].strip().partition(" ")
    if scheme == ALGORITHM:
        return _read_header(request, rest)
    if scheme == ALGORITHM_4A:
        return _read_header_4a(request, rest)
    if scheme == "AWS":
        return sigv2.read_header(request, rest)
    if scheme.upper().startswith("AWS"):
        raise UnsupportedAlgorithm
    return None


def verify(request: HttpRequest, signature: Signature, secret: str, body_sha256: str | None, now: datetime) -> None:
    """Return if `signature` was made with `secret` for exactly this request; raise a SignatureError if not.

    `body_sha256` is the hex SHA-256 of the body as it came, or None where the body is still on its way: then the
    declared hash is taken for the signature, and the caller checks it with `check_payload` when the body has ended.
    A request without declared hash needs the body first (see `needs_body`), else this raises MissingPayloadHash.
    `now` is aware.
    """
    if signature.is_version_2:
        sigv2.verify(request, signature, secret, now)
        return
    _check_time(signature, now)
    payload_hash = signature.payload_hash if signature.payload_hash is not None else body_sha256
    if payload_hash is None:
        raise MissingPayloadHash
    plain = expected_signature(request, signature, secret, payload_hash)
    if plain is None or not hmac.compare_digest(plain.encode(), signature.signature.encode()):
        _verify_in_full(request, signature, secret, payload_hash)
        remember_form(request, signature)
    if body_sha256 is not None:
        check_payload(signature, body_sha256)


def _verify_in_full(request: HttpRequest, signature: Signature, secret: str, payload_hash: str) -> None:
    """By the canonical request, whatever the request looks like."""
    headers = _signed_headers(request, signature)
    query = _without_signature(request.query) if signature.kind == "query" else request.query
    s3 = signature.service in S3_PATH_SERVICES
    key = key_of(signature, secret)

    def signed(path: str, query: str) -> bool:
        canonical = canonical_request(request.method, path, query, headers, payload_hash, s3=s3)
        if signature.kind == "v4a":
            return is_signed_4a(signature, secret, canonical)
        expected = hmac_hex(key, signing_text(signature.date, signature.scope, canonical))
        return hmac.compare_digest(expected.encode(), signature.signature.encode())

    # S3 signs what the encoded path means: clients that send other bytes than they sign (a bare "+") are right, too
    if not signed(request.path, query) and not (s3 and signed(reencoded_path(request.path), reencoded_query(query))):
        raise InvalidSignature


def needs_body(signature: Signature) -> bool:
    """Whether the signature covers a hash of the body that the request does not state."""
    return not signature.is_version_2 and signature.payload_hash is None


def check_payload(signature: Signature, body_sha256: str) -> None:
    """Raise PayloadMismatch where the declared hash of the body is another than `body_sha256` (hex)."""
    declared = signature.payload_hash
    if declared is None or declared in _MARKERS:
        return
    if not hmac.compare_digest(declared.lower().encode(), body_sha256.lower().encode()):
        raise PayloadMismatch


@lru_cache(maxsize=4096)
def parse_date(date: str) -> datetime:
    """The time of `YYYYMMDDTHHMMSSZ`; raises ValueError."""
    if not _DATE.fullmatch(date):
        raise ValueError(f"{date!r} is not a time of the form YYYYMMDDTHHMMSSZ")
    return datetime.fromisoformat(date)


def _is_date(date: str) -> bool:
    try:
        parse_date(date)
    except ValueError:
        return False
    return True


def _read_header(request: HttpRequest, rest: str) -> Signature:
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        if name in parts:
            raise AmbiguousAuthentication
        parts[name] = value.strip()
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    date = _header_date(request)
    if missing or date is None:
        complaints = [f"Authorization header requires '{name}' parameter." for name in missing]
        if date is None:
            complaints.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise IncompleteSignature(" ".join(complaints))
    if not parts.keys() <= _HEADER_PARTS:  # an upstream could take another part for the credential
        raise IncompleteSignature("Authorization header has a part other than Credential, SignedHeaders and Signature.")
    access_key, region, service = _credential(parts["Credential"], date, IncompleteSignature)
    payload_hash = request.headers_by_name.get("x-amz-content-sha256")
    if payload_hash is None and service in S3_PATH_SERVICES and not request.path.startswith(_PLAIN_PATH):
        raise MissingPayloadHash
    signed_headers = _header_names(parts["SignedHeaders"], IncompleteSignature)
    _remember_scope(request, _Scope(access_key, date[:8], region, service, signed_headers), parts["Signature"])
    return Signature(
        kind="header",
        access_key=access_key,
        date=date,
        region=region,
        service=service,
        signed_headers=signed_headers,
        signature=parts["Signature"],
        session_token=request.headers_by_name.get("x-amz-security-token"),
        payload_hash=_payload_hash(payload_hash),
    )


class _Scope(NamedTuple):
    """What stays in the Authorization header while a caller calls the same service on the same day."""

    access_key: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]


_SCOPES: dict[str, _Scope] = {}  # by the Authorization header up to its signature


def _read_plain(request: HttpRequest) -> Signature | None:
    """The signature of a request whose Authorization, but for its end, has been read before; None for any other."""
    by_name = request.headers_by_name
    authorization, date = by_name.get("authorization"), by_name.get("x-amz-date")
    if authorization is None or date is None or request.query or len(by_name) != len(request.headers):
        return None
    scope = _SCOPES.get(authorization[:-_HEX_CHARACTERS])
    signature = authorization[-_HEX_CHARACTERS:]
    if scope is None or not signature.isalnum() or date[:8] != scope.day or not _is_date(date):
        return None
    payload_hash = by_name.get("x-amz-content-sha256")
    if payload_hash is None:
        if scope.service in S3_PATH_SERVICES:
            return None
    elif payload_hash not in _MARKERS and not _HEX.fullmatch(payload_hash):
        return None
    token = by_name.get("x-amz-security-token")
    access_key, _, region, service, signed_headers = scope
    return Signature("header", access_key, date, region, service, signed_headers, signature, token, payload_hash)


def _remember_scope(request: HttpRequest, scope: _Scope, signature: str) -> None:
    """Take note of an Authorization header that has been read in full and ends with its signature."""
    stated = request.headers_by_name["authorization"]
    fixed, end = stated[:-_HEX_CHARACTERS], stated[-_HEX_CHARACTERS:]
    if end != signature or not end.isalnum() or len(fixed) > limits.SIGNED_SCOPE_CHARACTERS:
        return
    if len(_SCOPES) >= limits.SIGNED_SCOPES:
        _SCOPES.clear()
    _SCOPES[fixed] = scope


def _read_header_4a(request: HttpRequest, rest: str) -> Signature:
    """As `_read_header`; the scope names no Region: the first of the Region set stands for it, if it names one."""
    found = _read_header(request, _WITHOUT_REGION.sub(r"\1/*/\2", rest, count=1))
    region = request.header(REGION_SET).split(",")[0].strip()
    if REGION_SET not in found.signed_headers:
        raise IncompleteSignature("'X-Amz-Region-Set' must be a 'SignedHeader' in the AWS Authorization.")
    return msgspec.structs.replace(found, kind="v4a", region=region if _REGION.fullmatch(region) else "")


def _read_query(request: HttpRequest) -> Signature:
    parts: dict[str, str] = {}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        name = unquote(name).lower()
        if name in _QUERY_PARTS:
            if name in parts:
                raise AmbiguousAuthentication
            parts[name] = unquote(value)
    if parts.get("x-amz-algorithm", ALGORITHM) != ALGORITHM:
        raise UnsupportedAlgorithm
    for name in ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"):
        if not parts.get(f"x-amz-{name.lower()}"):
            raise IncompleteQuerySignature(f"Query-string authentication requires the X-Amz-{name} parameter.")
    date = parts["x-amz-date"]
    access_key, region, service = _credential(parts["x-amz-credential"], date, IncompleteQuerySignature)
    payload_hash = parts.get("x-amz-content-sha256") or request.headers_by_name.get("x-amz-content-sha256")
    if payload_hash is None and service in S3_PATH_SERVICES:
        payload_hash = UNSIGNED_PAYLOAD
    return Signature(
        kind="query",
        access_key=access_key,
        date=date,
        region=region,
        service=service,
        signed_headers=_header_names(parts["x-amz-signedheaders"], IncompleteQuerySignature),
        signature=parts["x-amz-signature"],
        session_token=parts.get("x-amz-security-token") or request.headers_by_name.get("x-amz-security-token"),
        payload_hash=_payload_hash(payload_hash),
        expires=_expires(parts["x-amz-expires"]),
    )


def _header_date(request: HttpRequest) -> str | None:
    stated = request.headers_by_name.get("x-amz-date")
    if stated is not None:
        return stated
    stated = request.headers_by_name.get("date")
    if stated is None or _DATE.fullmatch(stated):
        return stated
    return _text(sigv2.http_date(stated))


def _credential(credential: str, date: str, complaint: type[IncompleteSignature]) -> tuple[str, str, str]:
    """Access key, Region and service of a credential scope that fits `date`."""
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0] or parts[4] != "aws4_request":
        raise complaint("Credential must be of the form <access-key>/YYYYMMDD/<region>/<service>/aws4_request.")
    access_key, day, region, service, _ = parts
    if not _DAY.fullmatch(day) or not _SCOPE_PART.fullmatch(region) or not _SCOPE_PART.fullmatch(service):
        raise complaint("The scope of the Credential cannot be read.")
    try:
        parse_date(date)
    except ValueError as error:
        raise complaint("The date must be in the ISO8601 basic form: YYYYMMDDTHHMMSSZ.") from error
    if not date.startswith(day):
        raise complaint(f"Date in Credential scope does not match the date of the request: '{day}' != '{date[:8]}'.")
    return access_key, region, service


def _header_names(listed: str, complaint: type[IncompleteSignature]) -> tuple[str, ...]:
    names = tuple(listed.lower().split(";"))
    if "host" not in names:
        raise complaint("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return names


def _payload_hash(stated: str | None) -> str | None:
    if stated is None or stated in _MARKERS or _HEX.fullmatch(stated):
        return stated
    if stated.startswith("STREAMING-AWS4-ECDSA"):
        raise UnsupportedAlgorithm
    raise InvalidPayloadHash


def _expires(stated: str) -> int:
    if not _NUMBER.fullmatch(stated):
        raise IncompleteQuerySignature("X-Amz-Expires should be a number")
    seconds = int(stated)
    if seconds < 0:
        raise IncompleteQuerySignature("X-Amz-Expires must be non-negative")
    if seconds > limits.PRESIGN_SECONDS:
        raise IncompleteQuerySignature(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{limits.PRESIGN_SECONDS} seconds"
        )
    return seconds


def _check_time(signature: Signature, now: datetime) -> None:
    """Raise SignatureExpired or its kin where the request's time is out of bounds."""
    signed_at = parse_date(signature.date)
    skew = _S3_SKEW if signature.service in S3_PATH_SERVICES else _SKEW
    if signed_at > now + skew:
        complaint = PresignNotYetValid if signature.expires is not None else SignatureExpired
        bound = f"{_text(now + skew)} ({_text(now)} + {skew.seconds // 60} min.)"
        raise complaint(f"Signature not yet current: {signature.date} is still later than {bound}")
    if signature.expires is not None:
        end = signed_at + timedelta(seconds=signature.expires)
        if now > end:
            raise PresignExpired(f"Signature expired: {_text(end)} is now earlier than {_text(now)}")
    elif signed_at < now - skew:
        bound = f"{_text(now - skew)} ({_text(now)} - {skew.seconds // 60} min.)"
        raise SignatureExpired(f"Signature expired: {signature.date} is now earlier than {bound}")


def _text(time: datetime) -> str:
    return time.strftime(DATE_FORMAT)


def _signed_headers(request: HttpRequest, signature: Signature) -> dict[str, list[str]]:
    """The signed headers with all their values; raises where one is missing, or one that must be signed is not."""
    found: dict[str, list[str]] = {name: [] for name in signature.signed_headers}
    not_signed: list[str] = []
    for name, value in request.headers:
        if name in found:
            found[name].append(as_utf8(value))
        elif name.startswith("x-amz-") and name not in _MAY_BE_UNSIGNED:
            not_signed.append(name)
    if not_signed:
        raise HeadersNotSigned(f"{HeadersNotSigned.__doc__}: {', '.join(sorted(set(not_signed)))}")
    if not all(found.values()):
        raise InvalidSignature
    return found


def _without_signature(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if unquote(pair.partition("=")[0]).lower() != "x-amz-signature")

"""Signature Version 2 of the Query services: HMAC over the sorted parameters of a form or a query string.

Old SDKs, and all of them for SimpleDB, put access key, method, time and signature among the parameters themselves.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from opentrail import limits
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.scalars import query_pairs
from opentrail.wire.signature import UNSIGNED_PAYLOAD, Signature
from opentrail.wire.signature_errors import (
    AmbiguousAuthentication,
    IncompleteQuerySignature,
    InvalidSignature,
    SignatureExpired,
    UnsupportedAlgorithm,
)

_METHODS = {"HmacSHA256": "sha256", "HmacSHA1": "sha1"}


def read_form_signature(request: HttpRequest, form: bytes) -> Signature | None:
    """The signature among the parameters of a Query call, or None. Raises IncompleteQuerySignature and its kin.

    `form` is the whole body, empty where the parameters are in the URL.
    """
    if b"AWSAccessKeyId=" not in form and "AWSAccessKeyId=" not in request.query:
        return None
    pairs = _pairs(request, form)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise AmbiguousAuthentication
    if parameters.get("SignatureVersion") != "2" or not {"AWSAccessKeyId", "Signature"} <= parameters.keys():
        return None
    if parameters.get("SignatureMethod") not in _METHODS:
        raise UnsupportedAlgorithm
    if not parameters.get("Timestamp") and not parameters.get("Expires"):
        raise IncompleteQuerySignature("The request must contain either a valid (registered) Timestamp or Expires.")
    return Signature(
        kind="v2-form",
        access_key=parameters["AWSAccessKeyId"],
        date=parameters.get("Timestamp", ""),
        region="",
        service="",
        signed_headers=(),
        signature=parameters["Signature"],
        session_token=parameters.get("SecurityToken"),
        payload_hash=UNSIGNED_PAYLOAD,  # the signature itself covers the form
    )


def verify_form_signature(request: HttpRequest, form: bytes, signature: Signature, secret: str, now: datetime) -> None:
    """Return if the call was signed with `secret`; raise InvalidSignature or SignatureExpired if not."""
    parameters = dict(_pairs(request, form))
    _check_time(parameters, now)
    method = _METHODS[parameters["SignatureMethod"]]
    canonical = "&".join(
        f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()) if name != "Signature"
    )
    text = f"{request.method}\n{request.host.lower()}\n{request.path or '/'}\n{canonical}"
    made = base64.b64encode(hmac.digest(secret.encode(), text.encode(), method))
    if not hmac.compare_digest(made, signature.signature.encode()):
        raise InvalidSignature


def _pairs(request: HttpRequest, form: bytes) -> list[tuple[str, str]]:
    return query_pairs(request.query) + query_pairs(form.decode("latin-1").strip())


def _quoted(text: str) -> str:
    return quote(text, safe="-_~.")


def _check_time(parameters: dict[str, str], now: datetime) -> None:
    skew = timedelta(seconds=limits.S3_SIGNATURE_SKEW_SECONDS)
    try:
        stated = datetime.fromisoformat(parameters.get("Timestamp") or parameters["Expires"])
    except ValueError as error:
        raise IncompleteQuerySignature("Timestamp and Expires must be in ISO8601 format.") from error
    moment = stated if stated.tzinfo is not None else stated.replace(tzinfo=UTC)
    if "Timestamp" not in parameters:
        if moment < now:
            raise SignatureExpired
    elif abs(now - moment) > skew:
        raise SignatureExpired

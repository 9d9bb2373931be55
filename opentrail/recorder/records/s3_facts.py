"""What S3 writes beside parameters and answer: signature, transferred bytes, encryption, its second request id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature

_ENCRYPTION: Final = "x-amz-server-side-encryption"
_CUSTOMER_KEY: Final = "x-amz-server-side-encryption-customer-algorithm"
_METHODS: Final[Mapping[str, str]] = {
    "query": "QueryString",
    "v2-query": "QueryString",
    "post": "POST",  # as the condition key s3:authType calls it; not seen in a record
    "v2-post": "POST",
}
_APPLIED: Final[Mapping[str, str]] = {"AES256": "SSE_S3", "aws:kms": "SSE_KMS", "aws:kms:dsse": "DSSE_KMS"}


@dataclass(frozen=True, slots=True)
class Transfer:
    """What went over the wire for one call."""

    bytes_in: int
    bytes_out: int
    cipher_suite: str | None = None


def additional_event_data(
    request: HttpRequest,
    signature: Signature | None,
    transfer: Transfer,
    answer_headers: Mapping[str, str],
    host_id: str | None,
) -> dict[str, Any]:
    """The record's additionalEventData in AWS's order; bytes are whole numbers, as records of 1.11 have them."""
    facts: dict[str, Any] = {}
    if signature is not None:
        facts["SignatureVersion"] = "SigV2" if signature.is_version_2 else "SigV4"
    if transfer.cipher_suite:
        facts["CipherSuite"] = transfer.cipher_suite
    facts["bytesTransferredIn"] = transfer.bytes_in
    applied = _encryption_applied(request, answer_headers)
    if applied is not None:
        facts["SSEApplied"] = applied
    if signature is not None:
        facts["AuthenticationMethod"] = _METHODS.get(signature.kind, "AuthHeader")
    if host_id:
        facts["x-amz-id-2"] = host_id
    facts["bytesTransferredOut"] = transfer.bytes_out
    return facts


def _encryption_applied(request: HttpRequest, answer_headers: Mapping[str, str]) -> str | None:
    """How the answer says that the object was encrypted; `Default_` where the bucket's default did it."""
    if answer_headers.get(_CUSTOMER_KEY):
        return "SSE_C"
    applied = _APPLIED.get(answer_headers.get(_ENCRYPTION, ""))
    if applied is None:
        return None
    return applied if request.header(_ENCRYPTION) else f"Default_{applied}"

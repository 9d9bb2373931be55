"""The request that an upstream gets for a call: signed anew, or as it came."""

import re
from collections.abc import Callable
from datetime import datetime

from opentrail.recorder.answers.refusals import AmbiguousCall
from opentrail.recorder.call import Call
from opentrail.recorder.forwarding.upstreams import Upstream
from opentrail.recorder.proxy.heads import TextHeaders, end_to_end
from opentrail.wire.canonical import ALGORITHM
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.s3_addressing import path_style
from opentrail.wire.signature import UNSIGNED_PAYLOAD, Signature
from opentrail.wire.signing import Credentials, sign, without_signature

_CHUNKED_HEADERS = frozenset({"x-amz-decoded-content-length", "x-amz-trailer"})
_FORWARDED = "x-forwarded-"  # SeaweedFS believes X-Forwarded-Host when it verifies
DEFAULT_REGION = "us-east-1"
_REGION_IN_HOST = re.compile(r"\.([a-z]{2}-[a-z]+-\d)\.amazonaws\.com")


def outgoing_request(
    call: Call, upstream: Upstream, now: Callable[[], datetime], home_account: str
) -> tuple[str, TextHeaders]:
    """Target (path and query as they go out) and headers; a call without a principal is one of `home_account`."""
    if upstream.signing == "resign":
        return _signed_anew(call.request, call.signature, upstream, now())
    headers = end_to_end(call.request.headers)
    if upstream.account_header is not None:
        headers = _without_copies(headers, upstream.account_header)
        account = call.principal.account if call.principal is not None else call.owner or home_account
        headers.append((upstream.account_header, account))
        if call.signature is not None and call.signature.kind in ("header", "query"):
            headers = [pair for pair in headers if pair[0] != "authorization"]
            headers.append(("authorization", _in_one_form(call.signature)))
            _require_region(call.request, call.signature)
            headers = [
                (name, value.replace("region/", "")) if name == "user-agent" else (name, value)
                for name, value in headers
            ]
    return _target(call.request.path, call.request.query), headers


def _signed_anew(
    request: HttpRequest, signature: Signature | None, upstream: Upstream, now: datetime
) -> tuple[str, TextHeaders]:
    chunked = signature is not None and signature.is_streaming
    headers: list[tuple[str, str]] = []
    for name, value in end_to_end(request.headers):
        if name.startswith(_FORWARDED) or (chunked and name in _CHUNKED_HEADERS):
            continue
        if chunked and name == "content-encoding":
            value = _without_aws_chunked(value)
            if not value:
                continue
        headers.append((name, value))
    path = path_style(request)
    if signature is None or signature.kind in ("post", "v2-post"):
        return _target(path, request.query), headers  # anonymous, or signed in its body: the upstream decides
    query = without_signature(request.query, version_2=signature.is_version_2)
    credentials = Credentials(upstream.access_key_id, upstream.secret_access_key)
    region = upstream.region or signature.region or DEFAULT_REGION
    signed = sign(
        request.method,
        request.host,
        path,
        query,
        headers,
        UNSIGNED_PAYLOAD,
        credentials,
        region,
        signature.service,
        now,
    )
    return _target(path, query), signed


def _require_region(request: HttpRequest, signature: Signature) -> None:
    """Raise AmbiguousCall where the Host names another Region than the scope: the upstream would act there.

    It takes one from the user agent as well (`region/eu-west-1`), which is therefore left out there.
    """
    named = _REGION_IN_HOST.search(request.host.lower())
    if named is not None and named[1] != signature.region:
        raise AmbiguousCall("The Host and the scope of the Credential name different Regions.")


def _in_one_form(signature: Signature) -> str:
    """The signature as such an upstream understands it: it takes the service from what comes first in the header.

    Of a presigned URL too, whose scope it does not read: it would guess the service from the body.
    """
    return (
        f"{ALGORITHM} Credential={signature.access_key}/{signature.scope}, "
        f"SignedHeaders={';'.join(signature.signed_headers)}, Signature={signature.signature}"
    )


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _without_aws_chunked(value: str) -> str:
    codings = [coding.strip() for coding in value.split(",")]
    return ",".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")


def _without_copies(headers: list[tuple[str, str]], header: str) -> list[tuple[str, str]]:
    """Without what a client might pass off as our own header; a WSGI server takes `_` for `-`."""
    return [(name, value) for name, value in headers if name.replace("_", "-") != header]

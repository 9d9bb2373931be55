"""Calls that AWS takes without a signature, and bearer tokens in place of one.

`authtype: none` of the models: what hands out credentials, or carries a token of its own as a parameter. Everybody may
make such a call; what it may do, the upstream decides by the token. S3 takes any call from everybody, and its bucket
policies decide. A call with `Authorization: Bearer` is let through only to an upstream that verifies for itself.
"""

from typing import Final

from opentrail.recorder.understanding.recognition import action_and_version
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.reader import spoken_protocol
from opentrail.wire.protocols.rest import routes
from opentrail.wire.protocols.scalars import query_pairs
from opentrail.wire.service_names import BEARER_SERVICES, UNSIGNED_OPERATIONS

_BEARER: Final = "bearer "


def is_public(service: str | None, request: HttpRequest, beginning: bytes) -> bool:
    """Whether AWS takes this call without a signature; `beginning`, of a form, names its action."""
    if service == "s3":
        return True
    public = UNSIGNED_OPERATIONS.get(service or "")
    return public is not None and operation_named(service or "", request, beginning) in public


def has_bearer_token(service: str | None, request: HttpRequest) -> bool:
    """Whether the call carries a token that AWS takes in place of a signature."""
    return service in BEARER_SERVICES and request.header("authorization").lower().startswith(_BEARER)


def operation_named(service: str, request: HttpRequest, beginning: bytes) -> str:
    """The operation that the head of a request, or the beginning of its form, names; empty where none is."""
    protocol = spoken_protocol(service, request)
    if protocol == "json":
        return request.header("x-amz-target").rpartition(".")[2]
    if protocol == "query":
        return action_and_version(request, beginning)[0]
    if protocol == "cbor":
        return request.path.rpartition("/operation/")[2].strip("/")
    found = routes(service).find(
        request.method, request.path, dict(query_pairs(request.query)), request.headers_by_name
    )
    return found[0].operation.name if found is not None else ""

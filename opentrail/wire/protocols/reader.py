"""Which protocol a request speaks, and its reader; a service may speak several."""

import functools

from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols import cbor_rpc, json_rpc, query, rest
from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.service_models import UnknownService, protocols


def read_request(service: str, request: HttpRequest, body: bytes | None) -> ParsedRequest:
    """The call of botocore's `service` in a request; `body` is None where it was not held.

    Whatever the bytes are, nothing but UnreadableCall is raised.
    """
    try:
        protocol = spoken_protocol(service, request)
        if protocol == "json":
            return json_rpc.read(service, request, body)
        if protocol == "query":
            return query.read(service, request, body)
        if protocol == "cbor":
            return cbor_rpc.read(service, request, body)
        return rest.read(service, request, body, protocol)
    except UnknownService as error:
        raise UnreadableCall("no such service") from error


def spoken_protocol(service: str, request: HttpRequest) -> str:
    """`json`, `query`, `cbor`, `rest-json` or `rest-xml`. Raises UnknownService."""
    rest_protocol = _rest_protocol(service)
    if rest_protocol is not None:
        return rest_protocol
    headers = request.headers_by_name
    if "smithy-protocol" in headers:
        return "cbor"
    if "x-amz-target" in headers:
        return "json"
    return "query"


@functools.lru_cache(maxsize=512)
def _rest_protocol(service: str) -> str | None:
    listed = protocols(service)
    return next((protocol for protocol in listed if protocol.startswith("rest-")), None)

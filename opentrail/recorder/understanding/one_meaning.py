"""Calls that can be read in two ways are refused: the record must name what the upstream does.

Upstreams differ in what they make of such a call: of two Actions one takes the first, another the last; some look for
an Action in the URL of a call that names its operation in a header; of two equal headers S3 servers take the first.
A caller could choose what the record says and have something else done. No client of AWS sends any of this.
"""

from collections.abc import Iterable

from opentrail.recorder.answers.refusals import AmbiguousCall
from opentrail.recorder.call import Call
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.reader import spoken_protocol
from opentrail.wire.protocols.scalars import pairs_of_form, query_pairs

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/"
_CBOR_PATH = "/service/"
_METADATA = "x-amz-meta-"
# What they do to a key or to whom it belongs counts here as well: unread, it would be done there alone.
_CHANGE_KEYS = frozenset(
    {"CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey", "DeleteUser", "UpdateUser", "DeleteRole"}
)
_PRESIGNED = "x-amz-"


def require_one_meaning(call: Call) -> None:
    """Raise AmbiguousCall where the call names its operation or a parameter twice, or in a place not its protocol's."""
    service = call.service
    if service is None:
        return
    _require_single_headers(call.request)
    if service == "s3":
        _require_distinct(_names(call.request.query))
    else:
        _require_one_operation(service, call)
    asked = call.interpreted
    if service == "iam" and asked is not None and asked.unreadable and asked.operation_name in _CHANGE_KEYS:
        raise AmbiguousCall("The parameters of the call cannot be read.")
    if call.captured is None and _is_held(call):
        raise AmbiguousCall("The Content-Encoding of the body cannot be read.")


def _require_one_operation(service: str, call: Call) -> None:
    request = call.request
    content_type = request.header("content-type").lower()
    if content_type.startswith(_MULTIPART):
        raise AmbiguousCall("The service takes no multipart form.")
    protocol = spoken_protocol(service, request)
    if protocol == "json" and not request.query and request.path == "/" and not content_type.startswith(_FORM):
        return  # there is no place for a second name
    in_url = [name for name in _names(request.query) if not name.lower().startswith(_PRESIGNED)]
    in_form = _names_in_form(call) if protocol == "query" or content_type.startswith(_FORM) else []
    if protocol == "query":
        if call.captured is None and "Action" not in in_form:
            raise AmbiguousCall("The call does not name its operation at its beginning.")
        if in_url and call.has_body:
            raise AmbiguousCall("The parameters of the call are in the URL and in the body.")
        _require_distinct(in_url + in_form)
    named = [
        "x-amz-target" in request.headers_by_name,
        "Action" in in_url,
        "Action" in in_form,
        protocol == "cbor" or (not protocol.startswith("rest-") and request.path.startswith(_CBOR_PATH)),
        protocol.startswith("rest-"),
    ]
    if sum(named) > 1:
        raise AmbiguousCall("The call names its operation more than once.")


def _require_single_headers(request: HttpRequest) -> None:
    if len(request.headers) == len(request.headers_by_name):
        return
    _require_distinct(
        name for name, _ in request.headers if name.startswith("x-amz-") and not name.startswith(_METADATA)
    )


def _require_distinct(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise AmbiguousCall("The call gives a parameter or a header more than once.")
        seen.add(name)


def _names(pairs: str) -> list[str]:
    return [name for name, _ in query_pairs(pairs)]


def _names_in_form(call: Call) -> list[str]:
    """Of a body that is too long to be read, the names that its beginning holds whole."""
    if call.captured is not None:
        return [name for name, _ in pairs_of_form(call.captured)]
    return _names(call.beginning.rpartition(b"&")[0].decode("latin-1").strip())


def _is_held(call: Call) -> bool:
    """Whether the body is short enough to be read for the record and goes into no object."""
    return isinstance(call.outgoing, bytes) and bool(call.outgoing)

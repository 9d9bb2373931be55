"""Which bodies are the data of S3 objects: only counted, never read for the record.

Told from the request's head alone, before anything else is known, so that an upload can be passed on as it comes.
"""

from urllib.parse import unquote_plus

from opentrail.wire.http import HttpRequest

# Queries that turn a call on an object into one on something that belongs to it, with a document as body.
_DOCUMENTS = frozenset(
    {
        "acl",
        "annotation",
        "attributes",
        "encryption",
        "legal-hold",
        "renameobject",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "uploads",
    }
)
_DOCUMENT_ANSWERS = _DOCUMENTS - {"torrent", "select"} | {"uploadid"}  # GET ?uploadId is ListParts


def request_is_object_data(service: str | None, request: HttpRequest) -> bool:
    """Whether the body of `request` goes into an object: PutObject, UploadPart, or a form upload."""
    if service != "s3":
        return False
    if request.method == "PUT":
        return _names_key(request) and not _query_names(request) & _DOCUMENTS
    return request.method == "POST" and request.header("content-type").lower().startswith("multipart/form-data")


def deletes_objects(service: str | None, request: HttpRequest) -> bool:
    """Whether the body of `request` is the list of a DeleteObjects call, each key of which has an event."""
    return service == "s3" and request.method == "POST" and "delete" in _query_names(request)


def answer_is_object_data(service: str | None, request: HttpRequest, status: int) -> bool:
    """Whether the body of an answer came out of an object; that of an error never did."""
    if service != "s3" or status >= 300:
        return False
    names = _query_names(request)
    if request.method == "GET":
        return _names_key(request) and not names & _DOCUMENT_ANSWERS
    return request.method == "POST" and "select" in names


def _names_key(request: HttpRequest) -> bool:
    """Whether the path has something behind a bucket's name; path-style buckets, as all our upstreams have them."""
    return bool(request.path.lstrip("/").partition("/")[2])


def _query_names(request: HttpRequest) -> set[str]:
    if not request.query:
        return set()
    return {unquote_plus(pair.partition("=")[0]).lower() for pair in request.query.split("&")}

"""S3's parameters and answers in records: the HTTP request itself, not the API's members.

bucketName, Host, key          where the request went
"acl": "", "max-keys": "1"     the query string, values as texts
"x-amz-acl": "private"         headers that say something about the call
"Tagging": {"xmlns": ..}       the XML body under its root's name; a bucket policy as `bucketPolicy`
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from botocore.model import OperationModel

from opentrail.recorder.shapes.xml_objects import as_object
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.call import UnreadableCall
from opentrail.wire.protocols.json_values import check_depth
from opentrail.wire.protocols.rest import streams
from opentrail.wire.protocols.s3_addressing import path_style
from opentrail.wire.protocols.scalars import percent_decoded, query_pairs
from opentrail.wire.protocols.xml_values import parse_xml

# Lower case. What signs a request is no parameter of it; what presigned it otherwise is, as AWS has it.
_SIGNING_QUERY: Final = frozenset(
    ("x-amz-credential", "x-amz-signature", "x-amz-security-token", "awsaccesskeyid", "signature")
)
_NO_PARAMETERS: Final = frozenset(
    (
        "x-amz-content-sha256",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key-md5",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-mfa",
        "x-amz-request-id",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-security-token",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
        "x-amz-te",
        "x-amz-trailer",
        "x-amz-user-agent",
        "x-amz-account-id",
        "x-amz-id-2",
        "x-amz-checksum-type",
        "x-amz-checksum-algorithm",
        "x-amz-checksum-mode",
    )
)
_NO_PARAMETER_PREFIXES: Final = ("x-amz-meta-", "x-amz-checksum-", "x-amz-object-lambda-")
# Documents that say nothing beyond the answer, or too much: AWS leaves them out.
_BODIES_LEFT_OUT: Final = frozenset(
    ("DeleteObjects", "CompleteMultipartUpload", "SelectObjectContent", "WriteGetObjectResponse", "PutObjectAnnotation")
)
_ANSWER_HEADERS: Final = (
    "x-amz-abort-date",
    "x-amz-abort-rule-id",
    "x-amz-copy-source-version-id",
    "x-amz-delete-marker",
    "x-amz-expiration",
    "x-amz-restore-output-path",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-version-id",
)


def bucket_and_key(request: HttpRequest) -> tuple[str, str]:
    """The bucket and the key that a request names; empty texts where it names none."""
    bucket, _, key = path_style(request).lstrip("/").partition("/")
    return percent_decoded(bucket), percent_decoded(key)


def parameters(operation: OperationModel | None, request: HttpRequest, body: bytes | None) -> dict[str, Any]:
    """CloudTrail's requestParameters of an S3 call. Raises UnreadableCall where a document is none."""
    shaped: dict[str, Any] = {}
    bucket, key = bucket_and_key(request)
    if bucket:
        shaped["bucketName"] = bucket
    shaped["Host"] = _text(request.host)
    if key:
        shaped["key"] = key
    shaped.update(_query(request))
    shaped.update(_headers(request))
    if body and operation is not None and operation.name not in _BODIES_LEFT_OUT and not _is_data(operation):
        shaped.update(_document(operation, body))
    return shaped


def control_parameters(
    operation: OperationModel | None, request: HttpRequest, body: bytes | None, labels: Mapping[str, Any]
) -> dict[str, Any]:
    """The same for S3 Control; `labels` are the members in the path, by CloudTrail's names."""
    shaped: dict[str, Any] = {"Host": _text(request.host), **labels}
    shaped.update(_query(request))
    if body and operation is not None:
        shaped.update(_document(operation, body))
    return shaped


def answer_elements(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """CloudTrail's responseElements of a successful write: what the headers say about the object; None for nothing."""
    shaped = {name: headers[name] for name in _ANSWER_HEADERS if headers.get(name)}
    return shaped or None


def _query(request: HttpRequest) -> dict[str, str]:
    return {name: value for name, value in query_pairs(request.query) if name and name.lower() not in _SIGNING_QUERY}


def _headers(request: HttpRequest) -> dict[str, str]:
    return {
        name: _text(value)
        for name, value in request.headers_by_name.items()
        if name.startswith("x-amz-") and name not in _NO_PARAMETERS and not name.startswith(_NO_PARAMETER_PREFIXES)
    }


def _document(operation: OperationModel, body: bytes) -> dict[str, Any]:
    if operation.name == "PutBucketPolicy" and operation.service_model.service_name == "s3":
        return {"bucketPolicy": _policy(body)}
    return as_object(parse_xml(body))


def _policy(body: bytes) -> Any:
    try:
        policy = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UnreadableCall("body is not JSON") from error
    check_depth(policy, body)
    return policy


def _is_data(operation: OperationModel) -> bool:
    """Whether the body is an object's bytes; a bucket policy streams in the model's sense, too, but is a text."""
    return operation.name != "PutBucketPolicy" and streams(operation)


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")

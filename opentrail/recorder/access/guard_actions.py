"""Which action of IAM a forwarded call is: `service:Operation`, and the services that name theirs otherwise.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html, and the service
authorization reference of the other services.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.http import HttpRequest
from opentrail.wire.service_models import service_model

_PREFIXES: Final[Mapping[str, str]] = {
    "cloudwatch": "cloudwatch",
    "cognito-identity": "cognito-identity",
    "dynamodbstreams": "dynamodb",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "s3": "s3",
    "s3control": "s3",
    "ses": "ses",
    "sesv2": "ses",
}

_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "lambda": {
        "Invoke": "InvokeFunction",
        "InvokeAsync": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
    "s3": {
        "AbortMultipartUpload": "AbortMultipartUpload",
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PostObject": "PutObject",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
}

# With a versionId in the request, S3 asks for an action of its own.
_OF_VERSIONS: Final[Mapping[str, str]] = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}

# Headers by which a PutObject does more, and the action that the more is.
_BY_HEADER: Final[Mapping[str, str]] = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-bypass-governance-retention": "BypassGovernanceRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-retain-until-date": "PutObjectRetention",
    "x-amz-tagging": "PutObjectTagging",
}
_GRANTS: Final = "x-amz-grant-"

_TRANSACTED: Final[Mapping[str, str]] = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_PARTIQL: Final = frozenset(("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"))


def prefix_of(service: str) -> str:
    """The service's name in actions and ARNs."""
    known = _PREFIXES.get(service)
    if known is not None:
        return known
    metadata = service_model(service).metadata
    return str(metadata.get("signingName", metadata.get("endpointPrefix", service))).lower()


def actions_of(interpreted: Interpreted, request: HttpRequest, *, versioned: bool) -> list[str]:
    """All actions that a call needs; `versioned`: it names a version of an object."""
    service = interpreted.service or ""
    prefix = prefix_of(service)
    return [f"{prefix}:{name}" for name in dict.fromkeys(_names(service, interpreted, request, versioned))]


def _names(service: str, interpreted: Interpreted, request: HttpRequest, versioned: bool) -> Iterator[str]:
    operation = interpreted.operation_name
    if service == "apigateway":
        yield request.method  # its actions are HTTP's methods
        return
    name = _RENAMED.get(service, {}).get(operation, operation)
    if service == "s3":
        yield _OF_VERSIONS.get(name, name) if versioned else name
        for header in request.headers_by_name:
            if header in _BY_HEADER:
                yield _BY_HEADER[header]
            elif header.startswith(_GRANTS):
                yield "PutObjectAcl"
        return
    yield name
    if service == "dynamodb":
        yield from _of_items(operation, interpreted.parameters)


def _of_items(operation: str, parameters: Mapping[str, Any] | None) -> Iterator[str]:
    """DynamoDB's transactions need what their parts need; its SQL has an action for each kind of statement."""
    if parameters is None and operation.startswith("Transact"):
        yield from _TRANSACTED.values()
    for item in (parameters or {}).get("TransactItems") or ():
        if isinstance(item, dict):
            yield from (_TRANSACTED[part] for part in item if part in _TRANSACTED)
    if operation in _PARTIQL:
        yield from ("PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate")

"""The record's eventSource and eventName where they are not simply the endpoint's and the operation's."""

import functools
import re
from collections.abc import Mapping
from typing import Final

from opentrail import limits
from opentrail.wire.service_models import service_model
from opentrail.wire.service_names import S3_SIGNING_NAMES

DOMAIN: Final = ".amazonaws.com"
UNKNOWN_OPERATION: Final = "UnknownOperation"

# botocore's service -> the name before `.amazonaws.com`. Without an entry it is the endpoint's first label where that
# is the whole prefix (`monitoring` of CloudWatch), else the signing name (`ecr` of `api.ecr`).
# Source: eventSource of AWS's records and the "Logging ... API calls" pages of the services' guides.
_SOURCES: Final[Mapping[str, str]] = {
    "appstream": "appstream",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "bedrock-data-automation": "bedrock",
    "bedrock-data-automation-runtime": "bedrock",
    "chime-sdk-identity": "chime",
    "chime-sdk-media-pipelines": "chime",
    "chime-sdk-meetings": "chime",
    "chime-sdk-messaging": "chime",
    "chime-sdk-voice": "chime",
    "cloudhsmv2": "cloudhsm",
    "connect-contact-lens": "connect",
    "connectparticipant": "connect",
    "dynamodbstreams": "dynamodb",
    "forecastquery": "forecast",
    "ivs-realtime": "ivs",
    "lex-models": "lex",
    "lex-runtime": "lex",
    "lexv2-models": "lex",
    "lexv2-runtime": "lex",
    "memorydb": "memorydb",
    "payment-cryptography-data": "payment-cryptography",
    "kinesis-video-archived-media": "kinesisvideo",
    "kinesis-video-media": "kinesisvideo",
    "personalize-events": "personalize",
    "personalize-runtime": "personalize",
    "rds-data": "rdsdata",
    "mgh": "migrationhub",
    "mq": "amazonmq",
    "pinpoint-email": "ses",
    "s3control": "s3",
    "ses": "ses",
    "signer-data": "signer",
    "sesv2": "ses",
    "sso": "sso",
    "sso-oidc": "sso",
    "mailmanager": "ses",
    "meteringmarketplace": "metering-marketplace",
    "marketplace-entitlement": "entitlement-marketplace",
    "marketplace-catalog": "marketplacecatalog",
}

# Source: AWS Lambda Developer Guide, "Logging AWS Lambda API calls using AWS CloudTrail", list of management events,
# and AWS's records for the reads that the list gives without their versions (GetFunction20150331v2,
# ListVersionsByFunction20150331).
_LAMBDA: Final[Mapping[str, str]] = {
    "AddPermission": "AddPermission20150331v2",
    "CreateAlias": "CreateAlias20150331",
    "CreateEventSourceMapping": "CreateEventSourceMapping20150331",
    "CreateFunction": "CreateFunction20150331",
    "DeleteAlias": "DeleteAlias20150331",
    "DeleteEventSourceMapping": "DeleteEventSourceMapping20150331",
    "DeleteFunction": "DeleteFunction20150331",
    "DeleteFunctionConcurrency": "DeleteFunctionConcurrency20171031",
    "DeleteLayerVersion": "DeleteLayerVersion20181031",
    "GetAccountSettings": "GetAccountSettings20160819",
    "GetAlias": "GetAlias20150331",
    "GetEventSourceMapping": "GetEventSourceMapping20150331",
    "GetFunction": "GetFunction20150331v2",
    "GetFunctionConfiguration": "GetFunctionConfiguration20150331v2",
    "GetLayerVersion": "GetLayerVersion20181031",
    "GetLayerVersionPolicy": "GetLayerVersionPolicy20181031",
    "GetPolicy": "GetPolicy20150331v2",
    "ListAliases": "ListAliases20150331",
    "ListEventSourceMappings": "ListEventSourceMappings20150331",
    "ListFunctions": "ListFunctions20150331",
    "ListLayerVersions": "ListLayerVersions20181031",
    "ListLayers": "ListLayers20181031",
    "ListTags": "ListTags20170331",
    "ListVersionsByFunction": "ListVersionsByFunction20150331",
    "PublishLayerVersion": "PublishLayerVersion20181031",
    "PublishVersion": "PublishVersion20150331",
    "PutFunctionConcurrency": "PutFunctionConcurrency20171031",
    "RemovePermission": "RemovePermission20150331v2",
    "TagResource": "TagResource20170331v2",
    "UntagResource": "UntagResource20170331v2",
    "UpdateAlias": "UpdateAlias20150331",
    "UpdateEventSourceMapping": "UpdateEventSourceMapping20150331",
    "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
}

# Source: Amazon S3 User Guide, "Amazon S3 CloudTrail events", tables of bucket-level and object-level actions; and
# AWS's records (GetAccelerateConfiguration, GetBucketObjectLockConfiguration, GetBucketPublicAccessBlock,
# ListObjects for list-type=2).
_S3: Final[Mapping[str, str]] = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "ListObjectsV2": "ListObjects",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

# Account-level calls of s3control share names with calls on buckets; AWS's records tell them apart.
_S3_CONTROL: Final[Mapping[str, str]] = {
    "DeletePublicAccessBlock": "DeleteAccountPublicAccessBlock",
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
}

# REST API of API Gateway: AWS's records name tags, stages and methods as the API does; nothing to change.
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {"lambda": _LAMBDA, "s3": _S3, "s3control": _S3_CONTROL}

# apiVersion is written by few services, each in a spelling of its own. Source: AWS's records and the services' guides.
_API_VERSIONS: Final[Mapping[str, str]] = {
    "appmesh": "2019-01-25",
    "cloudfront": "2020_05_31",
    "codecommit": "2015-04-13",
    "dynamodb": "2012-08-10",
    "dynamodbstreams": "2012-08-10",
    "efs": "2015-02-01",
    "elb": "2012-06-01",
    "elbv2": "2015-12-01",
    "events": "2015-10-07",
    "fms": "2018-01-01",
    "fsx": "2018-03-01",
    "inspector": "v20160216",
    "kinesisanalytics": "2015-08-14",
    "logs": "20140328",
    "route53": "2013-04-01",
    "shield": "AWSShield_20160616",
    "storagegateway": "20130630",
    "waf": "2015-08-24",
    "wafv2": "2019-04-23",
}

_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]+", re.ASCII)


@functools.lru_cache(maxsize=1024)
def event_source(service: str | None, signing_name: str = "") -> str:
    """`ec2.amazonaws.com`; of an unknown service the signing name stands for it, and of S3's kinds of buckets."""
    if signing_name in S3_SIGNING_NAMES and service in ("s3", "s3control"):
        return signing_name + DOMAIN
    if service is None:
        name = signing_name.lower() if _NAME.fullmatch(signing_name) else "unknown"
        return name[: limits.OPERATION_NAME_CHARACTERS] + DOMAIN
    named = _SOURCES.get(service)
    if named is None:
        metadata = service_model(service).metadata
        prefix = str(metadata.get("endpointPrefix", service))
        named = str(metadata.get("signingName", prefix)).lower() if "." in prefix else prefix
        named = named if "." not in named else service
    return named + DOMAIN


def event_name(service: str | None, operation: str) -> str:
    """The record's name of an operation; an unknown one is named as the caller did, as far as that is a name."""
    if not operation or len(operation) > limits.OPERATION_NAME_CHARACTERS or _NAME.fullmatch(operation) is None:
        return UNKNOWN_OPERATION
    return _NAMES.get(service or "", {}).get(operation, operation)


def api_version(service: str | None) -> str | None:
    """The record's `apiVersion`, for the services that write one."""
    return _API_VERSIONS.get(service or "")

"""The record's `resources`: what a call touched, for the services whose records name it."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeGuard

from opentrail import limits
from opentrail.arn import parse_arn
from opentrail.recorder.records.resource_arns import DATA_RESOURCES, RESOURCES
from opentrail.recorder.shapes.s3 import bucket_and_key
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.answers import ParsedAnswer
from opentrail.wire.http import HttpRequest
from opentrail.wire.protocols.scalars import percent_decoded

Resource = dict[str, str]

_BUCKET_LISTINGS: Final = frozenset(("ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"))
_NO_BUCKET_YET: Final = frozenset(("CreateBucket", "ListBuckets"))
_COPIES: Final = frozenset(("CopyObject", "UploadPartCopy"))
_SSM_NAMED: Final = frozenset(
    ("DeleteParameter", "GetParameter", "GetParameterHistory", "LabelParameterVersion", "PutParameter")
)
_KEY: Final = "AWS::KMS::Key"
# The table of a PartiQL statement; of a name with an index (`"Music"."ByYear"`) the table alone.
_TABLE: Final = re.compile(r"""\b(?:FROM|INTO|UPDATE)\s+"?([A-Za-z0-9_.-]{3,255}?)(?=["\s;,)]|$|\.")""", re.IGNORECASE)
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
_SNS_DATA: Final = frozenset(("Publish", "PublishBatch"))
_LAMBDA_DATA: Final = frozenset(("Invoke", "InvokeAsync", "InvokeWithResponseStream"))


class Touched:
    """What is known of a call when its resources are named."""

    __slots__ = ("account", "answer", "interpreted", "region", "request")

    def __init__(
        self, interpreted: Interpreted, request: HttpRequest, account: str, region: str, answer: ParsedAnswer | None
    ) -> None:
        self.interpreted = interpreted
        self.request = request
        self.account = account
        self.region = region
        self.answer = answer  # None while there is none

    @property
    def output(self) -> dict[str, Any]:
        """What the service gave, by the model's names."""
        return (self.answer.output if self.answer is not None else None) or {}

    def text(self, name: str) -> str:
        """A parameter by its model's name, where it is a text."""
        value = (self.interpreted.parameters or {}).get(name)
        return value if isinstance(value, str) else ""

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the call's account and Region; an ARN stays what it is."""
        return resource if parse_arn(resource) else f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def resources_of(touched: Touched) -> list[Resource] | None:
    """The entries in AWS's order of keys, or None where AWS writes none."""
    find = _BY_SERVICE.get(touched.interpreted.service or "")
    found = find(touched) if find is not None else _named(touched)
    return found[: limits.RESOURCES_OF_A_CALL] or None


def _named(touched: Touched) -> list[Resource]:
    service = touched.interpreted.service or ""
    listed = DATA_RESOURCES.get(service, ()) if touched.interpreted.category == "Data" else ()
    for named in listed or RESOURCES.get(service, ()):
        values = [touched.text(member) for member in named.members]
        if all(values):
            arn = values[0]
            if not parse_arn(arn):
                made = named.arn.format(*values, region=touched.region, account=touched.account)
                arn = f"arn:aws:{made}" if named.arn != "{}" else made
            return [_of_arn(named.type, arn, touched.account)]
    return []


def s3_object(bucket: str, key: str) -> Resource:
    """The entry of an object: without an account, as AWS has it."""
    return {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}


def s3_bucket(bucket: str, account: str) -> Resource:
    """The entry of a bucket."""
    return _entry(account, "AWS::S3::Bucket", f"arn:aws:s3:::{bucket}")


def _entry(account: str, kind: str | None, arn: str) -> Resource:
    entry = {"accountId": account} if account else {}
    if kind is not None:
        entry["type"] = kind
    entry["ARN"] = arn
    return entry


def _of_arn(kind: str | None, arn: str, account: str) -> Resource:
    parsed = parse_arn(arn)
    return _entry(parsed.account if parsed is not None and parsed.account else account, kind, arn)


def _s3(touched: Touched) -> list[Resource]:
    bucket, key = bucket_and_key(touched.request)
    key = key or (touched.text("Key") if touched.interpreted.operation_name == "PostObject" else "")
    operation = touched.interpreted.operation_name
    if not bucket or operation in _NO_BUCKET_YET:
        return []
    entries: list[Resource] = []
    if key:
        entries.append(s3_object(bucket, key))
    elif operation == "DeleteObjects":
        entries += _deleted(touched, bucket)
    elif operation in _BUCKET_LISTINGS:
        entries.append({"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/{touched.text('Prefix')}"})
    entries.append(s3_bucket(bucket, touched.account))
    if operation in _COPIES:
        entries += _copied_from(touched)
    return entries


def _deleted(touched: Touched, bucket: str) -> list[Resource]:
    keys = deleted_keys(touched.interpreted)
    if len(keys) >= limits.RESOURCES_OF_A_CALL or not keys:
        return [{"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"}]
    return [s3_object(bucket, key) for key in dict.fromkeys(key for key, _ in keys)]


def deleted_keys(interpreted: Interpreted) -> list[tuple[str, str | None]]:
    """Keys and versions that a DeleteObjects call names."""
    document = (interpreted.parameters or {}).get("Delete")
    objects = document.get("Objects") if isinstance(document, dict) else None
    keys: list[tuple[str, str | None]] = []
    for entry in objects if isinstance(objects, list) else ():
        key = entry.get("Key") if isinstance(entry, dict) else None
        if isinstance(key, str) and key:
            version = entry.get("VersionId")
            keys.append((key, version if isinstance(version, str) and version else None))
    return keys


def _copied_from(touched: Touched) -> list[Resource]:
    source = percent_decoded(touched.text("CopySource").partition("?")[0]).lstrip("/")
    bucket, _, key = source.partition("/")
    if not bucket or not key:
        return []
    return [s3_object(bucket, key), s3_bucket(bucket, touched.account)]


def _kms(touched: Touched) -> list[Resource]:
    alias = touched.text("AliasName")
    if alias:  # Source: the records in the AWS KMS Developer Guide; DeleteAlias does not name the key
        key_id = touched.text("TargetKeyId")
        entries = [_of_arn(_KEY, touched.arn("kms", alias), touched.account)]
        entries += [_kms_key(touched, key_id)] if key_id else []
        return entries[::-1] if touched.interpreted.operation_name == "CreateAlias" else entries
    if touched.interpreted.operation_name == "ReEncrypt":  # what it was sealed with, and what it is sealed with now
        pairs = (("SourceKeyId", "SourceKeyId"), ("KeyId", "DestinationKeyId"))
        keys = [touched.output.get(told) or touched.text(asked) for told, asked in pairs]
        return [_kms_key(touched, one) for one in keys if _is_key(one)]
    key = touched.output.get("KeyId") or (touched.output.get("KeyMetadata") or {}).get("Arn") or touched.text("KeyId")
    return [_kms_key(touched, key)] if _is_key(key) else []


def _is_key(named: Any) -> TypeGuard[str]:
    """Whether this names a key itself, and no alias of one."""
    return isinstance(named, str) and bool(named) and not named.startswith("alias/") and ":alias/" not in named


def _kms_key(touched: Touched, key: str) -> Resource:
    arn = key if parse_arn(key) else touched.arn("kms", f"key/{key}")
    return _of_arn(_KEY, arn, touched.account)


def _cloudwatch(touched: Touched) -> list[Resource]:
    """Metrics have no ARN. Source: Amazon CloudWatch User Guide, "Logging ... with CloudTrail"."""
    return [{"type": "AWS::CloudWatch::Metric"}] if touched.interpreted.category == "Data" else []


def _ebs(touched: Touched) -> list[Resource]:
    snapshots = [touched.text(name) for name in ("FirstSnapshotId", "SecondSnapshotId", "SnapshotId")]
    arns = [f"arn:aws:ec2:{touched.region}::snapshot/{snapshot}" for snapshot in snapshots if snapshot]
    return [_of_arn("AWS::EC2::Snapshot", arn, touched.account) for arn in arns]


def _sts(touched: Touched) -> list[Resource]:
    arn = touched.text("RoleArn")
    return [_of_arn("AWS::IAM::Role", arn, touched.account)] if arn else []


def _dynamodb(touched: Touched) -> list[Resource]:
    tables = [touched.text("TableName")]
    requested = (touched.interpreted.parameters or {}).get("RequestItems")
    if isinstance(requested, dict):
        tables += [name for name in requested if isinstance(name, str)]
    for item in _listed(touched, "TransactItems"):
        tables += [part["TableName"] for part in item.values() if isinstance(part, dict) and "TableName" in part]
    batch = [*_listed(touched, "Statements"), *_listed(touched, "TransactStatements")]
    for statement in (touched.text("Statement"), *(item.get("Statement") for item in batch)):
        tables += _TABLE.findall(_LITERAL.sub("''", statement)) if isinstance(statement, str) else []
    names = dict.fromkeys(name for name in tables if isinstance(name, str) and name)
    arns = [name if parse_arn(name) else touched.arn("dynamodb", f"table/{name}") for name in names]
    return [_of_arn("AWS::DynamoDB::Table", arn, touched.account) for arn in arns]


def _listed(touched: Touched, name: str) -> list[dict[str, Any]]:
    value = (touched.interpreted.parameters or {}).get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _lambda(touched: Touched) -> list[Resource]:
    name = touched.text("FunctionName")
    if touched.interpreted.operation_name not in _LAMBDA_DATA or not name:
        return []
    arn = name if parse_arn(name) else touched.arn("lambda", f"function:{name.rpartition('function:')[2]}")
    return [_of_arn("AWS::Lambda::Function", arn, touched.account)]


def _sns(touched: Touched) -> list[Resource]:
    arn = touched.text("TopicArn") or touched.text("TargetArn")
    if touched.interpreted.operation_name not in _SNS_DATA or not arn:
        return []
    return [_of_arn("AWS::SNS::Topic", arn, touched.account)]


def _sqs(touched: Touched) -> list[Resource]:
    if touched.interpreted.category != "Data":
        return []
    steps = touched.text("QueueUrl").partition("://")[2].split("/")
    name = steps[-1] if len(steps) > 1 else touched.text("QueueName")
    if not name:
        return []
    account = steps[-2] if len(steps) > 1 and steps[-2].isdigit() else touched.account
    return [_entry(account, "AWS::SQS::Queue", f"arn:aws:sqs:{touched.region}:{account}:{name}")]


def _kinesis(touched: Touched) -> list[Resource]:
    name = touched.text("StreamARN") or touched.text("StreamName")
    if touched.interpreted.category != "Data" or not name:
        return []
    arn = name if parse_arn(name) else touched.arn("kinesis", f"stream/{name}")
    return [_of_arn("AWS::Kinesis::Stream", arn, touched.account)]


def _ssm(touched: Touched) -> list[Resource]:
    """Parameters, which AWS writes without a type."""
    operation = touched.interpreted.operation_name
    names = [touched.text("Name")] if operation in _SSM_NAMED else []
    if operation in ("GetParameters", "DeleteParameters"):
        listed = (touched.interpreted.parameters or {}).get("Names")
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    arns = [name if parse_arn(name) else touched.arn("ssm", f"parameter/{name.lstrip('/')}") for name in names if name]
    return [_of_arn(None, _without_selector(arn), touched.account) for arn in arns]


def _without_selector(arn: str) -> str:
    """The parameter's ARN: `NAME:VERSION` and `NAME:LABEL` are the same parameter."""
    head, slash, name = arn.partition(":parameter/")
    return head + slash + name.partition(":")[0]


_BY_SERVICE: Final[Mapping[str, Callable[[Touched], list[Resource]]]] = {
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ebs": _ebs,
    "kinesis": _kinesis,
    "kms": _kms,
    "lambda": _lambda,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}

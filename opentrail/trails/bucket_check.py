"""Whether CloudTrail may deliver a trail's files into its bucket: the bucket's real policy says so.

Asked of the upstream as AWS's CloudTrail asks, `GetBucketAcl` first, so that the bucket owner's log shows it. The
policy must allow the service `s3:GetBucketAcl` on the bucket and `s3:PutObject` on what the trail will write, with the
condition keys that AWS's own requests carry. A bucket that is a plain folder has no policy; it must be there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.catalog.destination import Destination
from opentrail.objects.bucket import OWNER_FULL_CONTROL
from opentrail.trails.clients import S3_ERRORS, SERVICE, Clients, refusal_code
from opentrail.trails.faults import InsufficientBucketPolicy, NoSuchTrailBucket

_MISSING: Final = frozenset({"NoSuchBucket", "404"})
_NO_ACLS: Final = frozenset({"NotImplemented", "MethodNotAllowed"})  # what an S3 without ACLs answers


class BucketCheck:
    """Checks buckets. `folders`: where plain folders stand for buckets of their name."""

    def __init__(self, clients: Clients, folders: Path | None = None) -> None:
        self._clients = clients
        self._folders = folders

    def check(self, destination: Destination) -> None:
        """Raises NoSuchTrailBucket, InsufficientBucketPolicy, DestinationUnknown."""
        self.check_requests(
            destination.bucket, destination.account, destination.home_region, list(_requests(destination))
        )

    def check_requests(self, bucket: str, account: str, region: str, requests: Sequence[Request]) -> None:
        """Whether the bucket lets CloudTrail do all of `requests`, asked for `account`. Raises as `check`."""
        if self._folders is not None and (self._folders / bucket).is_dir():
            return
        client = self._clients.client("s3", account, region)
        try:
            client.get_bucket_acl(Bucket=bucket)
            if not self._clients.as_service:
                return
            text = client.get_bucket_policy(Bucket=bucket)["Policy"]
        except S3_ERRORS as error:
            code = refusal_code(error, f"S3 bucket {bucket}")
            if code in _MISSING:
                raise NoSuchTrailBucket(f"S3 bucket {bucket} does not exist!") from error
            if code in _NO_ACLS and not self._clients.as_service:
                return
            raise _insufficient(bucket) from error
        if not _allows(text, requests):
            raise _insufficient(bucket)


def service_context(source_arn: str, account: str) -> dict[str, str]:
    """The condition keys of CloudTrail's own requests for a resource of `account`."""
    return {
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": account,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": SERVICE,
    }


def _allows(text: str, requests: Sequence[Request]) -> bool:
    try:
        policy = read_policy(text)
    except PolicyUnreadable:
        return False  # what cannot be read allows nothing, and AWS would not have taken it
    return all(evaluate([policy], request).allows for request in requests)


def _requests(destination: Destination) -> Iterator[Request]:
    """What CloudTrail will ask of the bucket."""
    caller = Caller(service=SERVICE)
    bucket = f"arn:aws:s3:::{destination.bucket}"
    context = service_context(destination.trail_arn, destination.account)
    yield Request(caller, "s3:GetBucketAcl", bucket, context)
    writing = context | {"s3:x-amz-acl": OWNER_FULL_CONTROL, **_encryption(destination)}
    prefix = f"{destination.prefix}/" if destination.prefix else ""
    organizations = (f"{destination.organization_id}/", "") if destination.organization_id is not None else ("",)
    kinds = ("CloudTrail", "CloudTrail-Digest") if destination.validation else ("CloudTrail",)
    for organization in organizations:
        for kind in kinds:
            key = f"{prefix}AWSLogs/{organization}{destination.account}/{kind}/{destination.home_region}/"
            yield Request(caller, "s3:PutObject", f"{bucket}/{key}", writing)


def _encryption(destination: Destination) -> dict[str, str]:
    """The headers by which policies refuse what would not be encrypted as they want."""
    if destination.kms_key_arn is None:
        return {"s3:x-amz-server-side-encryption": "AES256"}
    key = {"s3:x-amz-server-side-encryption-aws-kms-key-id": destination.kms_key_arn}
    return {"s3:x-amz-server-side-encryption": "aws:kms", **key}


def _insufficient(bucket: str) -> InsufficientBucketPolicy:
    return InsufficientBucketPolicy(f"Incorrect S3 bucket policy is detected for bucket: {bucket}")

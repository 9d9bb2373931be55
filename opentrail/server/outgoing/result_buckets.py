"""Buckets for results of queries, as CloudTrail reaches them: through our own port, or as `[delivery]` says."""

from pathlib import Path
from typing import Literal

from opentrail.accounts.policy import Caller, Request
from opentrail.lake.queries.delivery import DeliveryPlace, PutFailed
from opentrail.objects.bucket import OWNER_FULL_CONTROL, Bucket, BucketFault, Encryption, Properties
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.trails.bucket_check import BucketCheck, service_context
from opentrail.trails.clients import SERVICE, Clients
from opentrail.trails.naming import check_bucket_name, check_prefix


class OwnResultBuckets:
    """`clients` makes CloudTrail's own calls; `folders`: where plain folders stand for buckets of their name."""

    def __init__(self, clients: Clients, folders: Path | None, encryption: Literal["AES256", "bucket"]) -> None:
        self._clients = clients
        self._folders = folders
        self._check = BucketCheck(clients, folders)
        self._encryption = Encryption(encryption) if encryption == "AES256" else None

    def check(self, place: DeliveryPlace) -> None:
        """Whether results may go there.

        Raises InvalidBucketName, InvalidPrefix, NoSuchTrailBucket, InsufficientBucketPolicy, DestinationUnknown.
        """
        check_bucket_name(place.bucket)
        if place.prefix:
            check_prefix(place.prefix)
        caller = Caller(service=SERVICE)
        context = service_context(place.source_arn, place.account)
        bucket = f"arn:aws:s3:::{place.bucket}"
        before = f"{place.prefix}/" if place.prefix else ""
        key = f"{before}AWSLogs/{place.account}/CloudTrail-Lake/Query/"
        writing = context | {"s3:x-amz-acl": OWNER_FULL_CONTROL}
        if self._encryption is not None:
            writing["s3:x-amz-server-side-encryption"] = self._encryption.algorithm
        requests = [
            Request(caller, "s3:GetBucketAcl", bucket, context),
            Request(caller, "s3:PutObject", f"{bucket}/{key}", writing),
        ]
        self._check.check_requests(place.bucket, place.account, place.region, requests)

    def put(self, place: DeliveryPlace, key: str, body: bytes, content_type: str) -> None:
        """Write an object whole. Raises PutFailed."""
        try:
            self._bucket(place).put(
                key, body, Properties(content_type, acl=OWNER_FULL_CONTROL, encryption=self._encryption)
            )
        except BucketFault as fault:
            raise PutFailed(fault.message, fault.s3_code) from fault

    def _bucket(self, place: DeliveryPlace) -> Bucket:
        if self._folders is not None and (self._folders / place.bucket).is_dir():
            return DirectoryBucket(self._folders / place.bucket)
        return S3Bucket(place.bucket, client=self._clients.client("s3", place.account, place.region))

"""Looks at what protects the log files of a bucket: versioning, MFA delete, object lock. Nothing is refused for it."""

from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from opentrail.catalog.bucket_protection import BucketProtection
from opentrail.trails.clients import S3_ERRORS, Clients, refusal_code

_NO_LOCK: Final = frozenset(
    ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration", "NotImplemented", "MethodNotAllowed")
)
_NO_VERSIONS: Final = frozenset(("NotImplemented", "MethodNotAllowed"))


class ProtectionLook:
    """Looks at buckets as CloudTrail. `folders`: where plain folders stand for buckets of their name."""

    def __init__(self, clients: Clients, folders: Path | None = None) -> None:
        self._clients = clients
        self._folders = folders

    def look(self, account: str, region: str, bucket: str, now_us: int) -> BucketProtection:
        """What the bucket has. Raises DestinationUnknown where nobody answers: it is to be looked at again."""
        if self._folders is not None and (self._folders / bucket).is_dir():
            return BucketProtection(account, bucket, now_us)  # a folder has none of it
        client = self._clients.client("s3", account, region)
        what = f"S3 bucket {bucket}"
        try:
            versioning = _versioning(client, bucket, what)
            lock = _object_lock(client, bucket, what)
        except ClientError as refused:
            return BucketProtection(account, bucket, now_us, fault=refusal_code(refused, what) or "refused")
        return BucketProtection(
            account,
            bucket,
            now_us,
            versioning=versioning.get("Status") == "Enabled",
            mfa_delete=versioning.get("MFADelete") == "Enabled",
            object_lock=lock,
        )


def _versioning(client: Any, bucket: str, what: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = client.get_bucket_versioning(Bucket=bucket)
    except S3_ERRORS as error:
        if refusal_code(error, what) in _NO_VERSIONS:
            return {}
        raise
    return found


def _object_lock(client: Any, bucket: str, what: str) -> str | None:
    """The default retention, where there is one: without it each object would need a lock of its own."""
    try:
        found = client.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except S3_ERRORS as error:
        if refusal_code(error, what) in _NO_LOCK:
            return None
        raise
    default = found.get("Rule", {}).get("DefaultRetention", {})
    if found.get("ObjectLockEnabled") != "Enabled" or not default.get("Mode"):
        return None
    time = f"{default['Days']} days" if default.get("Days") else f"{default.get('Years', 0)} years"
    return f"{default['Mode']} {time}"

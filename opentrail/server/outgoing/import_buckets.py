"""Buckets to import from, as CloudTrail reaches them: with the role of the request, through our own port.

The role must trust CloudTrail for the store, and let it list the bucket, ask for its ACL and get objects; what it lets
us do is asked of the upstream by doing it. Where `[delivery]` names a key of its own, that key reads, without a role.
Where no upstream has roles, CloudTrail reads as the service, and the bucket's policy has to let it in.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.catalog.event_data_stores import EventDataStore
from opentrail.lake.import_faults import ImportSourceUnknown, InvalidImportSource
from opentrail.lake.imports.source import Source
from opentrail.objects.bucket import AccessDenied, Bucket
from opentrail.objects.directory_bucket import DirectoryBucket
from opentrail.objects.s3_bucket import S3Bucket
from opentrail.objects.s3_client import READ_TIMEOUT_SECONDS, S3_ERRORS, S3Access
from opentrail.objects.s3_plain_get import PlainGet, can_be_plain
from opentrail.trails.clients import SERVICE, Clients, refusal_code
from opentrail.trails.faults import DestinationUnknown
from opentrail.wire.signing import Credentials, sign

SESSION_NAME: Final = "CloudTrailLakeImport"
SESSION_SECONDS: Final = 3600

_NO_ACLS: Final = frozenset({"NotImplemented", "MethodNotAllowed"})  # what an S3 without ACLs answers
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"


class OwnImportBuckets:
    """`clients` makes CloudTrail's own calls; `folders`: where plain folders stand for buckets of their name."""

    def __init__(self, clients: Clients, folders: Path | None) -> None:
        self._clients = clients
        self._folders = folders

    def check(self, source: Source, store: EventDataStore) -> None:
        """Whether CloudTrail can import from there. Raises InvalidImportSource, ImportSourceUnknown."""
        if self._folder(source) is not None:
            return
        access = self._access(source, store, asking=True)
        client = self._clients.made("s3", access)
        try:
            try:
                client.get_bucket_acl(Bucket=source.bucket)
            except S3_ERRORS as error:
                if _code(error, source) not in _NO_ACLS:
                    raise
            client.list_objects_v2(Bucket=source.bucket, Prefix=source.prefix, MaxKeys=1)
        except S3_ERRORS as error:
            code = _code(error, source)
            raise InvalidImportSource(f"S3 bucket {source.bucket} cannot be read for the import: {code}") from error
        finally:
            client.close()

    def open(self, source: Source, store: EventDataStore) -> tuple[Bucket, bool]:
        """The bucket, and whether it is far away. Raises AccessDenied, ImportSourceUnknown."""
        folder = self._folder(source)
        if folder is not None:
            return DirectoryBucket(folder), False
        try:
            access = self._access(source, store)
        except InvalidImportSource as fault:
            raise AccessDenied(fault.message) from fault
        client = self._clients.made("s3", access)
        return S3Bucket(source.bucket, client=client, plain_get=_plain_get(client, access)), True

    def _folder(self, source: Source) -> Path | None:
        folder = self._folders / source.bucket if self._folders is not None else None
        return folder if folder is not None and folder.is_dir() else None

    def _access(self, source: Source, store: EventDataStore, *, asking: bool = False) -> S3Access:
        """Credentials for the bucket: the role's, where there are roles. `asking`: look at its trust policy too."""
        own = replace(self._clients.access("s3", store.account, source.region), region=source.region)
        if not self._clients.as_service:
            return own
        if asking:
            self._require_trust(source, store)
        sts = self._clients.client("sts", store.account, source.region)
        try:
            session = sts.assume_role(
                RoleArn=source.role_arn, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_SECONDS
            )["Credentials"]
        except S3_ERRORS as error:
            code = _code_unless_away(error, f"Role {source.role_arn}")
            if code is None:
                return own
            raise InvalidImportSource(f"Role {source.role_arn} cannot be assumed by {SERVICE}: {code}") from error
        return replace(
            own,
            access_key_id=session["AccessKeyId"],
            secret_access_key=session["SecretAccessKey"],
            session_token=session["SessionToken"],
        )

    def _require_trust(self, source: Source, store: EventDataStore) -> None:
        """Raise InvalidImportSource where the role is not there, or does not trust CloudTrail for this store."""
        iam = self._clients.client("iam", store.account, source.region)
        try:
            role = iam.get_role(RoleName=source.role_name)["Role"]
        except S3_ERRORS as error:
            code = _code_unless_away(error, f"Role {source.role_arn}")
            if code is None:
                return
            raise InvalidImportSource(f"Role {source.role_arn} cannot be used: {code}") from error
        if role["Arn"] != source.role_arn or not _trusts_us(role, store):
            raise InvalidImportSource(
                f"Role {source.role_arn} cannot be assumed by {SERVICE} for {store.arn}. Check its trust policy."
            )


def _code(error: Exception, source: Source) -> str:
    """Raises ImportSourceUnknown where no answer came."""
    try:
        return refusal_code(error, f"S3 bucket {source.bucket}")
    except DestinationUnknown as unknown:
        raise ImportSourceUnknown(unknown.message) from error


def _code_unless_away(error: Exception, what: str) -> str | None:
    """The code of a refusal; None where nobody answers for such calls, as without an upstream for IAM and STS."""
    try:
        return refusal_code(error, what)
    except DestinationUnknown:
        return None


def _trusts_us(role: Mapping[str, Any], store: EventDataStore) -> bool:
    document = role.get("AssumeRolePolicyDocument", {})
    text = document if isinstance(document, str) else msgspec.json.encode(document).decode()
    context = {"aws:SourceArn": store.arn, "aws:SourceAccount": store.account}
    try:
        asked = Request(Caller(service=SERVICE), "sts:AssumeRole", role["Arn"], context)
        return evaluate([read_policy(text)], asked).allows
    except PolicyUnreadable:
        return False  # what cannot be read allows nothing


def _plain_get(client: Any, access: S3Access) -> PlainGet | None:
    """The short way to objects, where there is one."""
    endpoint = client.meta.endpoint_url
    if not can_be_plain(endpoint) or access.access_key_id is None or access.secret_access_key is None:
        return None
    ours = Credentials(access.access_key_id, access.secret_access_key, access.session_token)
    region = access.region or client.meta.region_name

    def signed(host: str, path: str, now: datetime) -> Mapping[str, str]:
        return dict(sign("GET", host, path, "", (), _UNSIGNED, ours, region, "s3", now))

    return PlainGet(endpoint, signed, READ_TIMEOUT_SECONDS)

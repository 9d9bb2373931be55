"""Calls that change policies, organizations or buckets at an upstream: what was remembered of these holds no more."""

from collections.abc import Callable
from typing import Final

from opentrail.accounts.principal import Principal
from opentrail.catalog.upstream_changes import BucketOwners, UpstreamChanges
from opentrail.recorder.access.upstream_policies import IAM, ORGANIZATIONS, S3
from opentrail.recorder.records.outcome import Outcome
from opentrail.recorder.understanding.interpretation import Interpreted

_OF_BUCKETS: Final = frozenset(("CreateBucket", "DeleteBucket", "PutBucketPolicy", "DeleteBucketPolicy"))


class ChangesSeen:
    """Notes changes, before the call that made them is answered. For one thread at a time.

    `organization_changed` is called when the organization may be another one.
    """

    def __init__(
        self, changes: UpstreamChanges, owners: BucketOwners, organization_changed: Callable[[], None] = lambda: None
    ) -> None:
        self._changes = changes
        self._owners = owners
        self._organization_changed = organization_changed

    def concerns(self, interpreted: Interpreted, outcome: Outcome) -> bool:
        """Whether the call succeeded and changed something that is remembered."""
        if outcome.error_code is not None:
            return False
        if interpreted.service == S3:
            return interpreted.operation_name in _OF_BUCKETS
        return interpreted.service in (IAM, ORGANIZATIONS) and not interpreted.read_only

    def take(self, interpreted: Interpreted, caller: Principal | None) -> None:
        """Note what the call changed, durable on return. Raises what the catalog raises."""
        service = interpreted.service or ""
        if service == ORGANIZATIONS:
            self._organization_changed()
            return
        if service == S3:
            bucket = str((interpreted.parameters or {}).get("Bucket", ""))
            if interpreted.operation_name == "CreateBucket" and caller is not None:
                self._owners.keep(bucket, caller.account)
            elif interpreted.operation_name == "DeleteBucket":
                self._owners.forget(bucket)
        self._changes.note(service)

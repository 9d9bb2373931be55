"""What CreateTrail and UpdateTrail make of the members they are given: checked names, and the trail as it would be."""

from collections.abc import Mapping
from typing import Any

import msgspec

from opentrail.catalog.trails import Trail
from opentrail.selectors.coverage import LEADING_REGION
from opentrail.trails.faults import InvalidCombination
from opentrail.trails.naming import TrailId, check_bucket_name, check_prefix, topic_arn


class Members(msgspec.Struct, frozen=True):
    """The members of a call that say what a trail is to be. None: not given; an empty text takes away."""

    bucket: str | None = None
    prefix: str | None = None
    topic: str | None = None
    include_global: bool | None = None
    multi_region: bool | None = None
    validation: bool | None = None
    log_group_arn: str | None = None
    role_arn: str | None = None
    kms_key_id: str | None = None
    organization: bool | None = None
    recursive_logging: bool | None = None


_NAMES = {
    "S3BucketName": "bucket",
    "S3KeyPrefix": "prefix",
    "SnsTopicName": "topic",
    "IncludeGlobalServiceEvents": "include_global",
    "IsMultiRegionTrail": "multi_region",
    "EnableLogFileValidation": "validation",
    "CloudWatchLogsLogGroupArn": "log_group_arn",
    "CloudWatchLogsRoleArn": "role_arn",
    "KmsKeyId": "kms_key_id",
    "IsOrganizationTrail": "organization",
    "RecursiveLogging": "recursive_logging",
}


def read_members(parameters: Mapping[str, Any]) -> Members:
    """The members of CreateTrail or UpdateTrail."""
    return Members(**{ours: parameters[theirs] for theirs, ours in _NAMES.items() if theirs in parameters})


def check_members(members: Members) -> None:
    """Raise InvalidBucketName, InvalidPrefix where a name cannot be right whatever there is."""
    if members.bucket is not None:
        check_bucket_name(members.bucket)
    if members.prefix:
        check_prefix(members.prefix)


def new_trail(wanted: TrailId, members: Members, created_at_us: int) -> Trail:
    """The trail that CreateTrail asks for; key and organization are not looked up yet. Raises InvalidTopicName,
    InvalidCombination."""
    fresh = Trail(
        arn=wanted.arn,
        name=wanted.name,
        account=wanted.account,
        home_region=wanted.region,
        bucket=members.bucket or "",
        created_at_us=created_at_us,
    )
    return changed_trail(fresh, members)


def changed_trail(trail: Trail, members: Members) -> Trail:
    """The trail as UpdateTrail asks for; key and organization are not looked up yet. Raises InvalidTopicName,
    InvalidCombination."""
    changes: dict[str, Any] = {}
    for name in ("bucket", "prefix", "validation", "recursive_logging"):
        if getattr(members, name) is not None:
            changes[name] = getattr(members, name)
    for name in ("log_group_arn", "role_arn"):
        if getattr(members, name) is not None:
            changes[name] = getattr(members, name) or None
    if members.topic is not None:
        changes["sns_topic_name"] = members.topic or None
        changes["sns_topic_arn"] = topic_arn(members.topic, trail.account, trail.home_region) if members.topic else None
    return msgspec.structs.replace(trail, **changes, **_reach(trail, members))


def _reach(trail: Trail, members: Members) -> dict[str, bool]:
    """Multi-Region and global events: the one brings the other along, unless the call says otherwise."""
    multi = trail.multi_region if members.multi_region is None else members.multi_region
    include = members.include_global
    if multi and include is False:
        raise InvalidCombination("Multi-Region trail must include global service events.")
    if include is None:
        include = trail.include_global
        if multi:
            include = True
        elif trail.multi_region:
            include = trail.home_region == LEADING_REGION
    return {"multi_region": multi, "include_global": include}

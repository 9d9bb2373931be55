"""Trails: creating, changing, deleting, reading them; starting and stopping their logging."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentrail.api.call import Asked, Room
from opentrail.catalog.tags import Tag
from opentrail.catalog.trail_status import TrailStatus
from opentrail.catalog.trails import Trail
from opentrail.record.times import format_event_time
from opentrail.selectors.reading import are_custom
from opentrail.trails.changes import TrailChanges
from opentrail.trails.faults import InvalidTag, TrailNotFound
from opentrail.trails.making import read_members
from opentrail.trails.naming import TrailId
from opentrail.trails.registry import Registry


class TrailsRoom:
    """`status` tells what was delivered of a trail, by the number of its row."""

    def __init__(self, registry: Registry, changes: TrailChanges, status: Callable[[int], TrailStatus]) -> None:
        self._registry = registry
        self._changes = changes
        self._status = status

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        return {
            "CreateTrail": Room(self.create_trail, {"TagsList": InvalidTag}),
            "UpdateTrail": Room(self.update_trail),
            "DeleteTrail": Room(self.may_change, after_recorded=self.delete_trail),
            "GetTrail": Room(self.get_trail),
            "DescribeTrails": Room(self.describe_trails),
            "ListTrails": Room(self.list_trails),
            "GetTrailStatus": Room(self.get_trail_status),
            "StartLogging": Room(self.start_logging),
            "StopLogging": Room(self.may_change, after_recorded=self.stop_logging),
        }

    def create_trail(self, asked: Asked) -> dict[str, Any]:
        """A new trail, which does not log yet."""
        parameters = asked.parameters
        tags = [Tag(tag["Key"], tag.get("Value")) for tag in parameters.get("TagsList") or ()]
        members = read_members(parameters)
        owner = self._registry.owner_of_new(asked.account, organization=bool(members.organization))
        wanted = TrailId(owner, asked.region, parameters["Name"])
        return _answer(self._changes.create(wanted, members, tags, asked.account))

    def update_trail(self, asked: Asked) -> dict[str, Any]:
        """The members that are given, changed."""
        version = self._registry.find_to_change(asked.parameters["Name"], asked.account, asked.region)
        answer = _answer(self._changes.update(version, read_members(asked.parameters), asked.account))
        if asked.parameters.get("SnsTopicName") == "":
            answer |= {"SnsTopicARN": "", "SnsTopicName": ""}  # the one unset member that AWS shows
        return answer

    def may_change(self, asked: Asked) -> dict[str, Any]:
        """The first half of what takes effect with its own record: whether the caller may do it."""
        self._registry.find_to_change(asked.parameters["Name"], asked.account, asked.region)
        return {}

    def delete_trail(self, asked: Asked, position: int) -> None:
        """The trail ends with the record of its deletion."""
        version = self._registry.find_to_change(asked.parameters["Name"], asked.account, asked.region)
        self._changes.delete(version, position)

    def start_logging(self, asked: Asked) -> dict[str, Any]:
        """The trail logs what comes from now on."""
        version = self._registry.find_to_change(asked.parameters["Name"], asked.account, asked.region)
        self._changes.start(version)
        return {}

    def stop_logging(self, asked: Asked, position: int) -> None:
        """The record of the stop is the last event that the trail logs."""
        version = self._registry.find_to_change(asked.parameters["Name"], asked.account, asked.region)
        self._changes.stop(version, position)

    def get_trail(self, asked: Asked) -> dict[str, Any]:
        """One trail; an unknown one is named as the caller did."""
        name = asked.parameters["Name"]
        try:
            version = self._registry.find(name, asked.account, asked.region)
        except TrailNotFound as unknown:
            raise TrailNotFound(f"Unknown trail: {name} for the user: {asked.account}") from unknown
        return {"Trail": _described(version.trail)}

    def describe_trails(self, asked: Asked) -> dict[str, Any]:
        """The trails that are seen in the caller's Region."""
        parameters = asked.parameters
        named = parameters.get("trailNameList") or []
        shadows = parameters.get("includeShadowTrails", True)
        found = self._registry.described(named, asked.account, asked.region, shadows=shadows)
        return {"trailList": [_described(version.trail) for version in found]}

    def list_trails(self, asked: Asked) -> dict[str, Any]:
        """All trails of the account, in one page: there are few."""
        trails = [version.trail for version in self._registry.all_of(asked.account)]
        return {"Trails": [{"TrailARN": one.arn, "Name": one.name, "HomeRegion": one.home_region} for one in trails]}

    def get_trail_status(self, asked: Asked) -> dict[str, Any]:
        """Whether the trail logs, and what was delivered when."""
        version = self._registry.find(asked.parameters["Name"], asked.account, asked.region)
        return _status(version.trail, self._status(version.trail_id))


def _answer(trail: Trail) -> dict[str, Any]:
    """What CreateTrail and UpdateTrail answer; what has no value is left out."""
    return {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "S3KeyPrefix": trail.prefix or None,
        "SnsTopicName": trail.sns_topic_name,
        "SnsTopicARN": trail.sns_topic_arn,
        "IncludeGlobalServiceEvents": trail.include_global,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "CloudWatchLogsLogGroupArn": trail.log_group_arn,
        "CloudWatchLogsRoleArn": trail.role_arn,
        "KmsKeyId": trail.kms_key_arn,
        "IsOrganizationTrail": trail.organization_id is not None,
        "RecursiveLogging": trail.recursive_logging,
    }


def _described(trail: Trail) -> dict[str, Any]:
    return _answer(trail) | {
        "HomeRegion": trail.home_region,
        "HasCustomEventSelectors": are_custom(trail.selectors),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }


# The retired members, which are texts and always there.
_RETIRED: Final = {
    "LatestDeliveryAttemptTime": "delivery_attempted_at",
    "LatestNotificationAttemptTime": "notification_attempted_at",
    "LatestNotificationAttemptSucceeded": "notified_at",
    "LatestDeliveryAttemptSucceeded": "delivered_at",
}


def _status(trail: Trail, status: TrailStatus) -> dict[str, Any]:
    """What was delivered. Errors of a topic or log group that the trail has no more are nobody's."""
    return {
        "IsLogging": trail.logging,
        "LatestDeliveryError": status.delivery_error,
        "LatestNotificationError": status.notification_error if trail.sns_topic_arn else None,
        "LatestDeliveryTime": status.delivered_at,
        "LatestNotificationTime": status.notified_at,
        "StartLoggingTime": trail.started_at_us,
        "StopLoggingTime": trail.stopped_at_us,
        "LatestCloudWatchLogsDeliveryError": status.logs_error if trail.log_group_arn else None,
        "LatestCloudWatchLogsDeliveryTime": status.logs_at,
        "LatestDigestDeliveryTime": status.digest_at,
        "LatestDigestDeliveryError": status.digest_error,
        **{member: _text(getattr(status, attribute)) for member, attribute in _RETIRED.items()},
        "TimeLoggingStarted": _text(trail.started_at_us),
        "TimeLoggingStopped": _text(trail.stopped_at_us),
    }


def _text(time_us: int | None) -> str:
    return "" if time_us is None else format_event_time(time_us)

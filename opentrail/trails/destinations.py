"""The destinations of a trail, checked in AWS's order: bucket, topic, key, log group."""

from pathlib import Path

import msgspec

from opentrail.catalog.destination import destination_of
from opentrail.catalog.trails import Trail
from opentrail.trails.bucket_check import BucketCheck
from opentrail.trails.clients import Clients
from opentrail.trails.kms_check import KeyUser, KmsCheck
from opentrail.trails.log_group_check import LogGroupCheck
from opentrail.trails.making import Members
from opentrail.trails.topic_check import TopicCheck


class Destinations:
    """All checks. `folders`: where plain folders stand for buckets of their name."""

    def __init__(self, clients: Clients, folders: Path | None = None) -> None:
        self._bucket = BucketCheck(clients, folders)
        self._topic = TopicCheck(clients)
        self._key = KmsCheck(clients)
        self._log_group = LogGroupCheck(clients)

    def check(self, trail: Trail, members: Members) -> Trail:
        """The trail with its key's ARN. The bucket is asked always, the others where `members` name them.

        Raises the faults of each check.
        """
        key_id = trail.kms_key_arn if members.kms_key_id is None else members.kms_key_id or None
        trail = msgspec.structs.replace(trail, kms_key_arn=key_id)  # as it is named, until it is looked up below
        self._bucket.check(destination_of(trail))
        if members.topic:
            self._topic.check(trail)
        if members.kms_key_id:
            user = KeyUser(trail.arn, trail.account, trail.home_region)
            trail = msgspec.structs.replace(trail, kms_key_arn=self._key.check(members.kms_key_id, user))
        if members.log_group_arn is not None or members.role_arn is not None:
            self._log_group.check(trail)
        return trail

    def check_bucket(self, trail: Trail) -> None:
        """The bucket alone. Raises NoSuchTrailBucket, InsufficientBucketPolicy, DestinationUnknown."""
        self._bucket.check(destination_of(trail))

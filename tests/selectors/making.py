"""Events and trails for the tests of selectors."""

import json
from typing import Any

import msgspec

from opentrail.catalog.event_selectors import Selectors
from opentrail.catalog.trails import Trail
from opentrail.selectors.events import Events
from opentrail.selectors.matcher import trail_matcher
from opentrail.selectors.reading import read_selectors

ACCOUNT = "111122223333"
REGION = "eu-west-1"
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


def trail(selectors: Selectors | None = None, **changes: Any) -> Trail:
    made = Trail(
        arn=f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit",
        name="audit",
        account=ACCOUNT,
        home_region=REGION,
        bucket="bucket",
    )
    if selectors is not None:
        changes["selectors"] = selectors
    return msgspec.structs.replace(made, **changes)


def events(*records: dict[str, Any], category: str = "Management", account: str = ACCOUNT) -> Events:
    return Events(
        [record.get("recipientAccountId", account) for record in records],
        [record.get("awsRegion", REGION) for record in records],
        [record.get("eventCategory", category) for record in records],
        [json.dumps(record).encode() for record in records],
    )


def chosen(parameters: dict[str, Any], *records: dict[str, Any], category: str = "Management") -> list[int]:
    """Which of the records a trail with these selectors gets."""
    return trail_matcher(trail(read_selectors(parameters)), REGIONS).selected(events(*records, category=category))


def s3_call(name: str, bucket: str, key: str, **more: Any) -> dict[str, Any]:
    resources = [
        {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
    ]
    reads = name.startswith(("Get", "Head", "List"))
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "readOnly": reads,
        "resources": resources,
        "eventCategory": "Data",
    } | more

"""Events that CloudTrail itself tells: what happened to the record as such, not a call of anybody's."""

from collections.abc import Mapping
from typing import Any, Final

SERVICE: Final = "cloudtrail.amazonaws.com"


def service_event(name: str, account: str, region: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `AwsServiceEvent` of CloudTrail's own, in an account and Region."""
    return {
        "userIdentity": {"accountId": account, "invokedBy": SERVICE},
        "eventSource": SERVICE,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": SERVICE,
        "userAgent": SERVICE,
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account,
        "serviceEventDetails": dict(details),
        "eventCategory": "Management",
    }

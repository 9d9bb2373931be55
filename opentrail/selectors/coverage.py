"""Which accounts and Regions a trail covers, and what of global services and of CloudTrail's own calls it gets."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from opentrail.catalog.trails import Trail
from opentrail.selectors.events import EventFields

LEADING_REGION: Final = "us-east-1"  # where the events of global services happen
DEFAULT_REGIONS: Final = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)

_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
_DELIVERIES: Final = frozenset({("s3.amazonaws.com", "PutObject"), ("logs.amazonaws.com", "PutLogEvents")})
_GLOBAL_SERVICES: Final = """
    account billing budgets ce cloudfront globalaccelerator health iam networkmanager organizations
    route53 route53domains savingsplans shield sts support trustedadvisor waf
    """
_GLOBAL_SOURCES: Final = frozenset(f"{service}.amazonaws.com" for service in _GLOBAL_SERVICES.split())


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a trail covers: `accounts` and `regions`, without global services where `global_services` is False."""

    accounts: frozenset[str]
    regions: frozenset[str]
    global_services: bool


def coverage(trail: Trail, enabled_regions: Iterable[str], members: Collection[str] = ()) -> Coverage:
    """What `trail` covers; `members` are the accounts of its organization, where the trail itself does not tell.

    A single-Region trail has the events whose `awsRegion` is its home. Those of global services are of the leading
    Region, so they are a matter of its own trails and of multi-Region ones.
    """
    members = trail.members if trail.members is not None else members
    accounts = {trail.account, *members} if trail.organization_id is not None else {trail.account}
    regions = set(enabled_regions) if trail.multi_region else {trail.home_region}
    return Coverage(frozenset(accounts), frozenset(regions), trail.multi_region or trail.include_global)


def is_of_global_service(fields: EventFields) -> bool:
    """Whether the event comes from a service that is the same in all Regions."""
    if fields.eventSource == "signin.amazonaws.com":
        return fields.userIdentity is not None and fields.userIdentity.type == "Root"
    return fields.eventSource in _GLOBAL_SOURCES


def is_own_delivery(fields: EventFields) -> bool:
    """Whether CloudTrail itself made the call to deliver: what `RecursiveLogging: false` leaves out."""
    caller = fields.userIdentity
    if caller is None or caller.invokedBy != _CLOUDTRAIL:
        return False
    return (fields.eventSource, fields.eventName) in _DELIVERIES

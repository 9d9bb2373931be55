"""Whose a resource is: what packages that keep resources tell those that decide on them.

Event data stores, channels and dashboards are kept by packages that authorization does not know; each hands over a
callable that finds its own by ARN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from opentrail.accounts.faults import InvalidResourceArn, ResourceHasNoPolicies
from opentrail.arn import Arn, parse_arn

STORE: Final = "eventdatastore"
CHANNEL: Final = "channel"
DASHBOARD: Final = "dashboard"
POLICY_KINDS: Final = frozenset((STORE, CHANNEL, DASHBOARD))  # that have policies of their own


@dataclass(frozen=True, slots=True)
class OwnedResource:
    """One resource; `organization_id` where it holds the events of a whole organization.

    `retention_days`: how long it keeps events, where it does.
    """

    arn: str
    account: str
    organization_id: str | None = None
    retention_days: int | None = None


Find = Callable[[str], OwnedResource | None]  # by ARN; None where there is none


@dataclass(frozen=True, slots=True)
class OwnedResources:
    """Finds resources for callers. `by_kind`: one callable for each kind that is kept by somebody.

    `stores_of_query`: the ARNs of the event data stores that a query (by its ID or alias) reads; empty where there is
    no such query.
    """

    by_kind: Mapping[str, Find] = field(default_factory=dict)
    stores_of_query: Callable[[str], tuple[str, ...]] = lambda _: ()

    def find(self, arn: str) -> OwnedResource | None:
        """The resource of that ARN; None where nobody keeps it."""
        kind = kind_of(arn)
        find = self.by_kind.get(kind or "")
        return find(arn) if find is not None else None


def kind_of(arn: str) -> str | None:
    """`eventdatastore`, `channel` or `dashboard`; None for whatever has no policies."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "cloudtrail":
        return None
    kind = parsed.resource.partition("/")[0]
    return kind if kind in POLICY_KINDS else None


def require_policy_kind(text: str) -> Arn:
    """The ARN, where it is one of a resource that can have a policy.

    Raises InvalidResourceArn, ResourceHasNoPolicies.
    """
    arn = parse_arn(text)
    if arn is None or arn.service != "cloudtrail" or arn.partition != "aws":
        raise InvalidResourceArn(f"{text} is not the ARN of a CloudTrail resource.")
    kind, _, name = arn.resource.partition("/")
    if not name or not arn.region or not arn.account:
        raise InvalidResourceArn(f"{text} is not the ARN of a CloudTrail resource.")
    if kind not in POLICY_KINDS:
        raise ResourceHasNoPolicies(f"{text} is of a type that has no policies.")
    return arn

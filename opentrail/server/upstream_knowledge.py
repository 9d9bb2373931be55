"""What a process that answers calls knows of its upstreams: their organization, and policies that it enforces."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from opentrail.accounts.organizations import Organizations
from opentrail.catalog.upstream_changes import BucketOwners, UpstreamChanges
from opentrail.clock import Clock
from opentrail.recorder.access.changes_seen import ChangesSeen
from opentrail.recorder.access.upstream_policies import UpstreamPolicies
from opentrail.recorder.forwarding.upstreams import Upstream, Upstreams
from opentrail.recorder.look_ups import UpstreamLookUps
from opentrail.recorder.look_ups.iam import IamQuestions
from opentrail.server.organization_watch import OrganizationWatch
from opentrail.server.rooms.trails import organizations_of
from opentrail.server.settings import Settings


@dataclass(frozen=True, slots=True)
class UpstreamKnowledge:
    """`watch`: None where the settings themselves say which organization there is; `enforced`: None where the
    policies at the upstreams decide nothing."""

    organizations: Organizations
    changes_seen: ChangesSeen
    watch: OrganizationWatch | None
    enforced: UpstreamPolicies | None


def upstream_knowledge(
    settings: Settings, upstreams: Sequence[Upstream], engine: Engine, clock: Clock
) -> UpstreamKnowledge:
    """For one process, on its open catalog."""
    organizations = organizations_of(settings, engine, clock)
    look_ups = UpstreamLookUps(Upstreams(upstreams), clock)
    changes, owners = UpstreamChanges(engine), BucketOwners(engine)
    told = settings.organization
    watch = None
    if told.upstream:
        asked = next(one for one in upstreams if one.name == told.upstream)
        watch = OrganizationWatch(
            look_ups,
            settings.server.account,
            organizations,
            clock,
            told.refresh_seconds,
            forgets=asked.account_header is not None,
        )
    enforced = None
    if settings.server.enforce_iam:
        enforced = UpstreamPolicies(IamQuestions(look_ups), changes, owners, settings.server.account, organizations.now)
    seen = ChangesSeen(changes, owners, watch.changed if watch is not None else lambda: None)
    return UpstreamKnowledge(organizations, seen, watch, enforced)

"""Making, changing, starting, stopping and deleting trails: each change a version, from a position of the journal on.

All changes are durable when they return. Changes of one trail that cross each other: the later one is refused.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from opentrail import limits
from opentrail.accounts.faults import NotManagementAccount
from opentrail.accounts.organization import Organization
from opentrail.catalog.tags import Tag
from opentrail.catalog.trails import Trail, Trails, TrailVersion
from opentrail.clock import Clock
from opentrail.trails.destinations import Destinations
from opentrail.trails.faults import NotPermitted, TooManyTrails, TrailAlreadyExists
from opentrail.trails.making import Members, changed_trail, check_members, new_trail
from opentrail.trails.naming import TrailId, check_trail_name
from opentrail.trails.registry import Registry
from opentrail.trails.tagging import check_tags


class TrailChanges:
    """Everything that changes trails. `head` tells the journal's newest position, `regions` those that are enabled."""

    def __init__(
        self,
        trails: Trails,
        registry: Registry,
        destinations: Destinations,
        head: Callable[[], int],
        clock: Clock,
        regions: Iterable[str],
    ) -> None:
        self._trails = trails
        self._registry = registry
        self._destinations = destinations
        self._head = head
        self._clock = clock
        self._regions = tuple(regions)
        self._creating = threading.Lock()

    def create(self, wanted: TrailId, members: Members, tags: Sequence[Tag], caller: str) -> Trail:
        """A new trail, not logging yet, as the account `caller` asks.

        Raises the faults of CreateTrail, in AWS's order of checks.
        """
        check_trail_name(wanted.name)
        check_members(members)
        if wanted.region not in self._regions:
            raise NotPermitted(f"Region {wanted.region} is not enabled.")
        trail = new_trail(wanted, members, self._clock.now_us())
        self._require_room(trail)
        trail = self._with_organization(trail, members, caller)
        trail = self._destinations.check(trail, members)
        check_tags(tags)
        with self._creating:
            self._require_room(trail)
            return self._trails.create(trail, self._head(), tags).trail

    def update(self, version: TrailVersion, members: Members, caller: str) -> Trail:
        """The trail with the members that are given, as the account `caller` asks. Raises the faults of UpdateTrail."""
        check_members(members)
        trail = changed_trail(version.trail, members)
        if trail.multi_region and not version.trail.multi_region:
            self._require_few(trail)
        trail = self._with_organization(trail, members, caller)
        trail = self._destinations.check(trail, members)
        return self._trails.replace(version, trail, self._head()).trail

    def change(self, version: TrailVersion, **changes: Any) -> Trail:
        """The trail with other selectors, insight selectors or aggregations. Raises ChangedMeanwhile."""
        trail = msgspec.structs.replace(version.trail, **changes)
        return self._trails.replace(version, trail, self._head()).trail

    def check_bucket(self, trail: Trail) -> None:
        """The trail's bucket once more, as operations do that make it deliver more than before."""
        self._destinations.check_bucket(trail)

    def start(self, version: TrailVersion) -> None:
        """Log from the journal's head on; a trail that logs stays as it is. Raises ChangedMeanwhile."""
        if not version.trail.logging:
            self.change(version, logging=True, started_at_us=self._clock.now_us())

    def stop(self, version: TrailVersion, position: int) -> None:
        """Log up to `position`, which is that of the call's own record. Raises ChangedMeanwhile."""
        if version.trail.logging:
            stopped = msgspec.structs.replace(version.trail, logging=False, stopped_at_us=self._clock.now_us())
            self._trails.replace(version, stopped, position)

    def delete(self, version: TrailVersion, position: int) -> None:
        """End the trail after `position`, which is that of the call's own record. Raises ChangedMeanwhile."""
        trail = version.trail
        if trail.logging:
            trail = msgspec.structs.replace(trail, logging=False, stopped_at_us=self._clock.now_us())
        self._trails.delete(version, trail, position)

    def follow_organization(self, organization: Organization | None) -> int:
        """Let trails of organizations cover the accounts that are in theirs now; how many had to be changed.

        Who joined is covered from here on, who left no more: each change is a version from the journal's head on.
        """
        changed = 0
        for version in self._trails.of_organizations():
            trail = version.trail
            own = (
                organization is not None
                and organization.id == trail.organization_id
                and organization.management_account == trail.account
            )
            members = organization.members if organization is not None and own else ()
            if trail.members is not None and set(trail.members) == set(members):
                continue
            self.change(version, members=members)
            changed += 1
        return changed

    def _with_organization(self, trail: Trail, members: Members, caller: str) -> Trail:
        if members.organization is None:
            return trail
        if members.organization:
            organization = self._registry.organization_for(caller)
            return msgspec.structs.replace(trail, organization_id=organization.id, members=organization.members)
        if trail.organization_id is not None and trail.account != caller:
            raise NotManagementAccount("Only the management account makes a trail of its organization one of its own.")
        return msgspec.structs.replace(trail, organization_id=None, members=None)

    def _require_room(self, trail: Trail) -> None:
        """Raises TrailAlreadyExists, TooManyTrails."""
        if self._registry.at(TrailId(trail.account, trail.home_region, trail.name)) is not None:
            raise TrailAlreadyExists(f"Trail {trail.name} already exists for customer: {trail.account}")
        self._require_few(trail)

    def _require_few(self, trail: Trail) -> None:
        """Whether one more trail may be seen in each Region where this one will be. Raises TooManyTrails."""
        others = [one.trail for one in self._trails.of_account(trail.account) if one.trail.arn != trail.arn]
        for region in dict.fromkeys((trail.home_region, *(self._regions if trail.multi_region else ()))):
            seen = sum(1 for other in others if other.multi_region or other.home_region == region)
            if seen >= limits.TRAILS_PER_REGION:
                raise TooManyTrails(f"User: {trail.account} already has {limits.TRAILS_PER_REGION} trails in {region}.")

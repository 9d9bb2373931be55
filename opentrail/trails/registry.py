"""Which trails a caller means, sees and may change: names and ARNs, homes and shadows, the trails of organizations."""

from collections.abc import Sequence

from opentrail.accounts.faults import NotManagementAccount
from opentrail.accounts.organization import Organization
from opentrail.accounts.organizations import KnownOrganization, require_administered
from opentrail.catalog.trails import Trails, TrailVersion
from opentrail.trails.faults import NotHomeRegion, TrailNotFound
from opentrail.trails.naming import TrailId, read_trail_id


class Registry:
    """Finds trails for callers."""

    def __init__(self, trails: Trails, organization: KnownOrganization = lambda: None) -> None:
        self._trails = trails
        self._organization = organization

    def find(self, text: str, account: str, region: str) -> TrailVersion:
        """The trail that a name or ARN means, to be read: one at home in `region`, or by ARN a shadow there.

        Raises InvalidTrailName, InvalidTrailArn, TrailNotFound.
        """
        wanted = read_trail_id(text, account, region)
        found = self._trails.find(wanted.arn)
        if found is None or not self._is_visible(found, account, region):
            raise unknown_trail(wanted, account)
        return found

    def find_to_change(self, text: str, account: str, region: str) -> TrailVersion:
        """The trail that a name or ARN means, to be changed: at home, by its owner or who administers it.

        Raises InvalidTrailName, InvalidTrailArn, TrailNotFound, NotHomeRegion, NotManagementAccount.
        """
        wanted = read_trail_id(text, account, region)
        found = self._trails.find(wanted.arn)
        if found is None or not self._is_covered(found, account):
            raise unknown_trail(wanted, account)
        if found.trail.account != account and not self.administers(account):
            raise NotManagementAccount
        if found.trail.home_region != region:
            raise NotHomeRegion(f"The home Region of trail {found.trail.arn} is {found.trail.home_region}.")
        return found

    def at(self, wanted: TrailId) -> TrailVersion | None:
        """The trail of that home and name."""
        return self._trails.find(wanted.arn)

    def described(self, named: Sequence[str], account: str, region: str, *, shadows: bool) -> list[TrailVersion]:
        """The trails that are seen in `region`: those named, or all. Names of no trail are passed over.

        Raises InvalidTrailName, InvalidTrailArn.
        """
        if not named:
            return self.seen_in(region, account, shadows=shadows)
        found: dict[str, TrailVersion] = {}
        for text in named:
            wanted = read_trail_id(text, account, region)
            version = self._trails.find(wanted.arn)
            if version is None or not self._is_visible(version, account, region):
                continue
            if shadows or version.trail.home_region == region:
                found[version.trail.arn] = version
        return list(found.values())

    def seen_in(self, region: str, account: str, *, shadows: bool = True) -> list[TrailVersion]:
        """All trails at home in `region`, and with `shadows` those that have one there."""
        return [
            version
            for version in self.all_of(account)
            if version.trail.home_region == region or (shadows and version.trail.multi_region)
        ]

    def all_of(self, account: str) -> list[TrailVersion]:
        """The account's trails in all Regions, and those of its organization."""
        found = self._trails.of_account(account)
        organization = self._organization()
        if organization is not None and account in organization.members:
            of_manager = self._trails.of_account(organization.management_account)
            found += [version for version in of_manager if version.trail.organization_id is not None]
        return found

    def organization_for(self, account: str) -> Organization:
        """The organization whose trails `account` may make.

        Raises NoOrganization, NotManagementAccount, NotAllFeatures, CloudTrailNotTrusted.
        """
        return require_administered(self._organization(), account)

    def administers(self, account: str) -> bool:
        """Whether `account` manages the trails of its organization: the management account, or a delegated one."""
        organization = self._organization()
        return organization is not None and organization.is_administered_by(account)

    def owner_of_new(self, account: str, *, organization: bool) -> str:
        """Whose a trail is that `account` makes: those of an organization are the management account's."""
        known = self._organization()
        if organization and known is not None and known.is_administered_by(account):
            return known.management_account
        return account

    def _is_covered(self, version: TrailVersion, account: str) -> bool:
        """Whether the trail is the account's own or its organization's."""
        if version.trail.account == account:
            return True
        organization = self._organization()
        return (
            organization is not None
            and version.trail.organization_id is not None
            and version.trail.account == organization.management_account
            and account in organization.members
        )

    def _is_visible(self, version: TrailVersion, account: str, region: str) -> bool:
        at_home = version.trail.home_region == region
        return self._is_covered(version, account) and (at_home or version.trail.multi_region)


def unknown_trail(wanted: TrailId, account: str) -> TrailNotFound:
    """AWS's words for a trail that is not there."""
    return TrailNotFound(f"Unknown trail: {wanted.arn} for the user: {account}")

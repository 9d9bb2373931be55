"""Tags of resources: which ARNs may be named, and what tags may be."""

from collections.abc import Callable, Iterable, Sequence

from opentrail import limits
from opentrail.accounts.owned_resources import Find, OwnedResource
from opentrail.arn import parse_arn
from opentrail.catalog.tags import Tag, Tags
from opentrail.catalog.trails import Trails
from opentrail.trails.faults import InvalidTag, InvalidTrailArn, ResourceNotFound, ResourceNotTaggable, TooManyTags

_TAGGABLE = ("trail", "eventdatastore", "channel", "dashboard")
_RESERVED = "aws:"


class Tagging:
    """Reads and changes the tags of resources, for callers in their account and Region.

    `others`: finds resources that are no trails, by ARN. `administers`: whether an account may do with the resources
    of its organization what their owner may.
    """

    def __init__(
        self,
        trails: Trails,
        tags: Tags,
        administers: Callable[[str], bool] = lambda account: False,
        others: Find = lambda arn: None,
    ) -> None:
        self._trails = trails
        self._others = others
        self._tags = tags
        self._administers = administers

    def add(self, arn: str, added: Sequence[Tag], account: str, region: str) -> None:
        """Set tags, durable on return. Raises InvalidTag, TooManyTags and the faults of `require`."""
        self.require(arn, account, region)
        check_tags(added)
        keys = {tag.key for tag in self._tags.of(arn)} | {tag.key for tag in added}
        _require_few(len(keys))
        self._tags.add(arn, added)

    def remove(self, arn: str, keys: Iterable[str], account: str, region: str) -> None:
        """Take tags away, durable on return. Raises the faults of `require`."""
        self.require(arn, account, region)
        self._tags.remove(arn, keys)

    def listed(self, arn: str, account: str, region: str) -> tuple[Tag, ...]:
        """The tags of one resource. Raises the faults of `require`."""
        self.require(arn, account, region)
        return self._tags.of(arn)

    def require(self, arn: str, account: str, region: str) -> None:
        """Raise InvalidTrailArn, ResourceNotTaggable, ResourceNotFound where there is nothing to tag."""
        parsed = parse_arn(arn)
        if parsed is None or parsed.service != "cloudtrail" or "/" not in parsed.resource:
            raise InvalidTrailArn(f"{arn} is not a valid ARN.")
        if parsed.account != account and not self._is_administered(arn, account):
            raise InvalidTrailArn(f"AccountID in ARN is wrong, you can only access resources with AccountID {account}.")
        if parsed.region != region:
            raise InvalidTrailArn(f"Region in ARN is wrong, you can only access resources in region {region}.")
        if parsed.resource.partition("/")[0] not in _TAGGABLE:
            raise ResourceNotTaggable(f"{arn} is of a type that has no tags.")
        if self._find(arn) is None:
            raise ResourceNotFound(f"{arn} does not exist.")

    def _is_administered(self, arn: str, account: str) -> bool:
        found = self._find(arn)
        return found is not None and found.organization_id is not None and self._administers(account)

    def _find(self, arn: str) -> OwnedResource | None:
        found = self._trails.find(arn)
        if found is not None:
            return OwnedResource(arn, found.trail.account, found.trail.organization_id)
        return self._others(arn)


def check_tags(tags: Sequence[Tag]) -> None:
    """What one call may set. Raises InvalidTag, TooManyTags."""
    keys = [tag.key for tag in tags]
    for key in keys:
        if keys.count(key) > 1:
            raise InvalidTag(f"The tag key {key} is given more than once.")
        if key.lower().startswith(_RESERVED):
            raise InvalidTag(f"The tag key {key} begins with {_RESERVED}, which is reserved.")
    _require_few(len(keys))


def _require_few(count: int) -> None:
    if count > limits.TAGS_PER_RESOURCE:
        raise TooManyTags(f"A resource can have {limits.TAGS_PER_RESOURCE} tags at most.")

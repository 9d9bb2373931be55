"""A trail over time: which of its versions judges an event, by the event's position in the journal."""

from collections.abc import Callable, Iterator, Sequence

from opentrail.catalog.destination import Destination, destination_of
from opentrail.catalog.trails import Trail, TrailVersion
from opentrail.selectors.matcher import Matcher

MakeMatcher = Callable[[Trail], Matcher]


class JudgingVersion:
    """A version with what delivery needs of it, made once.

    `period` is the version that began the stretch of validated logging this one belongs to: the digests of a stretch
    form one chain for each account and Region. None where logging or validation is off.
    """

    __slots__ = ("_make_matcher", "_matcher", "destination", "from_position", "number", "period", "trail")

    def __init__(self, version: TrailVersion, period: int | None, make_matcher: MakeMatcher) -> None:
        self.trail = version.trail
        self.number = version.version
        self.from_position = version.from_position
        self.period = period
        self.destination: Destination = destination_of(version.trail)
        self._make_matcher = make_matcher
        self._matcher: Matcher | None = None

    @property
    def matcher(self) -> Matcher:
        """Compiled when the first event is judged."""
        if self._matcher is None:
            self._matcher = self._make_matcher(self.trail)
        return self._matcher


class Timeline:
    """The versions of one trail, oldest first, at least one."""

    def __init__(self, versions: Sequence[TrailVersion], make_matcher: MakeMatcher) -> None:
        self.trail_id = versions[0].trail_id
        self.deleted = versions[-1].deleted
        self.versions: list[JudgingVersion] = []
        period: int | None = None
        for version in versions:
            validated = _logs(version) and version.trail.validation
            period = (period if period is not None else version.version) if validated else None
            self.versions.append(JudgingVersion(version, period, make_matcher))
        self._logging = [_logs(version) for version in versions]

    @property
    def newest(self) -> JudgingVersion:
        """The version that judges what comes."""
        return self.versions[-1]

    @property
    def logging(self) -> bool:
        """Whether the newest version logs."""
        return self._logging[-1]

    @property
    def begins_after(self) -> int:
        """Events up to this position are not the trail's."""
        return self.versions[0].from_position

    def last_change(self) -> int:
        """The position from which the newest version judges."""
        return self.newest.from_position

    def stretches(self, after: int, through: int) -> Iterator[tuple[JudgingVersion, int, int]]:
        """The logging versions that judge positions `after + 1` to `through`, each with its first and last position."""
        for index, version in enumerate(self.versions):
            first = max(version.from_position, after) + 1
            later = self.versions[index + 1 :]
            last = min([through, *(following.from_position for following in later)])
            if first <= last and self._logging[index]:
                yield version, first, last

    def next_needed(self, after: int, through: int) -> int:
        """How far one may go from `after` without a logging version to ask; at most `through`."""
        first = next(self.stretches(after, through), None)
        return through if first is None else first[1] - 1

    def needed(self, through: int) -> JudgingVersion:
        """The oldest version that may judge yet when events up to `through` are judged."""
        needed = self.versions[0]
        for version in self.versions:
            if version.from_position <= through:
                needed = version
        return needed

    def forgettable(self, through: int) -> list[int]:
        """Numbers of the versions that judge nothing any more, without the one that began the needed one's period."""
        needed = self.needed(through)
        older = (version.number for version in self.versions if version.number < needed.number)
        return [number for number in older if number != needed.period]


def _logs(version: TrailVersion) -> bool:
    return version.trail.logging and not version.deleted

"""An event data store over time: which of its versions judges an event, and which events of a batch it gets."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from opentrail.catalog.event_data_stores import EventDataStore, StoreVersion
from opentrail.journal import Batch
from opentrail.selectors.events import Events
from opentrail.selectors.matcher import Matcher

LIVE: Final = "live"
IMPORT: Final = "import:"  # followed by the ID of the store that imports
CHANNEL: Final = "channel:"  # followed by the ID of the channel

MakeMatcher = Callable[[EventDataStore], Matcher]
Destinations = Callable[[str, int], Collection[str]]  # channel ID, position: IDs of the stores it named there


def reaches_lake(origin: str) -> bool:
    """Live events, imports into a store, and what channels bring; imports into the history do not."""
    return origin == LIVE or origin.startswith((IMPORT, CHANNEL))


class StoreTimeline:
    """The versions of one store, oldest first, at least one."""

    def __init__(self, versions: Sequence[StoreVersion], make_matcher: MakeMatcher, destinations: Destinations) -> None:
        self.versions = versions
        self._make_matcher = make_matcher
        self._destinations = destinations
        self._matchers: dict[int, Matcher] = {}

    @property
    def store(self) -> EventDataStore:
        """The store as it is now."""
        return self.versions[-1].store

    @property
    def newest(self) -> StoreVersion:
        """The version that judges what comes."""
        return self.versions[-1]

    @property
    def begins_after(self) -> int:
        """Events up to this position are not the store's."""
        return self.versions[0].from_position

    def chosen(self, batch: Batch, events: Events, after: int) -> Sequence[int]:
        """Indexes of the batch's events at positions greater than `after` that the store gets, in order."""
        after = max(after, self.begins_after)
        if batch.last <= after:
            return ()
        skipped = max(after + 1 - batch.first, 0)
        if batch.origin == LIVE:
            return self._selected(batch, events, after)
        kind, _, owner = batch.origin.partition(":")
        if f"{kind}:" == IMPORT:
            return range(skipped, batch.entries.count) if owner == self.store.id else ()
        if self.store.id in self._destinations(owner, batch.first):
            return range(skipped, batch.entries.count)
        return ()

    def forgettable(self, through: int) -> list[int]:
        """Numbers of the versions that judge nothing any more when everything up to `through` is judged."""
        needed = [version for version in self.versions if version.from_position <= through]
        return [version.number for version in needed[:-1]]

    def _selected(self, batch: Batch, events: Events, after: int) -> Sequence[int]:
        found: list[int] = []
        ends = [*(version.from_position for version in self.versions[1:]), batch.last]
        for version, end in zip(self.versions, ends, strict=True):
            first, last = max(version.from_position, after) + 1, min(end, batch.last)
            if first > last or not version.store.ingests or batch.last < first or last < batch.first:
                continue
            chosen = self._matcher(version).selected(events)
            if first > batch.first or last < batch.last:
                chosen = [index for index in chosen if first <= batch.first + index <= last]
            found += chosen
        return found

    def _matcher(self, version: StoreVersion) -> Matcher:
        known = self._matchers.get(version.number)
        if known is None:
            known = self._matchers[version.number] = self._make_matcher(version.store)
        return known


def timelines(
    versions: Iterable[StoreVersion], make_matcher: MakeMatcher, destinations: Destinations
) -> dict[str, StoreTimeline]:
    """The stores that `versions` (oldest first) are of, by ID."""
    by_store: dict[str, list[StoreVersion]] = {}
    for version in versions:
        by_store.setdefault(version.store.id, []).append(version)
    return {store: StoreTimeline(of_one, make_matcher, destinations) for store, of_one in by_store.items()}

"""Selected events that wait in memory for the next cut: the recorded bytes, by what one file may hold."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opentrail import limits
from opentrail.journal import Entries
from opentrail.logfile.keys import Kind
from opentrail.trails.timeline import JudgingVersion

_KINDS = {
    "Insight": Kind.INSIGHT,
    "NetworkActivity": Kind.NETWORK_ACTIVITY,
    "Aggregated": Kind.AGGREGATED,
}
_ENVELOPE_BYTES = 16  # {"Records":[]} and a little


class Group(NamedTuple):
    """What one log file may hold: one trail at one version, one account, one Region, one kind."""

    version: JudgingVersion
    account: str
    region: str
    kind: Kind


class Buffer:
    """The events of one group, in the journal's order, as parallel lists. `times_us`: of the events."""

    __slots__ = ("positions", "records", "size", "times_us")

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.times_us: list[int] = []
        self.positions: list[int] = []
        self.size = 0  # bytes of the records and their commas

    def forget_after(self, position: int) -> None:
        """Drop the events at greater positions."""
        kept = bisect_right(self.positions, position)
        self.size -= sum(len(record) + 1 for record in self.records[kept:])
        for column in (self.records, self.times_us, self.positions):
            del column[kept:]

    def parts(self) -> Iterator[tuple[int, int]]:
        """First and end index of each file: none beyond AWS's cap, unless one record is."""
        start, size = 0, _ENVELOPE_BYTES
        if self.size + size <= limits.LOG_FILE_INFLATED_BYTES:
            yield 0, len(self.records)
            return
        for index, record in enumerate(self.records):
            if index > start and size + len(record) + 1 > limits.LOG_FILE_INFLATED_BYTES:
                yield start, index
                start, size = index, _ENVELOPE_BYTES
            size += len(record) + 1
        yield start, len(self.records)


class TrailBuffers:
    """All buffers of one trail."""

    def __init__(self) -> None:
        self.groups: dict[Group, Buffer] = {}

    def __bool__(self) -> bool:
        return bool(self.groups)

    def add(self, version: JudgingVersion, entries: Entries, first_position: int, chosen: Sequence[int]) -> int:
        """Take the chosen events of a batch that begins at `first_position`; their bytes."""
        groups, added = self.groups, 0
        accounts, regions, categories = entries.accounts, entries.regions, entries.categories
        bodies, times = entries.bodies, entries.times_us
        known: dict[tuple[str, str, str], list[int]] = {}
        for index in chosen:
            key = (accounts[index], regions[index], categories[index])
            try:
                known[key].append(index)
            except KeyError:
                known[key] = [index]
        for (account, region, category), indexes in known.items():
            group = Group(version, account, region, _KINDS.get(category, Kind.CLOUDTRAIL))
            buffer = groups.get(group)
            if buffer is None:
                buffer = groups[group] = Buffer()
            records = [bodies[index] for index in indexes]
            buffer.records += records
            buffer.times_us += [times[index] for index in indexes]
            buffer.positions += [first_position + index for index in indexes]
            size = sum(map(len, records)) + len(records)
            buffer.size += size
            added += size
        return added

    def forget_after(self, position: int) -> None:
        """Drop the events at greater positions."""
        for group, buffer in list(self.groups.items()):
            buffer.forget_after(position)
            if not buffer.records:
                del self.groups[group]

    def fullest(self) -> int:
        """Bytes of the largest group."""
        return max((buffer.size for buffer in self.groups.values()), default=0)

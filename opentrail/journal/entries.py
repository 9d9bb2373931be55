"""The values that go into the journal and come out of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Self

import msgspec

from opentrail.journal.faults import EntriesRefused


class Entries(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Events as parallel lists: one item in each list per event. `times_us` in microseconds since the epoch."""

    accounts: list[str]
    regions: list[str]
    categories: list[str]
    times_us: list[int]
    event_ids: list[str]
    bodies: list[bytes]

    def __post_init__(self) -> None:
        self.require_parallel()

    def require_parallel(self) -> None:
        """Raise EntriesRefused where the lists are not equally long."""
        count = len(self.bodies)
        if not (
            len(self.accounts) == count
            and len(self.regions) == count
            and len(self.categories) == count
            and len(self.times_us) == count
            and len(self.event_ids) == count
        ):
            raise EntriesRefused("the columns of the entries are not equally long")

    @property
    def count(self) -> int:
        """How many events these are."""
        return len(self.bodies)

    @classmethod
    def empty(cls) -> Self:
        """No events yet; its lists may be appended to, all of them alike."""
        return cls([], [], [], [], [], [])

    @classmethod
    def one(cls, account: str, region: str, category: str, time_us: int, event_id: str, body: bytes) -> Self:
        """A single event."""
        return cls([account], [region], [category], [time_us], [event_id], [body])

    @classmethod
    def concat(cls, parts: Iterable["Entries"]) -> Self:
        """The events of all `parts`, in order, in lists of their own."""
        whole = cls.empty()
        for part in parts:
            whole.accounts.extend(part.accounts)
            whole.regions.extend(part.regions)
            whole.categories.extend(part.categories)
            whole.times_us.extend(part.times_us)
            whole.event_ids.extend(part.event_ids)
            whole.bodies.extend(part.bodies)
        return whole

    def slice(self, start: int, stop: int) -> Self:
        """The events from `start` up to, not including, `stop`."""
        return type(self)(
            self.accounts[start:stop],
            self.regions[start:stop],
            self.categories[start:stop],
            self.times_us[start:stop],
            self.event_ids[start:stop],
            self.bodies[start:stop],
        )

    def selected(self, mask: Sequence[bool]) -> Self:
        """The events for which `mask` says so."""
        return type(self)(
            list(compress(self.accounts, mask)),
            list(compress(self.regions, mask)),
            list(compress(self.categories, mask)),
            list(compress(self.times_us, mask)),
            list(compress(self.event_ids, mask)),
            list(compress(self.bodies, mask)),
        )

    def body_bytes(self) -> int:
        """Bytes of all bodies together."""
        return sum(map(len, self.bodies))


class Batch(msgspec.Struct, frozen=True):
    """One row of the journal, verified and unpacked. Its events hold positions `first` to `last`."""

    first: int
    origin: str
    appended_at_us: int
    entries: Entries

    @property
    def last(self) -> int:
        """Position of the last event."""
        return self.first + self.entries.count - 1


class Appended(msgspec.Struct, frozen=True):
    """The positions that a submission was given; whoever holds this knows that it is on disk."""

    first: int
    last: int
    appended_at_us: int


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to happen, kept until its outcome is appended. `body` is the submitter's own."""

    number: int
    submitted_at_us: int
    body: bytes


class ReadResult(list[Batch]):
    """Batches in order, and how far the reader has come: beyond the last batch where others were passed over."""

    def __init__(self, batches: Iterable[Batch], through: int) -> None:
        super().__init__(batches)
        self.through = through

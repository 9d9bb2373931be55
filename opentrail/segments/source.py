"""What a look-up reads from: anything that gives the rows of one scope and attribute, newest first.

A segment on disk and a chunk of the hot tail are both such sources. The order of events is (event time in whole
microseconds, position), both descending; it is total, and neither compaction nor late events change it.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from opentrail.segments.attributes import Scope


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The place of one event in the order of all events."""

    time_us: int
    position: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for: one scope, one attribute and value or all, a time range with both ends inside."""

    scope: Scope
    attribute: tuple[str, str] | None = None
    start_us: int | None = None
    end_us: int | None = None
    before: Place | None = None  # only what comes after this place when the newest comes first


class Hits(NamedTuple):
    """Rows that may be wanted, newest first, with the time and position of each. The record has the last word."""

    times_us: list[int]
    positions: list[int]
    rows: list[int]


class Page(Protocol):
    """Some records that are kept together."""

    def __getitem__(self, number: int, /) -> bytes:
        """One of them."""
        ...


class Source(Protocol):
    """Events in a file or in memory."""

    @property
    def newest_us(self) -> int:
        """No event here is newer."""
        ...

    def find(self, wanted: Wanted) -> Iterator[Hits]:
        """Rows that may be wanted, in the order of events; scope, times and place are exact, the value is not."""
        ...

    def page_of(self, row: int) -> tuple[int, int]:
        """The page that holds the text of `row`, and the number of the row inside it."""
        ...

    def page(self, number: int) -> Page:
        """The records of one page; the costly step."""
        ...


class Pages:
    """The pages that one question has unpacked lately. Not for several threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pages: OrderedDict[tuple[int, int], Page] = OrderedDict()

    def text(self, source: Source, row: int) -> bytes:
        """The record in `row` of `source`; the source must live as long as this object."""
        number, inside = source.page_of(row)
        key = (id(source), number)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = source.page(number)
            if len(self._pages) > self._capacity:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(key)
        return page[inside]

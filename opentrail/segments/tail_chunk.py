"""A few thousand of the newest events in memory, sorted as a segment is; looked through, not indexed.

Per event 32 bits for each attribute (a hash of the value, salted by the process) stand in numpy arrays: comparing
8192 of them takes some microseconds, and nothing has to be kept in dictionaries. Texts are compressed in blocks once
the chunk is full: some 250 bytes an event in all.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import zstandard

from opentrail import limits
from opentrail.segments.attributes import (
    ACCESS_KEY_ID,
    EVENT_ID,
    EVENT_NAME,
    EVENT_SOURCE,
    READ_ONLY,
    RESOURCE_NAME,
    RESOURCE_TYPE,
    USERNAME,
    Answers,
)
from opentrail.segments.pages import TextPage, unpack_page
from opentrail.segments.source import Hits, Page, Wanted

SINGLE: Final = (EVENT_ID, EVENT_NAME, EVENT_SOURCE, READ_ONLY, USERNAME, ACCESS_KEY_ID)
_LEVEL: Final = 1
_HITS: Final = 256  # rows handed over at once: few questions want more
_BLOCK: Final = limits.TAIL_BLOCK_RECORDS

Numbers = npt.NDArray[np.int64]
Prints = npt.NDArray[np.uint32]


def print_of(value: str | None) -> int:
    """32 bits of a value, the same only within this process."""
    return 0 if value is None else hash(value) & 0xFFFFFFFF


class Staged:
    """Events in the order of arrival, ready to become a chunk. Grows; the tail guards it with its lock."""

    def __init__(self) -> None:
        self.times = array("q")
        self.positions = array("q")
        self.scopes = array("I")
        self.prints = {attribute: array("I") for attribute in SINGLE}
        self.resource_rows = array("I")
        self.resource_types = array("I")
        self.resource_names = array("I")
        self.bodies: list[bytes] = []

    @property
    def count(self) -> int:
        """How many events are staged."""
        return len(self.bodies)

    def add(self, time_us: int, position: int, scope: int, event_id: str, found: Answers, body: bytes) -> None:
        """One more event; positions must ascend."""
        row = len(self.bodies)
        self.times.append(time_us)
        self.positions.append(position)
        self.scopes.append(scope)
        prints = self.prints
        prints[EVENT_ID].append(print_of(event_id))
        prints[EVENT_NAME].append(print_of(found.event_name))
        prints[EVENT_SOURCE].append(print_of(found.event_source))
        prints[READ_ONLY].append(print_of(found.read_only))
        prints[USERNAME].append(print_of(found.username))
        prints[ACCESS_KEY_ID].append(print_of(found.access_key_id))
        for kind, name in found.resources:
            self.resource_rows.append(row)
            self.resource_types.append(print_of(kind))
            self.resource_names.append(print_of(name))
        self.bodies.append(body)

    def extend(self, other: "Staged") -> None:
        """All events of `other`, which come later."""
        shift = len(self.bodies)
        for mine, theirs in zip(self._columns(), other._columns(), strict=True):
            mine.extend(theirs)
        self.resource_rows.extend(array("I", [row + shift for row in other.resource_rows]))
        self.bodies.extend(other.bodies)

    def _columns(self) -> "list[array[int]]":
        return [
            self.times,
            self.positions,
            self.scopes,
            *self.prints.values(),
            self.resource_types,
            self.resource_names,
        ]


class TailChunk:
    """Sorted, immutable events; a Source. Safe for several threads."""

    def __init__(
        self,
        times: Numbers,
        positions: Numbers,
        scopes: Prints,
        prints: dict[str, Prints],
        resources: tuple[Numbers, Prints, Prints],
        texts: Sequence[bytes],
        *,
        packed: bool,
    ) -> None:
        self._times = times
        self._positions = positions
        self._scopes = scopes
        self._prints = prints
        self._resources = resources
        self._texts = texts  # records, or where packed (size, frame) blocks
        self._packed = packed
        self.newest_us = int(times[-1])
        self.first_position = int(positions.min())
        self.last_position = int(positions.max())

    @classmethod
    def sort(cls, staged: Staged) -> Self:
        """A chunk of all that is staged now (not empty)."""
        times = np.array(staged.times, np.int64)
        positions = np.array(staged.positions, np.int64)
        order = np.lexsort((positions, times))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        bodies = staged.bodies
        return cls(
            times[order],
            positions[order],
            np.array(staged.scopes, np.uint32)[order],
            {attribute: np.array(prints, np.uint32)[order] for attribute, prints in staged.prints.items()},
            (
                place[np.array(staged.resource_rows, np.int64)],
                np.array(staged.resource_types, np.uint32),
                np.array(staged.resource_names, np.uint32),
            ),
            [bodies[row] for row in order.tolist()],
            packed=False,
        )

    @property
    def rows(self) -> int:
        """How many events are here."""
        return len(self._times)

    def pack(self) -> "TailChunk":
        """The same chunk with its texts compressed."""
        packer = zstandard.ZstdCompressor(level=_LEVEL)
        blocks = []
        for begin in range(0, self.rows, _BLOCK):
            texts = self._texts[begin : begin + _BLOCK]
            block = b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))
            blocks.append(len(block).to_bytes(4, "little") + packer.compress(block))
        return TailChunk(self._times, self._positions, self._scopes, self._prints, self._resources, blocks, packed=True)

    def find_in(self, scope: int, wanted: Wanted) -> Iterator[Hits]:
        """As Source.find, for a scope by its number in the tail."""
        low, high = self._bounds(wanted)
        if low >= high:
            return
        rows = self._matching(scope, wanted.attribute, low, high)[::-1]
        for begin in range(0, len(rows), _HITS):
            part = rows[begin : begin + _HITS]
            yield Hits(self._times[part].tolist(), self._positions[part].tolist(), part.tolist())

    def page_of(self, row: int) -> tuple[int, int]:
        """The block of a row's text and its number there."""
        return divmod(row, _BLOCK)

    def page(self, number: int) -> Page:
        """The records of one block."""
        if not self._packed:
            return list(self._texts[number * _BLOCK : (number + 1) * _BLOCK])
        block = self._texts[number]
        return TextPage(unpack_page(block[4:], int.from_bytes(block[:4], "little")))

    def _bounds(self, wanted: Wanted) -> tuple[int, int]:
        times = self._times
        low, high = 0, len(times)
        if wanted.start_us is not None:
            low = int(np.searchsorted(times, wanted.start_us, "left"))
        if wanted.end_us is not None:
            high = int(np.searchsorted(times, wanted.end_us, "right"))
        if wanted.before is not None:
            begin = int(np.searchsorted(times, wanted.before.time_us, "left"))
            end = int(np.searchsorted(times, wanted.before.time_us, "right"))
            same = int(np.searchsorted(self._positions[begin:end], wanted.before.position, "left"))
            high = min(high, begin + same)
        return low, high

    def _matching(self, scope: int, attribute: tuple[str, str] | None, low: int, high: int) -> Numbers:
        if attribute is None:
            return np.flatnonzero(self._scopes[low:high] == scope) + low
        name, value = attribute
        wanted = np.uint32(print_of(value))
        if name in (RESOURCE_TYPE, RESOURCE_NAME):
            holders, kinds, names = self._resources
            rows: Any = np.unique(holders[(kinds if name == RESOURCE_TYPE else names) == wanted])
            rows = rows[(rows >= low) & (rows < high)]
        else:
            rows = np.flatnonzero(self._prints[name][low:high] == wanted) + low
        return np.asarray(rows[self._scopes[rows] == scope])

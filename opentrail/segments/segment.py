"""A segment opened for look-ups: its index in memory, its Parquet file mapped, one page read for a record's text.

An open segment stays usable after its files have been deleted: what it needs is mapped.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from opentrail import telemetry
from opentrail.segments import postings
from opentrail.segments.attributes import EVENT_ID, Scope
from opentrail.segments.event_keys import event_key, short_keys
from opentrail.segments.faults import IndexUnusable, SegmentCorrupt
from opentrail.segments.index import LAYOUT, fingerprint, rebuild_index, scope_hash, value_hash
from opentrail.segments.index_file import Array, read_index_file
from opentrail.segments.pages import TextPage, unpack_page
from opentrail.segments.source import Hits, Page, Wanted
from opentrail.segments.writer import index_path

_FIRST_STEP: Final = 512  # rows or bytes looked at first; most questions need no more
_GROWTH: Final = 8

_log = telemetry.logger("segments")

Rows = npt.NDArray[np.int64]


class Segment:
    """One immutable segment. Safe for several threads."""

    def __init__(self, path: Path, mapped: mmap.mmap, facts: dict[str, Any], arrays: dict[str, Array]) -> None:
        self.path = path
        self.rows: int = facts["rows"]
        self.first_position: int = facts["first_position"]
        self.scopes = [Scope(*names) for names in facts["scopes"]]
        self._scope_numbers = {scope: number for number, scope in enumerate(self.scopes)}
        self._mapped = mapped
        self._lists = arrays["lists"]
        self._starts = arrays["list_starts"]
        self._postings = arrays["postings"]
        self._row_scopes = arrays["row_scopes"]
        self._first_us: int = facts["first_us"]
        self._unit_us: int = facts["time_unit_us"]
        self._times = arrays["row_times"]
        self._positions = arrays["positions"]
        self.event_keys = arrays["event_keys"]
        self._event_rows = arrays["event_rows"]
        self._page_rows = arrays["page_rows"]
        self._page_offsets = arrays["page_offsets"]
        self._page_packed = arrays["page_packed"]
        self._page_unpacked = arrays["page_unpacked"]
        self.oldest_us = self._first_us
        self.newest_us = self._first_us + int(self._times[-1]) * self._unit_us

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the segment at `path`; an index that is missing or damaged is built again first.

        Raises SegmentCorrupt where the Parquet file is missing.
        """
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except (OSError, ValueError) as error:
            raise SegmentCorrupt(f"{path}: cannot be read: {error}") from error
        try:
            facts, arrays = _matching_index(path, len(mapped))
        except IndexUnusable as fault:
            _log.warning("an index is built again", action="index.rebuild", segment=path.name, why=fault.message)
            rebuild_index(path, index_path(path))
            facts, arrays = _matching_index(path, len(mapped))
        return cls(path, mapped, facts, arrays)

    def find(self, wanted: Wanted) -> Iterator[Hits]:
        """Rows that may be wanted, newest first; see segments.source.Source."""
        scope = self._scope_numbers.get(wanted.scope)
        low, high = self._bounds(wanted)
        if scope is None or low >= high:
            return
        if wanted.attribute is None:
            found = self._of_scope(scope, low, high)
        elif wanted.attribute[0] == EVENT_ID:
            found = self._of_event(wanted.scope, scope, wanted.attribute[1], low, high)
        else:
            found = self._of_value(wanted.scope, scope, *wanted.attribute, low, high)
        for rows in found:
            if len(rows):
                yield self._hits(rows)

    def page_of(self, row: int) -> tuple[int, int]:
        """The page of a row's text and its number there."""
        number = int(np.searchsorted(self._page_rows, row, "right")) - 1
        return number, row - int(self._page_rows[number])

    def page(self, number: int) -> Page:
        """The records of one page. Raises SegmentCorrupt."""
        offset = int(self._page_offsets[number])
        frame = self._mapped[offset : offset + int(self._page_packed[number])]
        return TextPage(unpack_page(frame, int(self._page_unpacked[number])))

    def scope_of(self, row: int) -> Scope:
        """The scope of a row."""
        return self.scopes[int(self._row_scopes[row])]

    def rows_with_keys(self, keys: npt.NDArray[np.uint64]) -> tuple[Rows, Rows]:
        """For ascending short keys: which of them (index into `keys`) may be which row. Verify each on the record."""
        begins = np.searchsorted(self.event_keys, keys, "left")
        ends = np.searchsorted(self.event_keys, keys, "right")
        counts = ends - begins
        asked = np.repeat(np.arange(len(keys)), counts)
        if len(asked) == 0:
            return asked, asked
        offsets = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts)
        return asked, self._event_rows[np.repeat(begins, counts) + offsets].astype(np.int64)

    def row_of(self, time_us: int, position: int) -> int:
        """How many rows come before (time_us, position) in the segment's own order."""
        begin, end = self._rows_before(time_us), self._rows_before(time_us + 1)
        offset = max(position - self.first_position, 0)
        if offset > np.iinfo(self._positions.dtype).max:
            return end
        return begin + int(np.searchsorted(self._positions[begin:end], self._positions.dtype.type(offset), "left"))

    def places(self, rows: Rows) -> tuple[Rows, Rows]:
        """Event times and positions of rows."""
        times = self._times[rows].astype(np.int64) * self._unit_us + self._first_us
        return times, self._positions[rows].astype(np.int64) + self.first_position

    def _rows_before(self, time_us: int) -> int:
        """How many rows are older than `time_us`."""
        units = -((self._first_us - time_us) // self._unit_us)  # rounded up
        if units <= 0:
            return 0
        if units > int(self._times[-1]):
            return self.rows
        return int(np.searchsorted(self._times, self._times.dtype.type(units), "left"))

    def _bounds(self, wanted: Wanted) -> tuple[int, int]:
        low, high = 0, self.rows
        if wanted.start_us is not None:
            low = self._rows_before(wanted.start_us)
        if wanted.end_us is not None:
            high = self._rows_before(wanted.end_us + 1)
        if wanted.before is not None:
            high = min(high, self.row_of(wanted.before.time_us, wanted.before.position))
        return low, high

    def _hits(self, rows: Rows) -> Hits:
        times, positions = self.places(rows)
        return Hits(times.tolist(), positions.tolist(), rows.tolist())

    def _of_scope(self, scope: int, low: int, high: int) -> Iterator[Rows]:
        step = _FIRST_STEP
        while high > low:
            begin = max(low, high - step)
            yield np.flatnonzero(self._row_scopes[begin:high] == scope)[::-1] + begin
            high = begin
            step = min(step * _GROWTH, 1 << 20)

    def _of_event(self, names: Scope, scope: int, event_id: str, low: int, high: int) -> Iterator[Rows]:
        keys = short_keys([event_key(names.account, names.region, event_id)])
        _, rows = self.rows_with_keys(keys)
        rows = rows[(rows >= low) & (rows < high)]
        yield np.sort(rows[self._row_scopes[rows] == scope])[::-1]

    def _of_value(self, names: Scope, scope: int, attribute: str, value: str, low: int, high: int) -> Iterator[Rows]:
        print_ = np.uint32(fingerprint(scope_hash(names), value_hash(attribute, value)))
        number = int(np.searchsorted(self._lists, print_))
        if number == len(self._lists) or self._lists[number] != print_:
            return
        at, end = int(self._starts[number]), int(self._starts[number + 1])
        step = _FIRST_STEP
        reached = 0
        while at < end:
            stop = min(at + step, end)
            while stop < end and self._postings[stop - 1] >= 0x80:
                stop += 1
            numbers = np.cumsum(postings.decode(self._postings[at:stop])) + reached
            reached = int(numbers[-1])
            rows = (self.rows - 1) - numbers
            inside = rows[(rows < high) & (rows >= low)]
            yield inside[self._row_scopes[inside] == scope]
            if self.rows - 1 - reached < low:
                return
            at = stop
            step *= _GROWTH


def _matching_index(path: Path, segment_bytes: int) -> tuple[dict[str, Any], dict[str, Array]]:
    facts, arrays = read_index_file(index_path(path))
    if facts.get("layout") != LAYOUT:
        raise IndexUnusable(f"{index_path(path).name}: laid out by another version")
    if facts.get("segment_bytes") != segment_bytes:
        raise IndexUnusable(f"{index_path(path).name}: belongs to another segment")
    return facts, arrays

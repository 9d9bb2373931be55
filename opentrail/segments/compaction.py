"""Merging small segments into large ones, so that a look-up opens few files and retention still drops whole ones.

Segments of one day of arrival are merged, never over days. Within the day that runs, files wait until there are
enough of about one size (tiers, each eight times the one before), so that an event is rewritten a few times at most;
when the day is over, all that is not full is merged. A segment is full with limits.SEGMENT_ROWS or SEGMENT_BYTES.

Merging keeps the order (event time, position) and streams: each input is sorted, so every stretch of the output is
one contiguous stretch of each input, and only the sort keys of all rows are in memory beside the stretch at hand.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from opentrail import limits
from opentrail.segments.schema import arrow_schema
from opentrail.segments.snapshot import SegmentFile
from opentrail.segments.writer import FAST_LEVEL, SMALL_LEVEL, write_segment

_DAY_US: Final = 86_400_000_000
_SETTLED_US: Final = 3_600_000_000  # so long after its end a day of arrival is taken to be over
_TIER: Final = 8
_SMALL_TIER_ROWS: Final = 1024
_CHUNK_ROWS: Final = 4096  # of each file at a time
_SCHEMA: Final = arrow_schema()

Keys = npt.NDArray[np.int64]


def plan_compaction(files: Iterable[SegmentFile], now_us: int, tier_files: int) -> list[SegmentFile]:
    """The next files to merge into one, or none: of the oldest day of arrival that has something to merge."""
    days: dict[int, list[SegmentFile]] = defaultdict(list)
    for file in files:
        if not is_full(file):
            days[file.first_arrival_us // _DAY_US].append(file)
    for day in sorted(days):
        over = now_us >= (day + 1) * _DAY_US + _SETTLED_US
        group = _rest_of(days[day]) if over else tier_of(days[day], tier_files)
        if len(group) > 1:
            return group
    return []


def compact(folder: Path, files: Sequence[SegmentFile]) -> list[Path]:
    """Merge `files` (of one day of arrival) into one segment in `folder`; durable, not yet committed, on return."""
    rows = sum(file.rows for file in files)
    level = SMALL_LEVEL if rows >= limits.SEGMENT_ROW_GROUP_ROWS else FAST_LEVEL
    arrived_us = min(file.first_arrival_us for file in files)
    return [write_segment(folder, merged([file.path for file in files], _SCHEMA), arrived_us, level=level).path]


def merged(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of all files, which have the columns of `schema`, in order, in tables of limited size."""
    keys = [_sort_keys(path) for path in paths]
    times = np.concatenate([part[0] for part in keys])
    positions = np.concatenate([part[1] for part in keys])
    order = np.lexsort((positions, times))
    starts = np.cumsum([0, *(len(part[0]) for part in keys)])
    inputs = [_Input(path) for path in paths]
    try:
        for begin in range(0, len(order), _CHUNK_ROWS):
            stretch = order[begin : begin + _CHUNK_ROWS]
            yield _stretch(inputs, starts, stretch).cast(schema)
    finally:
        for source in inputs:
            source.close()


def _stretch(inputs: Sequence["_Input"], starts: Keys, stretch: Keys) -> pa.Table:
    """The rows of `stretch` (numbers over all inputs), in its order."""
    owners = np.searchsorted(starts, stretch, "right") - 1
    counts = np.bincount(owners, minlength=len(inputs))
    parts = [source.take(int(count)) for source, count in zip(inputs, counts, strict=True) if count]
    together = pa.concat_tables(parts)
    # Rows of one input keep their order, so a stable sort by owner is where each row now stands.
    place = np.empty(len(stretch), np.int64)
    place[np.argsort(owners, kind="stable")] = np.arange(len(stretch))
    return together.take(pa.array(place))


class _Input:
    """One segment read from its beginning, as many rows at a time as are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path, memory_map=True)
        self._batches = self._file.iter_batches(batch_size=_CHUNK_ROWS, use_threads=False)
        self._left = pa.table({})

    def take(self, rows: int) -> pa.Table:
        """The next `rows` rows."""
        parts = []
        while rows > 0:
            if self._left.num_rows == 0:
                self._left = pa.Table.from_batches([next(self._batches)])
            part = self._left.slice(0, rows)
            self._left = self._left.slice(part.num_rows)
            rows -= part.num_rows
            parts.append(part)
        return pa.concat_tables(parts)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _sort_keys(path: Path) -> tuple[Keys, Keys]:
    table = pq.read_table(path, columns=["eventtime", "position"], partitioning=None)
    return table.column("eventtime").cast(pa.int64()).to_numpy(), table.column("position").to_numpy()


def is_full(file: SegmentFile) -> bool:
    """Whether a file is as large as files get; it is not merged again."""
    # Three quarters: what is left would not be worth a rewrite, and a merge may not overshoot by much.
    return file.rows * 4 >= limits.SEGMENT_ROWS * 3 or file.bytes * 4 >= limits.SEGMENT_BYTES * 3


def _tier(file: SegmentFile) -> int:
    tier, rows = 0, _SMALL_TIER_ROWS
    while file.rows > rows:
        tier += 1
        rows *= _TIER
    return tier


def tier_of(files: Sequence[SegmentFile], tier_files: int) -> list[SegmentFile]:
    """Enough files of one tier to be merged into one, smallest tier first and in the order of `files`; or none."""
    tiers: dict[int, list[SegmentFile]] = defaultdict(list)
    for file in files:
        tiers[_tier(file)].append(file)
    for tier in sorted(tiers):
        group = _fitting(tiers[tier]) if len(tiers[tier]) >= tier_files else []
        if len(group) > 1:
            return group
    return []


def _rest_of(files: Sequence[SegmentFile]) -> list[SegmentFile]:
    return _fitting(sorted(files, key=lambda file: file.rows))


def _fitting(files: Sequence[SegmentFile]) -> list[SegmentFile]:
    """As many of `files` as one segment holds."""
    group: list[SegmentFile] = []
    rows = size = 0
    for file in files:
        rows += file.rows
        size += file.bytes
        if group and (rows > limits.SEGMENT_ROWS * 5 // 4 or size > limits.SEGMENT_BYTES * 5 // 4):
            break
        group.append(file)
    return group

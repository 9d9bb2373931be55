"""Many sources, each newest first, as one: lazily, so that a source is asked only when its turn may have come."""

import heapq
from collections.abc import Iterator, Sequence

from opentrail.segments.source import Place, Source, Wanted


class _Cursor:
    """Where one source has come to."""

    def __init__(self, source: Source, wanted: Wanted) -> None:
        self.source = source
        self._hits = source.find(wanted)
        self._times: list[int] = []
        self._positions: list[int] = []
        self._rows: list[int] = []
        self._at = -1
        self.time_us = 0
        self.position = 0
        self.row = 0

    def advance(self) -> bool:
        """Go to the next hit; whether there is one."""
        self._at += 1
        while self._at == len(self._rows):
            found = next(self._hits, None)
            if found is None:
                return False
            self._times, self._positions, self._rows = found
            self._at = 0
        self.time_us = self._times[self._at]
        self.position = self._positions[self._at]
        self.row = self._rows[self._at]
        return True


def newest_first(sources: Sequence[Source], wanted: Wanted) -> Iterator[tuple[Place, Source, int]]:
    """Every hit of every source in the order of events; the order holds for hits, false ones included."""
    # An unopened source stands in the heap at the newest that it could give, before any event of that very time.
    heap: list[tuple[int, float, int, _Cursor | None]] = []
    for number, source in enumerate(sources):
        bound = source.newest_us
        if wanted.end_us is not None:
            bound = min(bound, wanted.end_us)
        if wanted.before is not None:
            bound = min(bound, wanted.before.time_us)
        heap.append((-bound, float("-inf"), number, None))
    heapq.heapify(heap)
    while heap:
        _, _, number, cursor = heap[0]
        if cursor is None:
            cursor = _Cursor(sources[number], wanted)
        else:
            yield Place(cursor.time_us, cursor.position), cursor.source, cursor.row
        if cursor.advance():
            heapq.heapreplace(heap, (-cursor.time_us, -cursor.position, number, cursor))
        else:
            heapq.heappop(heap)

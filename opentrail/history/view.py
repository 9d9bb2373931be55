"""The consistent view of history that one question uses: the table at one moment, and the tail beyond it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opentrail.segments.segment import Segment
from opentrail.segments.snapshot import Snapshot
from opentrail.segments.source import Source
from opentrail.segments.tail import TailSource


@dataclass(frozen=True, slots=True)
class TableView:
    """A snapshot with its segments open. Stays whole while somebody holds it, whatever is deleted on disk."""

    snapshot: Snapshot
    segments: tuple[Segment, ...]

    @property
    def position(self) -> int:
        """Every event up to here that history wants is in the segments, or expired."""
        return self.snapshot.position

    def with_tail(self, tail: Sequence[TailSource]) -> list[Source]:
        """The sources of one question. `tail` must have been taken before this view was: so nothing falls between."""
        beyond = (source.beyond(self.position) for source in tail)
        return [*(source for source in beyond if source is not None), *self.segments]


def open_view(snapshot: Snapshot, known: TableView | None = None) -> TableView:
    """Open what is new in `snapshot`; segments that `known` has open already are taken over.

    Raises SegmentCorrupt where a file of the snapshot is missing.
    """
    opened: dict[Path, Segment] = {segment.path: segment for segment in known.segments} if known is not None else {}
    segments = []
    for file in snapshot.files:
        segment = opened.get(file.path)
        segments.append(segment if segment is not None else Segment.open(file.path))
    return TableView(snapshot, tuple(segments))

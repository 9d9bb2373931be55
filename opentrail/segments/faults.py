"""What can go wrong with segments and tables."""

from opentrail.errors import OpenTrailError


class SegmentCorrupt(OpenTrailError):
    """A segment does not hold what was written into it."""


class IndexUnusable(OpenTrailError):
    """The index of a segment is missing, damaged or of another version; it can be built again from the segment."""


class TableCorrupt(OpenTrailError):
    """The table names files that are not there or do not hold what it says."""


class TableUnreadable(OpenTrailError):
    """The table's catalog cannot be read: it is locked by another process for too long, or damaged."""

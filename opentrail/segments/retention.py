"""Which files of the table have served their time."""

from collections.abc import Iterable

from opentrail.segments.snapshot import SegmentFile


def expired(files: Iterable[SegmentFile], keep_after_us: int) -> list[SegmentFile]:
    """Files all of whose events both happened and arrived before `keep_after_us`.

    Whole files go: compaction never merges over days of arrival, so at most the event times inside a file keep it.
    """
    return [file for file in files if max(file.newest_us, file.last_arrival_us) < keep_after_us]

"""What an operator may set about the event history."""

from dataclasses import dataclass
from typing import Final

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How history is written, kept and read. Units stand in the names."""

    commit_interval_s: float = 60.0  # the longest that an event waits to get into the table
    import_commit_s: float = 1.0  # imports are not in the hot tail: committed when nothing more came for so long
    max_pending_events: int = 250_000  # or as soon as so many events
    max_pending_bytes: int = 256 * 1024 * 1024  # or so many bytes of records wait
    retention_days: int = 90  # after an event happened or arrived, whichever is later
    retention_check_s: float = 3600.0
    compaction_check_s: float = 10.0
    compaction_files: int = 8  # so many files of about one size, of one day of arrival, are merged
    compaction_backlog_files: int = 128  # while events pour in, merging waits until there are so many files
    expire_after_commits: int = 50  # snapshots are expired after so many commits
    sweep_check_s: float = 60.0
    sweep_grace_s: float = 600.0  # a file that nothing names is deleted after so long
    snapshot_poll_s: float = 1.0  # how often a reader looks whether the table has changed
    tail_poll_s: float = 0.1  # how often the tail takes in what came; a question has it done at once

"""What an operator may set about event data stores."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LakeSettings:
    """How stores are written and kept. Units stand in the names."""

    commit_interval_s: float = 60.0  # the longest that an event waits to get into its table
    max_pending_events: int = 65_536  # of one store, or as soon as so many events
    max_pending_bytes: int = 96 * 1024 * 1024  # or of all stores so many bytes of records wait
    threads: int = 1  # that make columns out of JSON
    retention_check_s: float = 3600.0
    compaction_check_s: float = 10.0
    compaction_files: int = 8  # so many files of about one size are merged
    compaction_backlog_files: int = 64  # while events pour in, merging waits until a store has so many files
    expire_after_commits: int = 50  # snapshots are expired after so many commits
    sweep_check_s: float = 60.0
    sweep_grace_s: float = 600.0  # a file that nothing names is deleted after so long
    removal_check_s: float = 60.0  # how often is looked for stores whose deletion is due

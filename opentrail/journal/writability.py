"""Whether the journal can write: after failures, by free disk space, and by how long a commit takes."""

import os
import time
from pathlib import Path
from threading import Lock

from opentrail import limits, telemetry


class Writability:
    """What is known about writing, cheap to ask for from any thread.

    It becomes doubtful when an append fails, or while less than `reserve_bytes` are free on the disk, and certain
    again only when a trial write has succeeded: the committer makes one at most every JOURNAL_PROBE_SECONDS.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._lock = Lock()
        self._doubtful = False
        self._space_known_until = 0.0
        self._enough_space = True
        self._commit_began: float | None = None
        telemetry.JOURNAL_WRITABLE.set(1)

    def writable(self) -> bool:
        """False after a failed append, while space is short, or while a commit hangs."""
        now = time.monotonic()
        with self._lock:
            if now >= self._space_known_until:
                self._space_known_until = now + limits.JOURNAL_SPACE_SECONDS
                self._enough_space = self._measure()
                if not self._enough_space:
                    self._doubt()
            began = self._commit_began
            return not self._doubtful and (began is None or now - began < limits.JOURNAL_STALL_SECONDS)

    def needs_probe(self) -> bool:
        """Whether a trial write would tell something new."""
        with self._lock:
            return self._doubtful

    def may_probe(self) -> bool:
        """Whether there is space enough for the answer to matter."""
        with self._lock:
            self._enough_space = self._measure()
            return self._enough_space

    def began(self) -> None:
        """A commit begins."""
        with self._lock:
            self._commit_began = time.monotonic()

    def ended(self, *, written: bool, probe: bool = False) -> None:
        """A commit has ended; `probe` when it was a trial write, which alone can remove a doubt about space."""
        with self._lock:
            self._commit_began = None
            if not written:
                self._doubt()
            elif self._doubtful and (probe or self._enough_space):
                self._doubtful = False
                telemetry.JOURNAL_WRITABLE.set(1)

    def _doubt(self) -> None:
        self._doubtful = True
        telemetry.JOURNAL_WRITABLE.set(0)

    def _measure(self) -> bool:
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            # The folder itself is out of reach; the trial write that follows says why.
            return False
        return disk.f_bavail * disk.f_frsize >= self._reserve_bytes

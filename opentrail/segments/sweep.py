"""Deleting files of the table that nothing names: left behind by a crash, by compaction, retention or expiry.

Only the table's owner sweeps. A file goes when it has been seen unreferenced for the grace period, measured by this
process, so neither a wrong clock nor a restart deletes early. Readers that go file by file for longer than that (a
listing) hold a shared lock on `reading.lock`, and nothing is swept as long as somebody does. Readers that keep
segments open need no lock: they have mapped what they use.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from opentrail import telemetry
from opentrail.clock import Clock
from opentrail.segments.table import EventTable
from opentrail.segments.writer import index_path

LOCK_FILE: Final = "reading.lock"
_log = telemetry.logger("segments")


class Sweeper:
    """Remembers since when each unreferenced file has been seen."""

    def __init__(self, clock: Clock, grace_seconds: float) -> None:
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._seen: dict[Path, float] = {}

    def sweep(self, table: EventTable, spared: Collection[Path] = ()) -> int:
        """Delete what has been unreferenced for the grace period, but for what is spared; how many files went."""
        now = self._clock.monotonic()
        loose = [path for path in unreferenced(table) if path not in spared]
        self._seen = {path: self._seen.get(path, now) for path in loose}
        ripe = [path for path, since in self._seen.items() if now - since >= self._grace_seconds]
        if not ripe:
            return 0
        with _no_readers(table.folder) as alone:
            if not alone:
                return 0
            for path in ripe:
                path.unlink(missing_ok=True)
                del self._seen[path]
        _log.info("unreferenced files deleted", action="segments.sweep", files=len(ripe))
        return len(ripe)


def unreferenced(table: EventTable) -> list[Path]:
    """Files in the table's folder that neither its current snapshot nor its metadata name."""
    named = table.referenced_metadata()
    for file in table.snapshot.files:
        named.add(file.path)
        if table.layout.indexed:
            named.add(index_path(file.path))
    present = (path for folder in (table.data_folder, table.metadata_folder) for path in folder.rglob("*"))
    return [path for path in present if path not in named and path.is_file()]


@contextmanager
def reading(table_folder: Path) -> Iterator[None]:
    """While inside, nothing of the table is swept."""
    table_folder.mkdir(parents=True, exist_ok=True)
    with (table_folder / LOCK_FILE).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _no_readers(table_folder: Path) -> Iterator[bool]:
    with (table_folder / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True

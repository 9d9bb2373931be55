"""The outbox: files that are cut and signed and wait on disk to be delivered.

`FOLDER/NAME`: a log file's or digest's stored (gzip) bytes, sealed as the journal is (journal/sealing.py); NAME is in
the file's row of the catalog. A file is on disk
before its row is committed, so every row has its file; a file without a row, left by a crash, is swept at the start.
"""

import os
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from opentrail.errors import OpenTrailError
from opentrail.journal import Sealer, opened_by, sealed_by


class LostFromOutbox(OpenTrailError):
    """A file that waited to be delivered is no longer in the outbox: somebody removed it."""


class Outbox:
    """The files of one folder, which is made where it is missing. Safe from any thread."""

    def __init__(self, folder: Path, sealer: Sealer | None = None) -> None:
        self._folder = folder
        self._sealer = sealer
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, stored: bytes) -> str:
        """Write a file; its name. Its bytes are on disk on return, its name after the next `seal`."""
        name = secrets.token_hex(12)
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed_by(self._sealer, stored, len(stored), name.encode()))
            file.flush()
            os.fsync(file.fileno())
        return name

    def seal(self) -> None:
        """Make durable that all files kept so far are there."""
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises LostFromOutbox, and what opening a sealed one raises."""
        try:
            return opened_by(self._sealer, (self._folder / name).read_bytes(), name.encode())
        except FileNotFoundError as lost:
            raise LostFromOutbox from lost

    def drop(self, name: str) -> None:
        """The file is delivered, or will never be."""
        (self._folder / name).unlink(missing_ok=True)

    def sweep(self, needed: Collection[str]) -> int:
        """Remove the files that nothing needs; how many. Only its owner may, and while it keeps nothing."""
        left = [path for path in self._folder.iterdir() if path.name not in needed]
        for path in left:
            path.unlink()
        return len(left)

    def free_bytes(self) -> int:
        """Free disk where the outbox lies."""
        return shutil.disk_usage(self._folder).free

"""The lock that gives a data folder to one server at a time; the kernel lets it go when the process ends, however."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from opentrail.errors import OpenTrailError


class FolderInUse(OpenTrailError):
    """Another server uses this data folder."""


class ServerLock:
    """Held from `__enter__` to the end of the process or of the block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> "ServerLock":
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            owner = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise FolderInUse(
                f"{self._path.parent.parent} is in use by the server with process id {owner}; "
                "stop it, or choose another --data-dir"
            ) from taken
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

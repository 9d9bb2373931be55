"""One owner per follower: a lock file that the operating system releases when its holder dies."""

import fcntl
import os
from pathlib import Path


class Ownership:
    """The lock at `path`; held by at most one object of all processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Become the owner unless there is one; never waits."""
        if self._descriptor is not None:
            return True
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The file stays when the lock is gone: removing it would let two holders lock two files of one name.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another become the owner."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

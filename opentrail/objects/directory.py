"""Files of a local folder, or a single file, as an object store.

Symbolic links are followed, each folder is entered once however many ways lead to it, and only regular files are
ever opened: a pipe in a log folder must not make an import wait for ever.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from opentrail.objects.port import NoSuchLocation, ObjectInfo, ObjectReader, ObjectUnreadable
from opentrail.objects.sidecar import is_own_file


class DirectoryStore:
    """A folder with everything below it, or one file."""

    def __init__(self, place: Path) -> None:
        self._place = place.expanduser().resolve()
        if not self._place.exists():
            raise NoSuchLocation(f"There is no file or folder {self._place}.")

    @property
    def name(self) -> str:
        """`file://` and the absolute path, links resolved."""
        return f"file://{self._place}"

    @property
    def far(self) -> bool:
        """Files are near."""
        return False

    def list(self) -> Iterator[ObjectInfo]:
        """Every file, by folder and name; the key is the path below the folder, or the name of the single file."""
        if not self._place.is_dir():
            yield _info(str(self._place), self._place.name)
            return
        seen: set[tuple[int, int]] = set()
        waiting: list[tuple[str, str]] = [(str(self._place), "")]
        while waiting:
            path, key = waiting.pop()
            try:
                if not os.path.isdir(path):  # noqa: PTH112 -- paths stay text: a Path for each of a million files costs
                    yield _info(path, key)
                    continue
                status = os.stat(path)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                names = sorted(os.listdir(path), reverse=True)  # noqa: PTH208
            except OSError as error:
                yield ObjectInfo(key or ".", 0, "", fault=f"cannot be read: {error.strerror}")
                continue
            prefix = f"{key}/" if key else ""
            waiting.extend((f"{path}/{name}", prefix + name) for name in names if not is_own_file(name))

    def open(self, key: str) -> ObjectReader:
        """The file of that key, if it is (still) a regular file."""
        path = str(self._place / key) if self._place.is_dir() else str(self._place)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise ObjectUnreadable(f"cannot be opened: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ObjectUnreadable("is not a regular file")
        return _FileReader(descriptor)


class _FileReader:
    """One open file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, amount: int) -> bytes:
        try:
            return os.read(self._descriptor, amount)
        except OSError as error:
            raise ObjectUnreadable(f"cannot be read: {error.strerror}") from error

    def close(self) -> None:
        os.close(self._descriptor)


def _info(path: str, key: str) -> ObjectInfo:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return ObjectInfo(key, 0, "", fault=f"cannot be read: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return ObjectInfo(key, 0, "", fault="is not a regular file")
    return ObjectInfo(key, status.st_size, f"{status.st_size}-{status.st_mtime_ns}")

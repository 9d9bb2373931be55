"""A plain folder as a bucket: keys are paths below it, user metadata lies in sidecars (see objects/sidecar.py)."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from opentrail.objects.bucket import (
    AccessDenied,
    BucketFault,
    ListedObject,
    NoSuchBucket,
    NoSuchKey,
    OpenObject,
    Properties,
    StoredObject,
)
from opentrail.objects.sidecar import Sidecar, is_own_file, sidecar_name

FILE_SYSTEM_CODE = "InternalError"  # what S3 would call a disk that is full or broken

_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EISDIR})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class DirectoryBucket:
    """The folder `place`. A put object is on the disk, with its metadata and its name, when `put` returns."""

    def __init__(self, place: Path) -> None:
        self._place = place.expanduser().absolute()
        self._root = str(self._place)

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self._place.name

    @property
    def url(self) -> str:
        """`file://` and the absolute path."""
        return f"file://{self._place}"

    def put(self, key: str, body: bytes, properties: Properties) -> None:
        """Sidecar, then object: each written beside its place, fsynced and renamed; then the folder is fsynced."""
        path = self._path(key)
        folder, name = os.path.split(path)
        sidecar = Sidecar(properties.content_type, properties.content_encoding, dict(properties.metadata))
        self._ask_root()
        try:
            _make_folders(folder, self._root)
            _write(folder, sidecar_name(name), msgspec.json.encode(sidecar))
            _write(folder, name, body)
            _sync_folder(folder)
        except OSError as error:
            raise _fault(error, f"{self.url}/{key} cannot be written") from error

    def head(self, key: str) -> StoredObject | None:
        """What the file system and the sidecar say; None where there is no regular file."""
        try:
            opened = self.get(key)
        except NoSuchKey:
            return None
        opened.close()
        return opened.stored

    def get(self, key: str) -> OpenObject:
        """The file of that key, if it is a regular file; a pipe must make nobody wait."""
        path = self._path(key)
        try:
            file = open(path, "rb", buffering=0, opener=_open_at_once)  # noqa: SIM115 -- closed by the caller
        except OSError as error:
            raise _fault(error, f"{self.url}/{key} cannot be read") from error
        try:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NoSuchKey(f"{self.url}/{key} is not a regular file")
            sidecar = _sidecar_of(path)
        except BucketFault:
            file.close()
            raise
        except OSError as error:
            file.close()
            raise _fault(error, f"{self.url}/{key} cannot be read") from error
        return _OpenFile(_stored(key, status, sidecar), file)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[ListedObject]:
        """Regular files in order of their keys; folders that cannot hold what is asked for are not entered."""
        self._ask_root()
        yield from self._below("", os.fsencode(prefix), os.fsencode(start_after), frozenset())

    def _below(
        self, folder: str, prefix: bytes, after: bytes, above: frozenset[tuple[int, int]]
    ) -> Iterator[ListedObject]:
        try:
            status = os.stat(f"{self._root}/{folder}")  # noqa: PTH116 -- a Path for each of a million files costs
            if (status.st_dev, status.st_ino) in above:
                return  # a link that leads back up
            above |= {(status.st_dev, status.st_ino)}
            entries = sorted(_entries(f"{self._root}/{folder}"))
        except OSError as error:
            raise _fault(error, f"{self.url}/{folder} cannot be listed") from error
        for name, is_folder in entries:
            key = os.fsencode(folder) + name
            if is_folder:
                apart = not (key.startswith(prefix) or prefix.startswith(key))
                if not apart and (key > after or after.startswith(key)):
                    yield from self._below(os.fsdecode(key), prefix, after, above)
            elif key.startswith(prefix) and key > after:
                listed = self._listed(os.fsdecode(key))
                if listed is not None:
                    yield listed

    def _listed(self, key: str) -> ListedObject | None:
        """None for what is no regular file, or is gone meanwhile."""
        try:
            status = os.stat(f"{self._root}/{key}")  # noqa: PTH116
        except OSError as error:
            if error.errno in _MISSING or error.errno == errno.ELOOP:
                return None
            raise _fault(error, f"{self.url}/{key} cannot be read") from error
        return ListedObject(key, status.st_size, status.st_mtime_ns // 1000) if stat.S_ISREG(status.st_mode) else None

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The folders in the folder `prefix`, which is empty or ends in a slash."""
        self._ask_root()
        try:
            entries = sorted(_entries(f"{self._root}/{prefix}"))
        except OSError as error:
            if error.errno in _MISSING:
                return
            raise _fault(error, f"{self.url}/{prefix} cannot be listed") from error
        for name, is_folder in entries:
            if is_folder:
                yield prefix + os.fsdecode(name)

    def delete(self, key: str) -> None:
        """Object, then sidecar."""
        path = Path(self._path(key))
        try:
            path.unlink(missing_ok=True)
            path.with_name(sidecar_name(path.name)).unlink(missing_ok=True)
        except OSError as error:
            raise _fault(error, f"{self.url}/{key} cannot be deleted") from error

    def ask_acl(self) -> None:
        """Whether the folder is there and may be written."""
        self._ask_root()
        if not os.access(self._root, os.W_OK | os.X_OK):
            raise AccessDenied(f"{self.url} cannot be written")

    def _ask_root(self) -> None:
        if not self._place.is_dir():
            raise NoSuchBucket(f"There is no folder {self._root}")

    def _path(self, key: str) -> str:
        """Raises NoSuchKey for what would lead out of the folder or to a file of our own."""
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts) or is_own_file(parts[-1]):
            raise NoSuchKey(f"{key!r} cannot be the key of a file")
        return f"{self._root}/{key}"


class _OpenFile:
    """One open file."""

    def __init__(self, stored: StoredObject, file: BinaryIO) -> None:
        self.stored = stored
        self._file = file

    def read(self, amount: int, /) -> bytes:
        try:
            return self._file.read(amount)
        except OSError as error:
            raise _fault(error, f"{self.stored.key} cannot be read") from error

    def close(self) -> None:
        self._file.close()


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _entries(path: str) -> Iterator[tuple[bytes, bool]]:
    """Name and kind of what may be objects or folders of them; the name of a folder ends in a slash."""
    with os.scandir(path) as found:
        for entry in found:
            if _is_folder(entry):
                yield os.fsencode(entry.name) + b"/", True
            elif not is_own_file(entry.name):
                yield os.fsencode(entry.name), False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False  # a link that leads to itself leads to nothing
        raise


def _make_folders(folder: str, root: str) -> None:
    """Every missing folder from `root` down to `folder`; what holds a new one is fsynced."""
    missing = []
    while folder != root and not os.path.isdir(folder):  # noqa: PTH112
        missing.append(folder)
        folder = os.path.dirname(folder)  # noqa: PTH120
    for path in reversed(missing):
        Path(path).mkdir(exist_ok=True)
        _sync_folder(os.path.dirname(path))  # noqa: PTH120


def _write(folder: str, name: str, body: bytes) -> None:
    unfinished = Path(folder, f".{name}.{secrets.token_hex(8)}.writing")
    try:
        with unfinished.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(Path(folder, name))
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sidecar_of(path: str) -> Sidecar:
    """An empty one where there is none, or none that can be read: such an object has lost its metadata."""
    folder, name = os.path.split(path)
    try:
        return msgspec.json.decode(Path(folder, sidecar_name(name)).read_bytes(), type=Sidecar)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return Sidecar()


def _stored(key: str, status: os.stat_result, sidecar: Sidecar) -> StoredObject:
    return StoredObject(
        key=key,
        size=status.st_size,
        content_type=sidecar.content_type,
        content_encoding=sidecar.content_encoding,
        metadata=sidecar.metadata,
        modified_us=status.st_mtime_ns // 1000,
    )


def _fault(error: OSError, what: str) -> BucketFault:
    message = f"{what}: {error.strerror}"
    if error.errno in _MISSING:
        return NoSuchKey(message)
    if error.errno in _DENIED:
        return AccessDenied(message)
    return BucketFault(message, FILE_SYSTEM_CODE)

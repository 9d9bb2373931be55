"""The file that an index is kept in: named arrays, checksummed, read by mapping.

    offset 0    8 bytes   magic, b"OTINDEX1"
           8    4         length of the directory, little endian
          12    4         CRC-32 of the directory
          16              the directory, JSON: {"facts": {...}, "arrays": {name: [offset, bytes, dtype, crc32]}}
    then the arrays, each at a multiple of 64 bytes, dtypes little endian as numpy names them

The file is derived from its segment alone. It is written under another name and renamed, so it is whole or absent;
where it is absent, damaged or of another version, IndexUnusable says so and the index is built again.
"""

import mmap
import os
import struct
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from opentrail.segments.faults import IndexUnusable

MAGIC: Final = b"OTINDEX1"
_HEAD: Final = struct.Struct("<8sII")
_ALIGNMENT: Final = 64

Array = npt.NDArray[Any]


class _Directory(msgspec.Struct):
    facts: dict[str, Any]
    arrays: dict[str, tuple[int, int, str, int]]


def write_index_file(path: Path, facts: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Write the file under `path`, replacing what is there; its bytes are on disk on return."""
    placed = {name: (0, array.nbytes, array.dtype.str, _crc(array)) for name, array in arrays.items()}
    # Offsets are numbers of varying length inside the directory: reserve room for the longest, then place.
    room = _HEAD.size + len(_encode(facts, {name: (1 << 62, *rest[1:]) for name, rest in placed.items()}))
    offset = _aligned(room)
    for name, (_, size, kind, crc) in placed.items():
        placed[name] = (offset, size, kind, crc)
        offset = _aligned(offset + size)
    directory = _encode(facts, placed)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(_HEAD.pack(MAGIC, len(directory), isal_zlib.crc32(directory)) + directory)
            for name, array in arrays.items():
                file.write(b"\0" * (placed[name][0] - file.tell()))
                file.write(array.tobytes())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_index_file(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The facts and arrays of the file, verified; reading all of it, this also brings it into memory.

    Raises IndexUnusable. The arrays are views of the mapped file; it may be deleted while they are in use.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (OSError, ValueError) as error:
        raise IndexUnusable(f"{path.name}: cannot be read: {error}") from error
    try:
        directory = _read_directory(mapped)
        arrays = {name: _read_array(mapped, name, *entry) for name, entry in directory.arrays.items()}
    except (struct.error, msgspec.DecodeError, ValueError, TypeError) as error:
        raise IndexUnusable(f"{path.name}: {error}") from error
    return directory.facts, arrays


def _encode(facts: dict[str, Any], arrays: dict[str, tuple[int, int, str, int]]) -> bytes:
    return msgspec.json.encode(_Directory(facts, arrays))


def _read_directory(mapped: mmap.mmap) -> _Directory:
    magic, length, crc = _HEAD.unpack_from(mapped, 0)
    if magic != MAGIC:
        raise ValueError("not an index of this version")
    text = mapped[_HEAD.size : _HEAD.size + length]
    if isal_zlib.crc32(text) != crc:
        raise ValueError("the directory is damaged")
    return msgspec.json.decode(text, type=_Directory)


def _read_array(mapped: mmap.mmap, name: str, offset: int, size: int, kind: str, crc: int) -> Array:
    dtype = np.dtype(kind)
    array = np.frombuffer(mapped, dtype, size // dtype.itemsize, offset) if size else np.empty(0, dtype)
    if _crc(array) != crc:
        raise ValueError(f"the array {name} is damaged")
    return array


def _crc(array: Array) -> int:
    return int(isal_zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data)) if array.size else 0


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT

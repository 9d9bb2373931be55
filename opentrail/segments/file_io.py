"""Iceberg's files on a local disk, written so that they survive a crash of the machine.

pyiceberg's own file access leaves metadata in the operating system's cache while the catalog already names it; after
a power cut the catalog could point to an empty file. Here a file is on disk, name included, before its writer closes.

Iceberg writes absolute locations into its metadata. A data folder may be moved or mounted elsewhere all the same:
what a location says before the namespace's folder is not looked at, it is taken to be the tables folder of today.
"""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

SCHEME: Final = "file://"
TABLES_PROPERTY: Final = "opentrail.tables"  # the tables folder, handed to DurableFileIO by the catalog
NAMESPACE_PROPERTY: Final = "opentrail.namespace"  # the folder in it that holds the tables of the catalog


def path_of(location: str) -> Path:
    """The path that a location (`file:///...` or a bare path) names."""
    return Path(unquote(urlsplit(location).path)) if location.startswith(SCHEME) else Path(location)


def location_of(path: Path) -> str:
    """The location of a path; Iceberg writes it into its metadata."""
    return path.resolve().as_uri()


def file_properties(tables: Path, namespace: str) -> dict[str, str]:
    """What DurableFileIO has to be told."""
    return {TABLES_PROPERTY: str(tables.resolve()), NAMESPACE_PROPERTY: namespace}


class DurableFileIO(FileIO):
    """Local files; named in the catalog as `py-io-impl`."""

    def resolve(self, location: str) -> Path:
        """Where the file of a location is today."""
        tables, namespace = self.properties.get(TABLES_PROPERTY), self.properties.get(NAMESPACE_PROPERTY)
        _, found, inside = location.rpartition(f"/{namespace}/")
        if tables is None or namespace is None or not found:
            return path_of(location)
        return Path(str(tables)) / str(namespace) / unquote(inside)

    def new_input(self, location: str) -> InputFile:
        """A file to read."""
        return _Input(location, self.resolve(location))

    def new_output(self, location: str) -> OutputFile:
        """A file to write."""
        return _Output(location, self.resolve(location))

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete one file."""
        self.resolve(location if isinstance(location, str) else location.location).unlink()


class _Input(InputFile):
    def __init__(self, location: str, path: Path) -> None:
        super().__init__(location)
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def exists(self) -> bool:
        return self._path.exists()

    def open(self, seekable: bool = True) -> InputStream:
        del seekable
        return self._path.open("rb")


class _Output(OutputFile):
    def __init__(self, location: str, path: Path) -> None:
        super().__init__(location)
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def exists(self) -> bool:
        return self._path.exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._path)

    def create(self, overwrite: bool = False) -> OutputStream:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return _DurableStream(self._path, "wb" if overwrite else "xb")


class _DurableStream:
    """An output stream whose bytes and name are on disk when `close` returns."""

    def __init__(self, path: Path, mode: str) -> None:
        self._path = path
        self._file: Any = path.open(mode)

    def write(self, data: bytes) -> int:
        return int(self._file.write(data))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if self._file.closed:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __enter__(self) -> "_DurableStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

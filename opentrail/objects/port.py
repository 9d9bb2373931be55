"""The port to places that hold files: what a source of objects can do, and how it fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from opentrail.errors import ClientError, OpenTrailError, Unavailable


class NoSuchLocation(ClientError):
    """There is nothing at this location."""


class ObjectUnreadable(OpenTrailError):
    """This one object cannot be read; others of the same store may well be."""


class StoreUnavailable(Unavailable):
    """The store does not answer, or not to these credentials; no object can be read at the moment."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object of a listing.

    `key` is relative to the store's own place and may hold anything that a file name may, also surrogates for bytes
    that are no UTF-8. `size` in bytes as stored. `fingerprint` changes when the object is written anew.
    `fault` says why it cannot be opened at all (a pipe, a folder that may not be read), else None.
    """

    key: str
    size: int
    fingerprint: str
    fault: str | None = None


class ObjectReader(Protocol):
    """The stored bytes of one object, from front to back."""

    def read(self, amount: int, /) -> bytes:
        """At most `amount` bytes, at least one unless the object ends. Raises ObjectUnreadable, StoreUnavailable."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection; the rest is not read."""
        ...


class Openable(Protocol):
    """Where objects can be opened by their keys."""

    @property
    def far(self) -> bool:
        """Whether opening an object takes a network's time, so that fetching ahead pays."""
        ...

    def open(self, key: str) -> ObjectReader:
        """The object of that key, as it is stored. Raises ObjectUnreadable, StoreUnavailable."""
        ...


class ObjectStore(Openable, Protocol):
    """A place that holds objects, to be read."""

    @property
    def name(self) -> str:
        """The place itself, the same text whenever the same place is meant."""
        ...

    def list(self) -> Iterator[ObjectInfo]:
        """Every object below the place, always in the same order. Raises NoSuchLocation, StoreUnavailable."""
        ...


def printable_key(key: str) -> str:
    """`key` as text that every database and file takes: bytes that are no UTF-8 become `\\xNN`."""
    return key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

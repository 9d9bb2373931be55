"""A follower of the worker as a thread, and beside it what watches something for it."""

import threading
from collections.abc import Callable

Run = Callable[[threading.Event], None]  # until the event is set


class Following:
    """Threads that run until they are stopped; the first is the follower's."""

    def __init__(self, **runs: Run) -> None:
        """`runs`: what each thread does, by its name."""
        self._runs = runs
        self._threads: list[threading.Thread] = []

    def start(self, stop: threading.Event) -> None:
        """Run until `stop` is set."""
        self._threads = [threading.Thread(target=run, args=(stop,), name=name) for name, run in self._runs.items()]
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether the follower's thread is there."""
        return bool(self._threads) and self._threads[0].is_alive()

    def join(self, seconds: float) -> None:
        """Wait for the end of each thread, at most so long."""
        for thread in self._threads:
            thread.join(seconds)

"""Noticing that another connection, of whatever process, has written to the catalog."""

import threading

from sqlalchemy import Engine

from opentrail.clock import Clock


class CatalogChanges:
    """Asked before something remembered is used again. Safe from any thread; to be closed."""

    def __init__(self, engine: Engine, clock: Clock, every_seconds: float) -> None:
        """`every_seconds`: what was written is noticed so much later at most."""
        self._reading = engine.raw_connection()  # no transaction ever begins on it
        self._clock = clock
        self._every = every_seconds
        self._looked_at = float("-inf")
        self._seen = -1
        self._lock = threading.Lock()

    def any(self, *, at_once: bool = False) -> bool:
        """Whether anything was written since the last time that this said so; looks every so often, or `at_once`."""
        with self._lock:
            now = self._clock.monotonic()
            if not at_once and now - self._looked_at < self._every:
                return False
            self._looked_at = now
            cursor = self._reading.cursor()
            version = cursor.execute("PRAGMA data_version").fetchone()[0]
            cursor.close()
            changed = version != self._seen
            self._seen = version
            return bool(changed)

    def close(self) -> None:
        """Let go of the catalog."""
        self._reading.close()

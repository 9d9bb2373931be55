"""Answers out of the catalog that are asked for with every call: kept until anything in the catalog is written.

SQLite's `PRAGMA data_version` tells a connection of its own, in microseconds, whether another one, of whatever process,
has committed since; so a change holds for the next call, as if nothing were remembered.
"""

import functools
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine

_Answer = TypeVar("_Answer")
_MOST = 4096  # answers; what is asked about is named by callers


class Remembered:
    """Remembers answers of questions with one text. Safe from any thread; open as long as the engine is."""

    def __init__(self, engine: Engine) -> None:
        self._path = str(engine.url.database)
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._answers: dict[tuple[int, str], Any] = {}
        self._questions = 0
        self._lock = threading.Lock()

    def __call__(self, ask: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
        """`ask`, which is only asked where the answer is not known or may have changed."""
        self._questions += 1
        number = self._questions

        @functools.wraps(ask)
        def remembering(text: str) -> _Answer:
            with self._lock:
                self._forget_what_changed()
                answers, known = self._answers, (number, text) in self._answers
                if known:
                    found: _Answer = answers[number, text]
                    return found
            answer = ask(text)
            # kept with the answers of the version that was seen before it was asked: never for longer than it holds
            answers[number, text] = answer
            return answer

        return remembering

    def _forget_what_changed(self) -> None:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or len(self._answers) >= _MOST:
            self._version, self._answers = version, {}

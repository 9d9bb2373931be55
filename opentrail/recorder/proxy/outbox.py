"""Writes that belong together go out together: each system call costs more than all that we do to the bytes.

While a connection is fed with what it has received, whatever is written to any connection waits; when all of it is
parsed, each connection writes once.
"""

from typing import Protocol


class Writing(Protocol):
    """A connection with bytes that wait."""

    def flush(self) -> None:
        """Write them."""
        ...


class Outbox:
    """One for each event loop."""

    __slots__ = ("_waiting", "holding")

    def __init__(self) -> None:
        self.holding = False
        self._waiting: list[Writing] = []

    def post(self, connection: Writing) -> None:
        """`connection` has bytes that wait."""
        self._waiting.append(connection)

    def send(self) -> None:
        """Hold nothing back any longer."""
        self.holding = False
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for connection in waiting:
                connection.flush()

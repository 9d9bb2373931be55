"""What a follower of the journal is."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from opentrail.journal import Batch


class Follower(Protocol):
    """Something that handles every event of the origins it wants, at least once, in order.

    The runner reads from `position()` at the start and after every failure, and from where it was otherwise: after an
    exception a follower is handed again what it has not made durable, and forgets or recognises what it holds of it.
    """

    @property
    def name(self) -> str:
        """Its name in the journal; one owner at a time among all processes."""
        ...

    def wants(self, origin: str) -> bool:
        """Whether events of this origin concern it; the answer for an origin never changes."""
        ...

    def position(self) -> int:
        """Everything up to here is handled and durable on the follower's side. Costs little."""
        ...

    def handle(self, batches: Sequence[Batch], through: int) -> None:
        """Take `batches`; all that it wants up to position `through` has now been handed over.

        `batches` may be empty (only unwanted ones came), may begin before `position() + 1`, and may come again: the
        effect must be the same. It need not be durable on return; `position()` says what is.
        """
        ...

    def tick(self) -> None:
        """Called between batches and several times a second when idle: steps of its own in the background."""
        ...


@runtime_checkable
class FlushingFollower(Follower, Protocol):
    """A follower that holds back what it has handled and can be told to make it durable now."""

    def flush(self) -> None:
        """Make durable all that was handled; `position()` says so afterwards."""
        ...

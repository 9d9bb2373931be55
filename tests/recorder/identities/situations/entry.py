"""How an entry gets into the table."""

from collections.abc import Callable
from typing import Any

from tests.recorder.identities.world import Signer, World

Found = tuple[Signer, dict[str, Any]]
Situation = Callable[[World], Found]
Table = dict[str, Situation]


def entries(table: Table) -> Callable[[str], Callable[[Situation], Situation]]:
    """A decorator that enters a situation under its name."""

    def situation(name: str) -> Callable[[Situation], Situation]:
        def enter(made: Situation) -> Situation:
            assert name not in table
            table[name] = made
            return made

        return enter

    return situation

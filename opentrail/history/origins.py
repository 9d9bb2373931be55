"""Which events of the journal concern history, and which of them the hot tail."""

from typing import Final

LIVE: Final = "live"
IMPORT: Final = "import"
CHANNEL: Final = "channel:"


def reaches_history(origin: str) -> bool:
    """Live events, imports into history and what channels bring; imports into a store (`import:STORE`) do not."""
    return origin in (LIVE, IMPORT) or origin.startswith(CHANNEL)


def reaches_tail(origin: str) -> bool:
    """What must be visible at once. Imports wait for a commit: the doors would have to read everything twice."""
    return origin == LIVE or origin.startswith(CHANNEL)

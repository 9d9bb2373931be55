"""Which events of the journal concern history, and which of them the hot tail: none that come by a channel."""

from typing import Final

LIVE: Final = "live"
IMPORT: Final = "import"


def reaches_history(origin: str) -> bool:
    """Live events and imports into history; not what goes into event data stores: `import:STORE`, `channel:ID`."""
    return origin in (LIVE, IMPORT)


def reaches_tail(origin: str) -> bool:
    """What must be visible at once. Imports wait for a commit: the doors would have to read everything twice."""
    return origin == LIVE

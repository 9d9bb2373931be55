"""The keys of a data folder as its processes get them: with a key ring, or of a folder that never had one.

A folder that `opentrail init` made has a key ring, and its events are sealed. A folder without one (the sandbox's, and
those older than key rings) keeps its root key as it is in `secrets/master.key`, and its events are not sealed.
"""

from dataclasses import dataclass, field
from pathlib import Path

from opentrail.accounts import master_key
from opentrail.accounts.data_keys import DataKeys
from opentrail.accounts.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class FolderKeys:
    """`root`: secrets of the catalog are sealed by keys derived from it. `sealer`: of the bytes of events, or None."""

    root: bytes = field(repr=False)
    sealer: DataKeys | None = field(default=None, repr=False)


def open_folder_keys(secrets: Path) -> FolderKeys:
    """The keys in the folder `secrets`, made where there are none; on disk on return.

    Raises MasterKeyUnreadable, MasterKeyWrong, KeyRingUnreadable.
    """
    ring = KeyRing.open(secrets)
    if ring is None:
        return FolderKeys(master_key.load_or_make(secrets / master_key.FILE_NAME))
    return FolderKeys(ring.root, ring.sealer)


def sealer_of(secrets: Path) -> DataKeys | None:
    """What seals the events of a folder; None where nothing does. Makes nothing. Raises as `open_folder_keys`."""
    ring = KeyRing.open(secrets)
    return ring.sealer if ring is not None else None

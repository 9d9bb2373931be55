"""The identity of an event, (account, region, eventID), as 128 bits.

16 bytes of BLAKE2b: two events that differ have different keys for every practical purpose, also where an attacker
chooses the event IDs. Indexes keep the first 64 bits, and who asks them verifies each hit on the record.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

KEY_BYTES: Final = 16


def event_key(account: str, region: str, event_id: str) -> bytes:
    """The key of one event."""
    return hashlib.blake2b(f"{account}\0{region}\0{event_id}".encode(), digest_size=KEY_BYTES).digest()


def event_keys(accounts: Iterable[str], regions: Iterable[str], event_ids: Iterable[str]) -> list[bytes]:
    """The keys of many events."""
    blake2b = hashlib.blake2b
    return [
        blake2b(f"{account}\0{region}\0{event_id}".encode(), digest_size=KEY_BYTES).digest()
        for account, region, event_id in zip(accounts, regions, event_ids, strict=True)
    ]


def short_keys(keys: Iterable[bytes]) -> npt.NDArray[np.uint64]:
    """The first 64 bits of each key, as the indexes keep them."""
    return np.frombuffer(b"".join(keys), np.dtype("<u8"))[::2]

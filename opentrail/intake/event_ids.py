"""Event IDs: random UUIDs, whose randomness is fetched from the operating system a block at a time."""

import os
import threading

_BLOCK_BYTES = 4096
_ID_BYTES = 16


class _Randomness(threading.local):
    """Each thread has its own block: asking the system for 16 bytes costs more than all else about an ID."""

    def __init__(self) -> None:
        self.block = b""
        self.used = 0


_randomness = _Randomness()


def new_event_id() -> str:
    """A version-4 UUID in its usual form; unpredictable."""
    start = _randomness.used
    block = _randomness.block
    if start >= len(block):
        block = _randomness.block = os.urandom(_BLOCK_BYTES)
        start = 0
    _randomness.used = start + _ID_BYTES
    text = block[start : start + _ID_BYTES].hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def _forget() -> None:
    _randomness.block = b""
    _randomness.used = 0


# A forked child must not give out what its parent gives out.
os.register_at_fork(after_in_child=_forget)

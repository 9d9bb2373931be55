"""One import at a time in a data folder: deduplication looks at what is there, and then adds to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from opentrail.followers.ownership import Ownership

RETRY_SECONDS = 0.2


@contextmanager
def import_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at `path` for the block; `on_wait` is called once if another import holds it.

    The operating system releases it when its holder dies.
    """
    ownership = Ownership(path)
    if not ownership.take():
        on_wait()
        pause = Event()
        while not ownership.take():
            pause.wait(RETRY_SECONDS)
    try:
        yield
    finally:
        ownership.release()

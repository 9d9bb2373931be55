"""Named moments in the work of the lake's follower at which a process kills itself, as `kill -9` would."""

import inspect
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentrail.lake import follower, upkeep
from opentrail.segments.committing import CommitterCatalog
from opentrail.segments.sweep import Sweeper
from opentrail.segments.table import EventTable

SAID = "said: "  # what begins so on standard output is no log

_during: set[str] = set()  # what is being done

# Each: the owner and the name of what is called, what must be under way (or nothing), and whether to die before it.
_STAGES: dict[str, tuple[object, str, str, bool]] = {
    "commit: rows in a file, nothing committed": (follower, "write_new", "", False),
    "commit: metadata written, the catalog as before": (CommitterCatalog, "_write_metadata", "append", False),
    "commit: done, nobody told": (EventTable, "append", "", False),
    "compaction: files merged, nothing committed": (upkeep, "merge", "_compact", False),
    "compaction: metadata written, the catalog as before": (CommitterCatalog, "_write_metadata", "_compact", False),
    "compaction: done, its files not swept": (EventTable, "replace", "_compact", False),
    "retention: files found, nothing dropped": (EventTable, "drop", "_retain", True),
    "retention: files dropped, not swept": (EventTable, "drop", "_retain", False),
    "retention: file written again, nothing committed": (upkeep, "merge", "_retain", False),
    "retention: file replaced, not swept": (EventTable, "replace", "_retain", False),
    "snapshots expired, not swept": (EventTable, "expire_snapshots", "", False),
    "sweep: the first file gone": (Path, "unlink", "sweep", False),
}
STAGES = tuple(_STAGES)
IDLE = ("sweep: the first file gone",)  # what comes only when there is nothing to merge
RETENTION = tuple(stage for stage in STAGES if stage.startswith("retention"))


def die_at(stage: str) -> None:
    """Let this process kill itself when it comes to `stage`; it says so on its standard output."""
    for owner, name in (
        (upkeep.TableUpkeep, "_compact"),
        (upkeep.TableUpkeep, "_retain"),
        (EventTable, "append"),
        (Sweeper, "sweep"),
    ):
        _wrap(owner, name, _noting(name))
    owner, name, within, before = _STAGES[stage]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            if within and within not in _during:
                return call(*arguments, **options)
            if before:
                _die(stage)
            result = call(*arguments, **options)
            if result is None or not isinstance(result, bool) or result:
                _die(stage)
            return result

        return called

    _wrap(owner, name, dying)


def _die(stage: str) -> None:
    print(f"{SAID}{stage}", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def _noting(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    @contextmanager
    def noted() -> Iterator[None]:
        _during.add(name)
        try:
            yield
        finally:
            _during.discard(name)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            with noted():
                return call(*arguments, **options)

        return called

    return around


def _wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    found = inspect.getattr_static(owner, name)
    if isinstance(found, staticmethod):
        setattr(owner, name, staticmethod(around(found.__func__)))
    else:
        setattr(owner, name, around(found))

"""How long the history was kept until now: a start that would keep it for a shorter time must say that it means to.

A file in the data folder holds the longest retention that the server ran with. Settings that ask for less are refused,
because the events between would be gone for good with the next hour; `--allow-shorter-retention` lets them through,
and an event tells of it.
"""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from opentrail.errors import OpenTrailError
from opentrail.record.service_event import service_event

FILE_NAME: Final = "retention.json"


class RetentionShortened(OpenTrailError):
    """The settings would keep events for a shorter time than before."""


class _Kept(msgspec.Struct, frozen=True):
    history_days: int


def keep_retention(folder: Path, history_days: int, *, may_shorten: bool) -> int | None:
    """Note that the history is kept for `history_days` from now on; how long it was before, where that was longer.

    Durable on return. Raises RetentionShortened, unless `may_shorten`.
    """
    path = folder / FILE_NAME
    before = _read(path)
    if before is not None and history_days < before and not may_shorten:
        raise RetentionShortened(
            f"[history] retention_days is {history_days}, and was {before}: events older than that would be deleted. "
            "Start once with --allow-shorter-retention if this is meant"
        )
    if before != history_days:
        _write(path, history_days)
    return before if before is not None and history_days < before else None


def shortened_event(before_days: int, now_days: int, account: str, region: str) -> dict[str, Any]:
    """The fields of the event that tells of a shorter retention."""
    details = {"retentionDaysBefore": before_days, "retentionDays": now_days}
    return service_event("HistoryRetentionShortened", account, region, details)


def _read(path: Path) -> int | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept).history_days
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as unreadable:
        raise RetentionShortened(
            f"{path} cannot be read: {unreadable}; it says how long events are kept"
        ) from unreadable


def _write(path: Path, history_days: int) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(_Kept(history_days)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

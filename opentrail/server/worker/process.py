"""The second process: the followers of the journal, and the journal's own retention.

Kept apart from the doors so that gzip, Parquet and compaction never hold up a call. It only reads the journal; history
writes its table, the lake those of event data stores, trails their outbox. Killed at any moment, each goes on at the
next start from what it made durable; none waits for another.
"""

import os
import sqlite3
import sys
from pathlib import Path

import msgspec

from opentrail import limits
from opentrail.accounts.folder_keys import open_folder_keys
from opentrail.clock import MICROSECONDS, SystemClock
from opentrail.errors import OpenTrailError
from opentrail.followers import Runner
from opentrail.history.follower import HistoryFollower
from opentrail.history.settings import HistorySettings
from opentrail.journal import Journal
from opentrail.server.data_folder import DataFolder
from opentrail.server.processes.ending import end_process
from opentrail.server.processes.open_files import raise_open_files_limit
from opentrail.server.processes.stopping import stop_event
from opentrail.server.rooms.stores import key_check_of
from opentrail.server.settings import Delivery, History, Lake
from opentrail.server.settings import Journal as JournalSettings
from opentrail.server.worker.delivering import SECRET_VARIABLE, Delivering
from opentrail.server.worker.following import Following
from opentrail.server.worker.importing import Importing
from opentrail.server.worker.lake_writing import LakeWriting
from opentrail.telemetry import configure_logging, logger
from opentrail.trusted_clock import TrustedClock

log = logger("server")

TRIM_EVERY_SECONDS = 60.0
STOP_SECONDS = 8.0
HISTORY_LOCK = "history.lock"


class WorkerSettings(msgspec.Struct, frozen=True):
    """What the worker needs of the server's settings; holds no secrets, since it travels on the command line."""

    data_dir: str
    history: History
    journal: JournalSettings
    delivery: Delivery
    lake: Lake
    regions: tuple[str, ...]
    members: tuple[str, ...]  # accounts of the organization
    own_endpoint: str
    log_json: bool = False


def worker_command(settings: WorkerSettings) -> list[str]:
    """The command that runs this process."""
    return [sys.executable, "-m", "opentrail.server.worker.process", msgspec.json.encode(settings).decode()]


def history_settings(history: History) -> HistorySettings:
    """The history's own settings value."""
    return HistorySettings(commit_interval_s=history.commit_interval_seconds, retention_days=history.retention_days)


def trim_journal(journal: Journal, keep_after_us: int) -> None:
    """Trim once. What fails now (a full disk, a lock held too long) is tried again in a while: it ends nothing."""
    try:
        removed = journal.trim(keep_after_us)
    except (OpenTrailError, sqlite3.Error) as error:
        log.error("journal not trimmed", action="journal-trim", error=str(error))
        return
    if removed:
        log.info("journal trimmed", action="journal-trimmed", events=removed)


def run(settings: WorkerSettings) -> None:
    """Drive the followers until SIGTERM."""
    configure_logging(json_lines=settings.log_json)
    raise_open_files_limit()
    stop = stop_event()
    clock = SystemClock()
    folder = DataFolder(Path(settings.data_dir))
    keys = open_folder_keys(folder.secrets)
    journal = Journal.open(folder.journal, clock, sealer=keys.sealer)
    retention = TrustedClock(clock, folder.trusted_clock)
    follower = HistoryFollower(folder.tables, clock, history_settings(settings.history), retention)
    history = Following(history=Runner(journal, follower, folder.locks / HISTORY_LOCK, clock).run)
    delivering = Delivering(
        folder,
        keys,
        journal,
        clock,
        settings.delivery,
        settings.regions,
        settings.members,
        settings.own_endpoint,
        os.environ.get(SECRET_VARIABLE, ""),
        retention,
    )
    check_key = key_check_of(delivering.calls)
    lake = LakeWriting(folder, journal, clock, settings.lake, settings.regions, check_key, retention)
    followings = (history, delivering.following, lake.following)
    for following in followings:
        following.start(stop)
    importing = Importing(
        folder, delivering.engine, settings.delivery, settings.own_endpoint, log_json=settings.log_json
    )
    keep_us = int(settings.journal.keep_hours * 3600 * MICROSECONDS)
    trim_at = clock.monotonic() + TRIM_EVERY_SECONDS
    while not stop.wait(limits.IMPORT_LOOK_SECONDS) and all(following.running for following in followings):
        importing.look()
        if clock.monotonic() >= trim_at:
            trim_journal(journal, retention.now_us() - keep_us)
            trim_at = clock.monotonic() + TRIM_EVERY_SECONDS
    stop.set()
    importing.close()
    history.join(STOP_SECONDS)
    delivering.close(STOP_SECONDS)
    lake.close(STOP_SECONDS)
    journal.close()


if __name__ == "__main__":
    run(msgspec.json.decode(sys.argv[1], type=WorkerSettings))
    end_process()

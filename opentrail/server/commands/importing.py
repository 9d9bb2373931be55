"""`opentrail import`: CloudTrail log files of any age into the event history."""

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from opentrail.accounts.folder_keys import sealer_of
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.followers import Runner
from opentrail.followers.ownership import Ownership
from opentrail.history.follower import HistoryFollower
from opentrail.history.import_counts import ImportCounts
from opentrail.history.import_ledger import ImportLedger, SetAsideRecord
from opentrail.history.import_lock import import_lock
from opentrail.history.importing import Import
from opentrail.history.seen import Seen
from opentrail.history.settings import HistorySettings
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.objects.location import open_location
from opentrail.objects.port import ObjectStore
from opentrail.server.commands.import_progress import Progress, progress_for
from opentrail.server.commands.terminal import visible
from opentrail.server.data_folder import DataFolder
from opentrail.server.worker.process import HISTORY_LOCK

IMPORT_LOCK = "import.lock"
SET_ASIDE_SHOWN = 20
# An importer that drives the history's follower must not delete by a retention that it does not know.
KEEP_ALL_DAYS = 36_500


def import_command(
    source: Annotated[str, typer.Argument(metavar="PATH-OR-S3-URL", help="A file, a folder, or s3://bucket/prefix.")],
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="S3 endpoint, where it is not AWS's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print counts and what was set aside as JSON.")] = False,
    set_aside_report: Annotated[
        Path | None, typer.Option(help="Write what was set aside to this file, one JSON object a line.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the events can be looked up.")] = True,
) -> None:
    """Read CloudTrail log files into the event history, each event once.

    Log files, history downloads, answers of LookupEvents, EventBridge's events, what CloudWatch Logs gave out and JSON
    lines are taken, packed or not. Broken off, the same command goes on where it was. Records that cannot be read are
    set aside with their file, index and reason.
    """
    clock = SystemClock()
    store = open_location(source, endpoint_url)
    folder = DataFolder.resolve(data_dir)
    folder.create()
    ledger = ImportLedger(open_catalog(folder.catalog), store.name, clock)
    started = time.monotonic()
    with (
        Journal.open(folder.journal, clock, sealer=sealer_of(folder.secrets)) as journal,
        progress_for(sys.stderr) as progress,
    ):
        with import_lock(folder.locks / IMPORT_LOCK, progress.waiting_for_other):
            try:
                progress.expect(store)
                counts, last_position = _run(store, folder, journal, ledger, progress)
            except KeyboardInterrupt:
                progress.say("Interrupted; the same command goes on where this one was.")
                raise typer.Exit(130) from None
        seconds = time.monotonic() - started
        if wait:
            _wait_for_history(folder, journal, last_position, progress)
    if set_aside_report is not None:
        with set_aside_report.open("wb") as report:
            for record in ledger.set_aside():
                report.write(msgspec.json.encode(_as_json(record)) + b"\n")
    if as_json:
        typer.echo(msgspec.json.encode(_summary(store, counts, seconds, ledger.set_aside())).decode())
    else:
        _print(store, counts, seconds, ledger.set_aside())


def _run(
    store: ObjectStore, folder: DataFolder, journal: Journal, ledger: ImportLedger, progress: Progress
) -> tuple[ImportCounts, int]:
    """The counts, and the position of the last event that the import appended, 0 if it appended none."""
    intake = Intake(journal, SystemClock())
    seen = Seen(folder.tables, journal)
    try:
        run = Import(store, journal, intake, seen, ledger, progress.file_done)
        return run.run(), run.last_position
    finally:
        seen.close()
        intake.close()


def _wait_for_history(folder: DataFolder, journal: Journal, position: int, progress: Progress) -> None:
    """Until the history's table holds everything up to `position`; drives its follower if no process does.

    With `position` 0 there is nothing to wait for, but what others left in the journal is taken along.
    """
    clock = SystemClock()
    lock = folder.locks / HISTORY_LOCK
    if not position:
        ownership = Ownership(lock)
        if not ownership.take():
            return
        ownership.release()
        position = journal.head()
    follower = HistoryFollower(folder.tables, clock, HistorySettings(retention_days=KEEP_ALL_DAYS))
    with progress.indexing(lambda: journal.position(follower.name), position):
        try:
            Runner(journal, follower, lock, clock).run_until(position)
        except KeyboardInterrupt:
            progress.say("Interrupted; the events are safe, and the next server or import makes them visible.")
            raise typer.Exit(130) from None
        finally:
            follower.close()


def _as_json(record: SetAsideRecord) -> dict[str, Any]:
    return {"file": record.key, "index": record.index, "reason": record.reason}


def _summary(
    store: ObjectStore, counts: ImportCounts, seconds: float, set_aside: Iterator[SetAsideRecord]
) -> dict[str, Any]:
    return {
        "source": visible(store.name),
        **asdict(counts),
        "seconds": round(seconds, 3),
        "set_aside_records": [_as_json(record) for record in set_aside],
    }


def _print(store: ObjectStore, counts: ImportCounts, seconds: float, set_aside: Iterator[SetAsideRecord]) -> None:
    typer.echo(f"Imported {visible(store.name)} in {seconds:.1f} s")
    typer.echo(
        f"  records  {counts.records_in:,} in = {counts.kept:,} kept + {counts.duplicates:,} duplicates "
        f"+ {counts.set_aside:,} set aside"
    )
    files = f"  files    {counts.files_read:,} read, {counts.files_passed_over:,} passed over"
    if counts.files_before:
        files += f", {counts.files_before:,} done before"
    if counts.files_set_aside:
        files += f", {counts.files_set_aside:,} set aside in whole or in part"
    typer.echo(files)
    groups = groupby(set_aside, key=lambda record: (record.key, record.reason, record.index is None))
    more = 0
    for number, ((key, reason, _), found) in enumerate(groups):
        if number >= SET_ASIDE_SHOWN:
            more += sum(1 for _ in found)
            continue
        if number == 0:
            typer.echo("Set aside:")
        typer.echo(f"  {visible(key)}, {_place([record.index for record in found])}: {visible(reason)}")
    if more:
        typer.echo(f"  and {more:,} more: all of them with --json or --set-aside-report FILE")


def _place(indexes: list[int | None]) -> str:
    """Where in their file some records stand that were set aside for one reason."""
    if indexes[0] is None:
        return "file"
    if len(indexes) == 1:
        return f"record {indexes[0]}"
    return f"{len(indexes):,} records from {indexes[0]} to {indexes[-1]}"

"""`opentrail check`: proves a data folder whole, or names what is not."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from opentrail.accounts.folder_keys import sealer_of
from opentrail.catalog.bucket_protection import BucketProtection, BucketProtections
from opentrail.catalog.database import FILE_NAME, open_catalog
from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.history.check import check as check_history
from opentrail.journal import Journal, Sealer
from opentrail.journal.check import check as check_journal
from opentrail.lake.check import LakeCheck, LakeFindings
from opentrail.record.times import format_event_time
from opentrail.server.data_folder import DataFolder
from opentrail.trails.check import Findings
from opentrail.trails.check import check as check_delivery


class NothingThere(OpenTrailError):
    """The data folder holds no data."""


def check_command(
    data_dir: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check journal, tables and outbox as they are now, beside a running server or without one; exit 1 on problems."""
    folder = DataFolder.resolve(data_dir)
    if not folder.exists():
        raise NothingThere(f"{folder.root} holds no OpenTrail data; name another with --data-dir")
    sealer = sealer_of(folder.secrets)
    journal = check_journal(folder.journal, sealer)
    history = check_history(folder.tables, folder.journal, sealer)
    delivery, buckets = _delivery(folder, sealer)
    warnings = [text for bucket in buckets for text in bucket.warnings]
    lake = _lake(folder, sealer)
    parts = {
        "journal": journal.problems,
        "history": history.problems,
        "lake": lake.problems,
        "delivery": delivery.problems,
    }
    problems = [f"{part}: {text}" for part, texts in parts.items() for text in texts]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "whole": not problems,
                    "journal": {
                        "batches": journal.batches,
                        "events": journal.events,
                        "head": journal.head,
                        "trimmedThrough": journal.trimmed_through,
                        "intents": journal.intents,
                    },
                    "history": {"files": history.files, "events": history.rows, "position": history.position},
                    "lake": {"stores": lake.stores, "files": lake.files, "events": lake.rows},
                    "delivery": {"waiting": delivery.waiting},
                    "problems": problems,
                    "buckets": [_bucket(bucket) for bucket in buckets],
                    "warnings": warnings,
                }
            )
        )
    else:
        typer.echo(f"journal: {journal.events} events in {journal.batches} batches, head {journal.head}")
        typer.echo(f"history: {history.rows} events in {history.files} files, position {history.position}")
        typer.echo(f"lake: {lake.rows} events in {lake.files} files of {lake.stores} stores")
        typer.echo(f"delivery: {delivery.waiting} files wait")
        for warning in warnings:
            typer.echo(f"WARNING {warning}", err=True)
        for problem in problems:
            typer.echo(f"PROBLEM {problem}", err=True)
        typer.echo("the folder is whole" if not problems else f"{len(problems)} problems", err=bool(problems))
    if problems:
        raise typer.Exit(1)


def _bucket(found: BucketProtection) -> dict[str, Any]:
    return {
        "account": found.account,
        "bucket": found.bucket,
        "lookedAt": format_event_time(found.looked_at_us),
        "versioning": found.versioning,
        "mfaDelete": found.mfa_delete,
        "objectLock": found.object_lock,
        "fault": found.fault,
    }


def _lake(folder: DataFolder, sealer: Sealer | None) -> LakeFindings:
    """The tables of event data stores; nothing where no server ever ran."""
    if not (folder.catalog / FILE_NAME).exists():
        return LakeFindings()
    engine = open_catalog(folder.catalog)
    clock = SystemClock()
    try:
        with Journal.open(folder.journal, clock, read_only=True, sealer=sealer) as journal:
            return LakeCheck(engine, folder.tables, journal, clock).run()
    except OpenTrailError as error:
        return LakeFindings(problems=[error.message])
    finally:
        engine.dispose()


def _delivery(folder: DataFolder, sealer: Sealer | None) -> tuple[Findings, list[BucketProtection]]:
    """What waits to be delivered, and how its buckets are protected; nothing where no server ever ran."""
    if not (folder.catalog / FILE_NAME).exists():
        return Findings(), []
    engine = open_catalog(folder.catalog)
    try:
        return check_delivery(engine, folder.outbox, sealer), BucketProtections(engine).all()
    finally:
        engine.dispose()

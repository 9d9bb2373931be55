"""`opentrail check`: proves a data folder whole, or names what is not."""

import json
from pathlib import Path
from typing import Annotated

import typer

from opentrail.errors import OpenTrailError
from opentrail.history.check import check as check_history
from opentrail.journal.check import check as check_journal
from opentrail.server.data_folder import DataFolder


class NothingThere(OpenTrailError):
    """The data folder holds no data."""


def check_command(
    data_dir: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check journal and tables as they are now, beside a running server or without one; exit 1 on problems."""
    folder = DataFolder.resolve(data_dir)
    if not folder.exists():
        raise NothingThere(f"{folder.root} holds no OpenTrail data; name another with --data-dir")
    journal = check_journal(folder.journal)
    history = check_history(folder.tables, folder.journal)
    problems = [*(f"journal: {text}" for text in journal.problems), *(f"history: {text}" for text in history.problems)]
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
                    "problems": problems,
                }
            )
        )
    else:
        typer.echo(f"journal: {journal.events} events in {journal.batches} batches, head {journal.head}")
        typer.echo(f"history: {history.rows} events in {history.files} files, position {history.position}")
        for problem in problems:
            typer.echo(f"PROBLEM {problem}", err=True)
        typer.echo("the folder is whole" if not problems else f"{len(problems)} problems", err=bool(problems))
    if problems:
        raise typer.Exit(1)

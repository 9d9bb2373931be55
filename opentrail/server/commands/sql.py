"""`opentrail sql`: CloudTrail Lake's SQL straight over a folder or a bucket of log files, without a server."""

import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TextIO

import pyarrow.parquet as pq
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from opentrail.clock import SystemClock
from opentrail.errors import ClientError
from opentrail.lake.engine import Answer, Engine
from opentrail.lake.engine import Table as LakeTable
from opentrail.lake.log_files import load_log_files
from opentrail.objects.location import open_location
from opentrail.server.commands.terminal import visible

Format = Literal["table", "json", "csv", "parquet"]
TABLE_ROWS = 1000  # more are for files, not for eyes


class NoPlaceForParquet(ClientError):
    """Parquet is written to a file: say which with --output."""


def sql_command(
    statement: Annotated[str, typer.Argument(help="A SELECT; `-` reads it from standard input.")],
    source: Annotated[str, typer.Option("--from", help="Folder, file, or s3://bucket/prefix of log files.")],
    endpoint_url: Annotated[str | None, typer.Option(help="S3 endpoint, if it is not AWS's.")] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the answer.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """Ask log files in CloudTrail Lake's SQL (Trino's).

    Table `events` has the columns of an event data store, `cloudtrail_logs` those of Athena's published table.
    """
    text = sys.stdin.read() if statement == "-" else statement
    if output_format == "parquet" and output is None:
        raise NoPlaceForParquet
    with tempfile.TemporaryDirectory(prefix="opentrail-sql-") as folder:
        engine = Engine(_loaded(source, endpoint_url, Path(folder)), SystemClock())
        try:
            _write(engine.prepare(text), output_format, output)
        finally:
            engine.close()


def _loaded(source: str, endpoint_url: str | None, folder: Path) -> dict[str, LakeTable]:
    store = open_location(source, endpoint_url)
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("reading", total=None)
        loaded = load_log_files(store, folder, lambda info, records: shown.advance(task, records))
    aside = f", {loaded.set_aside} set aside" if loaded.set_aside else ""
    over = f", {loaded.passed_over} files passed over" if loaded.passed_over else ""
    typer.echo(f"{loaded.events} events{aside}{over}", err=True)
    return loaded.tables


def _write(answer: Answer, output_format: Format, output: Path | None) -> None:
    if output_format == "parquet":
        assert output is not None
        pq.write_table(answer.values(), output)
        return
    if output is None:
        _write_rows(answer, output_format, sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        _write_rows(answer, output_format, file)


def _write_rows(answer: Answer, output_format: Format, out: TextIO) -> None:
    if output_format == "table":
        _write_table(answer, out)
    elif output_format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(answer.names)
        writer.writerows(_rows(answer))
    else:
        for row in _rows(answer):
            out.write(json.dumps([{name: value} for name, value in zip(answer.names, row, strict=True)]) + "\n")


def _write_table(answer: Answer, out: TextIO) -> None:
    table = Table(box=SIMPLE_HEAD)
    for name in answer.names:
        table.add_column(Text(visible(name)))
    count = 0
    for row in _rows(answer):
        count += 1
        if count <= TABLE_ROWS:
            table.add_row(*(Text(visible(value)) if value is not None else Text("NULL", "dim") for value in row))
    console = Console(file=out)
    console.print(table)
    console.print(f"{count} rows" + (f", the first {TABLE_ROWS} shown" if count > TABLE_ROWS else ""))


def _rows(answer: Answer) -> Iterator[tuple[str | None, ...]]:
    for batch in answer.texts():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

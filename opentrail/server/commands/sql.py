"""`opentrail sql`: CloudTrail Lake's SQL over log files in a folder or a bucket, or over stores of a data folder.

Neither needs a server; beside a running one, stores are read with the newest events that the journal has.
"""

import contextlib
import csv
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, TextIO

import pyarrow.parquet as pq
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from opentrail import limits
from opentrail.accounts.folder_keys import sealer_of
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.clock import SystemClock
from opentrail.errors import ClientError
from opentrail.journal import Journal
from opentrail.lake.engine import Answer, Engine, Spill
from opentrail.lake.engine import Table as LakeTable
from opentrail.lake.log_files import EVENTS, load_log_files, table_called
from opentrail.lake.reading import LakeReader, Reach
from opentrail.lake.sql.store_ids import store_ids
from opentrail.objects.location import open_location
from opentrail.selectors.coverage import DEFAULT_REGIONS
from opentrail.server.commands.terminal import visible
from opentrail.server.data_folder import DataFolder

Format = Literal["table", "json", "csv", "parquet"]
TABLE_ROWS = 1000  # more are for files, not for eyes


class NoPlaceForParquet(ClientError):
    """Parquet is written to a file: say which with --output."""


class TwoPlaces(ClientError):
    """Ask either log files, with --from, or event data stores, with --data-dir or --store."""


class NoSuchStore(ClientError):
    """The data folder has no such event data store."""


def sql_command(
    statement: Annotated[str, typer.Argument(help="A SELECT; `-` reads it from standard input.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Folder, file, or s3://bucket/prefix of log files.")
    ] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="S3 endpoint, if it is not AWS's.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Without --from: the data folder whose event data stores are asked.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Name, ID or ARN of the store that is called `events`.")] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the answer.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
) -> None:
    """Ask log files or event data stores in CloudTrail Lake's SQL (Trino's).

    Of log files, table `events` has the columns of an event data store, `cloudtrail_logs` those of Athena's published
    table. Stores are called by their IDs, as in CloudTrail Lake.
    """
    text = sys.stdin.read() if statement == "-" else statement
    if output_format == "parquet" and output is None:
        raise NoPlaceForParquet
    if source is not None and (data_dir is not None or store is not None):
        raise TwoPlaces
    with contextlib.ExitStack() as held:
        if source is not None:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="opentrail-sql-"))
            tables = _loaded(source, endpoint_url, Path(folder))
        else:
            tables = held.enter_context(_stores(DataFolder.resolve(data_dir), text, store))
        spill = held.enter_context(tempfile.TemporaryDirectory(prefix="opentrail-sql-"))
        bounds = Spill(Path(spill), limits.QUERY_SPILL_BYTES)
        engine = Engine(tables, SystemClock(), spill=bounds, called=table_called if source is not None else None)
        held.callback(engine.close)
        _write(engine.prepare(text), output_format, output)


@contextlib.contextmanager
def _stores(folder: DataFolder, text: str, called_events: str | None) -> Iterator[dict[str, LakeTable]]:
    """The stores that the query names, and one under the name `events`. Raises NoSuchStore."""
    if not folder.exists():
        raise NoSuchStore(f"{folder.root} is not a data folder")
    clock = SystemClock()
    catalog = open_catalog(folder.catalog)
    with contextlib.ExitStack() as held:
        held.callback(catalog.dispose)
        known = {version.store.id: version.store for version in EventDataStores(catalog).all_versions()}
        wanted = {store_id: store_id for store_id in store_ids(text) if store_id in known}
        if called_events is not None:
            wanted[EVENTS] = _named(called_events, known.values())
        if not wanted:
            raise NoSuchStore(
                "the statement names no event data store of the folder by its id; --store NAME calls one `events`"
            )
        journal = Journal.open(folder.journal, clock, read_only=True, sealer=sealer_of(folder.secrets))
        held.callback(journal.close)
        reader = LakeReader(catalog, folder.tables, journal, clock, Reach(DEFAULT_REGIONS))
        yield {name: held.enter_context(reader.reading(store_id)) for name, store_id in wanted.items()}


def _named(told: str, stores: Iterable[EventDataStore]) -> str:
    found = [store.id for store in stores if told.lower() == store.id or told in (store.name, store.arn)]
    if len(found) != 1:
        raise NoSuchStore(
            f"{len(found)} event data stores are called {told}" if found else f"no store is called {told}"
        )
    return found[0]


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
    console.print(
        f"{count} row{'' if count == 1 else 's'}" + (f", the first {TABLE_ROWS} shown" if count > TABLE_ROWS else "")
    )


def _rows(answer: Answer) -> Iterator[tuple[str | None, ...]]:
    for batch in answer.texts():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

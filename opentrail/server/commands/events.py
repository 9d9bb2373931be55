"""`opentrail events`: the history as a listing, by all filters at once."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer
from rich.console import Console

from opentrail.accounts.folder_keys import sealer_of
from opentrail.clock import SystemClock
from opentrail.errors import ClientError
from opentrail.history.filters import EventFilters
from opentrail.history.listing import list_events
from opentrail.journal import Journal
from opentrail.record.envelope import envelope
from opentrail.record.view import view
from opentrail.server.administering import home_account
from opentrail.server.commands.event_output import write_csv, write_json, write_table
from opentrail.server.commands.terminal import visible
from opentrail.server.commands.time_option import parse_time
from opentrail.server.data_folder import DataFolder
from opentrail.server.settings import SANDBOX_ACCOUNT

DEFAULT_REGION = "us-east-1"
DEFAULT_LIMIT = 50
CATEGORIES = {
    "management": ("Management",),
    "data": ("Data",),
    "network": ("NetworkActivity",),
    "insight": ("Insight",),
    "all": None,
}


class NoHistory(ClientError):
    """There is no history in this data folder yet."""


class ConflictingOptions(ClientError):
    """These options exclude each other."""


def events_command(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    event_name: Annotated[str | None, typer.Option(help="As in RunInstances.")] = None,
    event_source: Annotated[str | None, typer.Option(help="As in ec2.amazonaws.com.")] = None,
    event_id: Annotated[str | None, typer.Option(help="One event.")] = None,
    username: Annotated[str | None, typer.Option(help="User, or session of a role.")] = None,
    access_key_id: Annotated[str | None, typer.Option(help="Key that signed the call.")] = None,
    resource_name: Annotated[str | None, typer.Option(help="Name, id or ARN.")] = None,
    resource_type: Annotated[str | None, typer.Option(help="As in AWS::S3::Bucket.")] = None,
    read_only: Annotated[bool | None, typer.Option("--read-only/--no-read-only", help="Reads, or changes.")] = None,
    error_code: Annotated[str | None, typer.Option(help="As in AccessDenied.")] = None,
    source_ip: Annotated[str | None, typer.Option(help="Address, or service, that the call came from.")] = None,
    start: Annotated[str | None, typer.Option(help="From here on: ISO time, date, or how long ago (2h, 7d).")] = None,
    end: Annotated[str | None, typer.Option(help="Up to here, a date to its last moment.")] = None,
    account: Annotated[
        str | None, typer.Option(help=f"Account; if left out, the management account, or {SANDBOX_ACCOUNT}.")
    ] = None,
    region: Annotated[str | None, typer.Option(help=f"Region; {DEFAULT_REGION} if left out.")] = None,
    all_accounts: Annotated[bool, typer.Option("--all-accounts", help="Every account.")] = False,
    all_regions: Annotated[bool, typer.Option("--all-regions", help="Every Region.")] = False,
    category: Annotated[
        Literal["management", "data", "network", "insight", "all"], typer.Option(help="Kind of event.")
    ] = "management",
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = DEFAULT_LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="The records, one a line, unchanged.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Columns of the console's download.")] = False,
    spreadsheet_safe: Annotated[
        bool, typer.Option("--spreadsheet-safe", help="With --csv: no cell can act as a formula.")
    ] = False,
) -> None:
    """List events of the history, newest first. All filters that are given must fit."""
    _refuse_conflicts(account, region, all_accounts, all_regions, as_json, as_csv, spreadsheet_safe)
    clock = SystemClock()
    folder = DataFolder.resolve(data_dir)
    filters = EventFilters(
        accounts=None if all_accounts else (account or home_account(folder) or SANDBOX_ACCOUNT,),
        regions=None if all_regions else (region or DEFAULT_REGION,),
        categories=CATEGORIES[category],
        start_us=parse_time(start, clock) if start is not None else None,
        end_us=parse_time(end, clock, end_of_day=True) if end is not None else None,
        event_id=event_id,
        event_name=event_name,
        event_source=event_source,
        read_only=read_only,
        username=username,
        access_key_id=access_key_id,
        resource_type=resource_type,
        resource_name=resource_name,
        error_code=error_code,
        limit=limit or None,
    )
    if not folder.exists():
        raise NoHistory(f"There is no history in {folder.root} yet; --data-dir names another folder.")

    def write(raws: Iterator[bytes], out: BinaryIO) -> int:
        if as_json:
            return write_json(raws, out)
        if as_csv:
            return write_csv(raws, out, spreadsheet_safe=spreadsheet_safe)
        return write_table(raws, Console(), with_account=all_accounts, with_region=all_regions)

    with Journal.open(folder.journal, clock, read_only=True, sealer=sealer_of(folder.secrets)) as journal:
        found = _quietly_until_the_pipe_breaks(write, _raws(folder.tables, journal, filters, source_ip))
        if not found:
            _say_why_nothing(folder.tables, journal, filters, source_ip)


def _refuse_conflicts(
    account: str | None,
    region: str | None,
    all_accounts: bool,
    all_regions: bool,
    as_json: bool,
    as_csv: bool,
    spreadsheet_safe: bool,
) -> None:
    for given, together in (
        (account is not None and all_accounts, "--account and --all-accounts"),
        (region is not None and all_regions, "--region and --all-regions"),
        (as_json and as_csv, "--json and --csv"),
    ):
        if given:
            raise ConflictingOptions(f"{together} exclude each other.")
    if spreadsheet_safe and not as_csv:
        raise ConflictingOptions("--spreadsheet-safe belongs to --csv.")


def _raws(tables: Path, journal: Journal, filters: EventFilters, source_ip: str | None) -> Iterator[bytes]:
    """The records that fit. The source address is no column of its own in the listing: it is looked for here."""
    if source_ip is None:
        return (event.raw for event in list_events(tables, journal, filters))
    candidates = list_events(tables, journal, replace(filters, limit=None))
    fitting = (event.raw for event in candidates if view(event.raw).sourceIPAddress == source_ip)
    return islice(fitting, filters.limit)


def _quietly_until_the_pipe_breaks(write: Callable[[Iterator[bytes], BinaryIO], int], raws: Iterator[bytes]) -> int:
    """Run `write` on standard output; whoever reads it may have had enough (`| head`), which is no failure."""
    try:
        found = write(raws, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go; without this, Python complains when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return found


def _say_why_nothing(tables: Path, journal: Journal, filters: EventFilters, source_ip: str | None) -> None:
    """On standard error: nothing fits, and whether it would in other accounts and Regions."""
    wider = replace(filters, accounts=None, regions=None, limit=1)
    elsewhere = next(_raws(tables, journal, wider, source_ip), None)
    if elsewhere is None:
        print("No events.", file=sys.stderr)
        return
    where = envelope(view(elsewhere))
    account = ", ".join(filters.accounts) if filters.accounts else "any account"
    region = ", ".join(filters.regions) if filters.regions else "any Region"
    print(
        f"No events in account {visible(account)}, Region {visible(region)}. The newest elsewhere is in account "
        f"{visible(where.account) or '(none)'}, Region {visible(where.region) or '(none)'}: "
        "name them with --account and --region, or ask with --all-accounts --all-regions.",
        file=sys.stderr,
    )

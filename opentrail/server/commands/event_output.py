"""Events of a listing: JSON lines for programs, CSV as AWS's console exports it, a table for people."""

import csv
import io
from collections.abc import Iterable
from itertools import islice
from typing import BinaryIO

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from opentrail.record.classification import category_of
from opentrail.record.derived import resources, username
from opentrail.record.view import RecordView, insight, view
from opentrail.server.commands.terminal import visible

CSV_HEADER = (
    "User name",
    "AWS access key",
    "Event time",
    "Event source",
    "Event name",
    "AWS region",
    "Source IP address",
    "User agent",
    "Error code",
    "Resources",
    "Request ID",
    "Event ID",
    "Read-only",
    "Event type",
    "Recipient Account Id",
    "Event category",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
TABLE_ROWS = 500  # one table on the screen; of more events there are several, so that memory stays bounded
CELL_WIDTH = 60
PIPE_WIDTH = 400  # where nobody's screen sets a width


def write_json(raws: Iterable[bytes], out: BinaryIO) -> int:
    """The records themselves, one a line, every byte as it is kept; how many."""
    count = 0
    for raw in raws:
        out.write(raw + b"\n")
        count += 1
    out.flush()
    return count


def write_csv(raws: Iterable[bytes], out: BinaryIO, *, spreadsheet_safe: bool) -> int:
    """AWS's `event_history.csv`: its header, LF between rows, none after the last; how many events.

    With `spreadsheet_safe`, cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    count = 0
    writer.writerow(CSV_HEADER)
    out.write(line.getvalue()[:-1].encode())
    for raw in raws:
        cells = _cells(view(raw))
        if spreadsheet_safe:
            cells = [f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells]
        line.seek(0)
        line.truncate()
        writer.writerow(cells)
        out.write(b"\n" + line.getvalue()[:-1].encode("utf-8", "replace"))
        count += 1
    out.flush()
    return count


def write_table(raws: Iterable[bytes], console: Console, *, with_account: bool, with_region: bool) -> int:
    """A table for people, whatever the records hold; how many events."""
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    count = 0
    events = iter(raws)
    while block := list(islice(events, TABLE_ROWS)):
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("Event time", no_wrap=True)
        if with_account:
            table.add_column("Account", no_wrap=True)
        if with_region:
            table.add_column("Region", no_wrap=True)
        for name in ("User name", "Event name", "Event source", "Source IP", "Error code", "Resources"):
            table.add_column(name, overflow="ellipsis", no_wrap=True)
        for raw in block:
            table.add_row(*_row(view(raw), with_account=with_account, with_region=with_region))
        console.print(table)
        count += len(block)
    return count


def _row(record: RecordView, *, with_account: bool, with_region: bool) -> list[Text]:
    named = dict(zip(CSV_HEADER, _cells(record), strict=True))
    cells = [named["Event time"]]
    if with_account:
        cells.append(named["Recipient Account Id"])
    if with_region:
        cells.append(named["AWS region"])
    names = ", ".join(name for _, name in resources(record))
    source = named["Event source"].removesuffix(".amazonaws.com")
    cells += [named["User name"], named["Event name"], source, named["Source IP address"], named["Error code"], names]
    return [Text(visible(cell, CELL_WIDTH)) for cell in cells]


def _cells(record: RecordView) -> list[str]:
    details = insight(record)
    identity = record.userIdentity
    listed = [
        {"resourceType": kind, "resourceName": name} if kind is not None else {"resourceName": name}
        for kind, name in resources(record)
    ]
    account = record.recipientAccountId or (identity.accountId if identity is not None else None)
    values = (
        username(record),
        identity.accessKeyId if identity is not None else None,
        record.eventTime,
        record.eventSource or (details.eventSource if details is not None else None),
        record.eventName or (details.eventName if details is not None else None),
        record.awsRegion,
        record.sourceIPAddress,
        record.userAgent,
        record.errorCode,
        msgspec.json.encode(listed).decode(),
        record.requestID,
        record.eventID or record.eventId,
        None if record.readOnly is None else "true" if record.readOnly else "false",
        record.eventType,
        account or record.accountId,
        record.eventCategory or category_of(record),
    )
    return [value or "" for value in values]

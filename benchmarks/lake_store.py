"""An event data store of many made events, written as the lake's follower writes it, for benchmarks of queries."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.made_events import ACCOUNTS, START_US, made_batches
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.clock import SystemClock
from opentrail.journal import Journal
from opentrail.lake.event_rows import EventRows, connect
from opentrail.lake.files import write_new
from opentrail.lake.stores import store_arn
from opentrail.lake.tables import layout_of, stored_columns
from opentrail.segments.table import EventTable
from opentrail.selectors.stores import DEFAULT_STORE_SELECTORS
from opentrail.server.data_folder import DataFolder

REGION = "us-east-1"
STORE = "0b0b0b0b-0000-4000-8000-00000000be7c"
FILE_ROWS = 262_144


def made_store(root: Path, events: int) -> DataFolder:
    """A data folder with a store of `events` events over 90 days; one that is there already is used as it is."""
    folder = DataFolder(root)
    if (root / "made").exists():
        return folder
    folder.create()
    Journal.open(folder.journal, SystemClock()).close()
    engine = open_catalog(folder.catalog)
    store = EventDataStore(
        id=STORE, arn=store_arn(STORE, ACCOUNTS[0], REGION), name="bench", account=ACCOUNTS[0], region=REGION,
        selectors=DEFAULT_STORE_SELECTORS, retention_days=3653,
    )  # fmt: skip
    EventDataStores(engine).create(store, lambda: 0)
    table = EventTable.open(folder.tables, layout_of(store))
    connection = connect(2)
    columns = stored_columns("CloudTrail")
    for number, rows in enumerate(_files(events)):
        path = write_new(connection, table.data_folder, rows, columns)
        table.append([path], 0)
        print(
            f"  file {number + 1}: {rows.count} events, {path.stat().st_size / rows.count:.0f} bytes each", flush=True
        )
    table.close()
    engine.dispose()
    (root / "made").touch()
    return folder


def _files(events: int) -> Iterator[EventRows]:
    rows = EventRows()
    for entries in made_batches(events, FILE_ROWS, start_us=START_US):
        first = rows.positions[-1] + 1 if rows.count else 1
        rows = EventRows()
        rows.positions = list(range(first, first + entries.count))
        rows.times_us, rows.bodies = list(entries.times_us), list(entries.bodies)
        yield rows

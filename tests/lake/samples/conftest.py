"""Parquet files of a week of events, a table for each category."""

import json

import duckdb
import pytest

from opentrail.clock import SettableClock
from opentrail.lake.columns import columns_of_events, parsed_events
from opentrail.lake.engine import Engine, Table
from opentrail.lake.sql.schemas import BY_CATEGORY
from tests.lake.samples.events import CATEGORIES, NOW

STORES = {category: f"5a5a5a5a-0000-4000-8000-{number:012}" for number, category in enumerate(CATEGORIES)}


@pytest.fixture(scope="package")
def parquet(tmp_path_factory):
    """A file by category."""
    folder = tmp_path_factory.mktemp("samples")
    found = {}
    for category, events in CATEGORIES.items():
        columns, path = BY_CATEGORY[category], folder / f"{category}.parquet"
        texts = [(json.dumps(event, separators=(",", ":")),) for event in events()]
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE texts (j VARCHAR)")
            connection.executemany("INSERT INTO texts VALUES (?)", texts)
            read = f"SELECT j, {parsed_events('j', columns)} FROM texts"
            connection.execute(f"COPY (SELECT {columns_of_events('j', columns)} FROM ({read})) TO '{path}'")
        found[category] = path
    return found


@pytest.fixture(scope="package")
def engine(parquet):
    tables = {
        STORES[category]: Table(BY_CATEGORY[category], f"SELECT * FROM read_parquet('{path}')", (path,))
        for category, path in parquet.items()
    }
    made = Engine(tables, SettableClock(NOW))
    yield made
    made.close()

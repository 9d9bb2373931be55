"""The tables that a query may name: one for each event data store, under its id."""

from pathlib import Path

from opentrail.lake.engine import Table
from opentrail.lake.queries.job import Job
from opentrail.lake.sql.schemas import CLOUDTRAIL
from opentrail.lake.sql.types import text_literal


def tables_of(job: Job) -> dict[str, Table]:
    """The tables by name, as they are now."""
    tables = {}
    for store in job.stores:
        files = tuple(sorted((Path(job.tables) / store.id).glob("*.parquet")))
        listed = ", ".join(text_literal(str(path)) for path in files)
        tables[store.id] = Table(CLOUDTRAIL, f"SELECT * FROM read_parquet([{listed}])", files)
    return tables

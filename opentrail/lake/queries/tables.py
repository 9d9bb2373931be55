"""The tables that a query may name: one for each event data store, under its id, as of the moment they are opened."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opentrail.accounts.data_keys import DataKeys
from opentrail.catalog.database import open_catalog
from opentrail.clock import Clock
from opentrail.journal import Journal
from opentrail.lake.engine import Table
from opentrail.lake.queries.job import Job
from opentrail.lake.reading import LakeReader, Reach


@contextmanager
def open_tables(job: Job, clock: Clock) -> Iterator[dict[str, Table]]:
    """The stores of `job`; while inside, none of their files is swept away.

    Journal and catalog are closed again when it begins. Raises what LakeReader.reading raises.
    """
    catalog = open_catalog(Path(job.catalog))
    sealer = DataKeys(job.data_keys) if job.data_keys else None
    journal = Journal.open(Path(job.journal), clock, read_only=True, sealer=sealer)
    with ExitStack() as held:
        try:
            reader = LakeReader(catalog, Path(job.tables), journal, clock, Reach(job.regions))
            tables = {store: held.enter_context(reader.reading(store)) for store in job.stores}
        finally:
            journal.close()
            catalog.dispose()
        yield tables

"""A process that works on one import into an event data store, apart from doors and followers, until it has ended.

It only appends to the journal and writes the import's rows of the catalog. Killed at any moment, the next one goes on.
"""

import os
import sys
from pathlib import Path

import msgspec

from opentrail import limits
from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.folder_keys import open_folder_keys
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStores
from opentrail.catalog.lake_imports import LakeImports
from opentrail.clock import SystemClock
from opentrail.followers.ownership import Ownership
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.lake.imports.running import ImportRun
from opentrail.server.data_folder import DataFolder
from opentrail.server.outgoing.import_buckets import OwnImportBuckets
from opentrail.server.outgoing.own_calls import OwnCalls
from opentrail.server.processes.stopping import stop_event
from opentrail.server.settings import Delivery
from opentrail.server.worker.delivering import SECRET_VARIABLE
from opentrail.telemetry import configure_logging
from opentrail.trails.clients import Clients

ATTEMPTS = 4  # of a request, before the import waits
READ_TIMEOUT_SECONDS = 60.0


class ImportSettings(msgspec.Struct, frozen=True):
    """What the process needs of the server's settings; holds no secrets, since it travels on the command line."""

    data_dir: str
    import_id: str
    delivery: Delivery
    own_endpoint: str
    log_json: bool = False


def import_command(settings: ImportSettings) -> list[str]:
    """The command that runs this process."""
    return [sys.executable, "-m", "opentrail.server.worker.import_process", msgspec.json.encode(settings).decode()]


def run(settings: ImportSettings) -> None:
    """Work on the import until it has ended, or SIGTERM."""
    configure_logging(json_lines=settings.log_json)
    stop = stop_event()
    clock = SystemClock()
    folder = DataFolder(Path(settings.data_dir))
    # One that was stopped and started again at once may still be in its last batch.
    owner = Ownership(folder.locks / f"lake-import-{settings.import_id}.lock")
    while not owner.take():
        if stop.wait(limits.IMPORT_LOOK_SECONDS):
            return
    keys = open_folder_keys(folder.secrets)
    engine = open_catalog(folder.catalog)
    secret = os.environ.get(SECRET_VARIABLE, "")
    calls = OwnCalls(settings.delivery, AccessKeys(engine, keys.root), keys.root, settings.own_endpoint, secret)
    clients = Clients(
        calls.access, as_service=calls.as_service, attempts=ATTEMPTS, read_timeout_seconds=READ_TIMEOUT_SECONDS
    )
    with Journal.open(folder.journal, clock, sealer=keys.sealer) as journal:
        intake = Intake(journal, clock)
        buckets = OwnImportBuckets(clients, calls.folders)
        ImportRun(LakeImports(engine), EventDataStores(engine), buckets, journal, intake, clock, stop.wait).run(
            settings.import_id
        )
        intake.close()
    engine.dispose()
    owner.release()


if __name__ == "__main__":
    run(msgspec.json.decode(sys.argv[1], type=ImportSettings))

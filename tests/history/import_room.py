"""A data folder with what an import needs, and log files for it."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock
from opentrail.history.import_counts import ImportCounts
from opentrail.history.import_ledger import ImportLedger, SetAsideRecord
from opentrail.history.importing import Import
from opentrail.history.seen import Seen
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.objects.location import open_location
from opentrail.objects.port import ObjectStore

ACCOUNT = "111122223333"


def record(number: int, **fields: str) -> bytes:
    """A record of its own for each number; `fields` override or, with an empty text, remove."""
    values = {
        "eventVersion": "1.08",
        "eventTime": "2023-07-10T12:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "CreateBucket",
        "awsRegion": "eu-west-1",
        "eventID": f"event-{number}",
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **fields,
    }
    return ("{" + ",".join(f'"{name}":"{value}"' for name, value in values.items() if value) + "}").encode()


def write_log(path: Path, raws: list[bytes]) -> None:
    """A log file as AWS writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(b'{"Records":[' + b",".join(raws) + b"]}", 1))


@dataclass
class Room:
    """The journal and catalog of one data folder."""

    folder: Path
    clock: SettableClock
    ledger: ImportLedger | None = None

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        with Journal.open(self.folder / "journal", self.clock) as journal:
            yield journal

    def run(
        self,
        source: ObjectStore | Path,
        progress: Callable[[ImportCounts, str], None] = lambda _counts, _name: None,
    ) -> ImportCounts:
        """One run of an import, as the command does it."""
        store = open_location(str(source)) if isinstance(source, Path) else source
        self.ledger = ImportLedger(open_catalog(self.folder / "catalog"), store.name, self.clock)
        with self.journal() as journal:
            intake = Intake(journal, self.clock)
            seen = Seen(self.folder / "tables", journal)
            try:
                return Import(store, journal, intake, seen, self.ledger, progress).run()
            finally:
                seen.close()
                intake.close()

    def set_aside(self) -> list[SetAsideRecord]:
        """What the last run set aside."""
        assert self.ledger is not None
        return list(self.ledger.set_aside())

    def bodies(self) -> list[bytes]:
        """Every record in the journal, in its order."""
        found: list[bytes] = []
        with self.journal() as journal:
            through = 0
            while batches := journal.read(through, 100_000):
                found += [body for batch in batches for body in batch.entries.bodies]
                through = batches.through
        return found

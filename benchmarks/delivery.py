"""Delivery of trails: events per core-second from the journal to files in the outbox, beside the gzip limit.

`python -m benchmarks.delivery [EVENTS]`. CPU time of the whole process. The limit is what joining, hashing and packing
the same bytes costs alone; reading the journal is shown apart, since every follower pays it.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.made_events import ACCOUNTS, REGIONS, made_batches
from opentrail import limits
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_selectors import AdvancedSelector, BasicSelector, FieldSelector, Selectors
from opentrail.catalog.trails import Trail, Trails
from opentrail.clock import SettableClock
from opentrail.journal import Journal
from opentrail.logfile import content
from opentrail.objects.s3_client import S3Access
from opentrail.trails.clients import Clients
from opentrail.trails.delivery import TrailDelivery
from opentrail.trails.service_clients import ServiceClients
from opentrail.trails.settings import DeliverySettings
from opentrail.trails.signing_keys import SigningKeys

EVENTS = 200_000
FILE_EVENTS = 30_000  # of 40 MB
EVERYTHING = Selectors(
    advanced=(
        AdvancedSelector((FieldSelector("eventCategory", equals=("Management",)),)),
        AdvancedSelector(
            (
                FieldSelector("eventCategory", equals=("Data",)),
                FieldSelector("resources.type", equals=("AWS::S3::Object",)),
            )
        ),
    )
)
WRITES = Selectors(
    basic=(BasicSelector(read_write_type="WriteOnly", exclude_management_event_sources=("kms.amazonaws.com",)),)
)


def main(arguments: list[str] | None = None) -> None:
    events = int(arguments[0]) if arguments else EVENTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = SettableClock()
        with Journal.open(folder / "journal", clock) as journal:
            total = 0
            for entries in made_batches(events):
                entries = type(entries)(
                    [ACCOUNTS[0]] * entries.count,
                    entries.regions,
                    entries.categories,
                    entries.times_us,
                    entries.event_ids,
                    entries.bodies,
                )
                total += entries.body_bytes()
                journal.append(entries, "live")
            print(f"{events} events of {total / events:.0f} bytes, {len(REGIONS)} Regions")
            _report("reading the journal alone", events, lambda: _read(journal))
            bodies = [body for entries in made_batches(events) for body in entries.bodies]
            _report("the gzip limit: join, SHA-256, gzip of everything", events, partial(_pack, bodies))
            del bodies
            for label, selectors in _cases():
                run, delivered = _deliver(folder / label.replace(" ", "-"), journal, clock, selectors)
                _report(label, events, run)
                print(f"  {delivered():,} events in files")


def _cases() -> list[tuple[str, list[Selectors]]]:
    return [
        ("one trail, all management events", [Selectors(basic=(BasicSelector(),))]),
        ("one trail, management and S3 data events", [EVERYTHING]),
        ("one trail, writes without KMS", [WRITES]),
        ("ten trails, writes without KMS", [WRITES] * 10),
        ("ten trails, management and S3 data events", [EVERYTHING] * 10),
    ]


def _deliver(
    folder: Path, journal: Journal, clock: SettableClock, selectors: list[Selectors]
) -> tuple[Callable[[], None], Callable[[], int]]:
    """What reads the journal and cuts it for a trail of each selectors; and how many events are in files then."""
    engine = open_catalog(folder / "catalog")
    trails = Trails(engine)
    for number, one in enumerate(selectors):
        trails.create(
            Trail(
                arn=f"arn:aws:cloudtrail:us-east-1:{ACCOUNTS[0]}:trail/t{number}",
                name=f"t{number}",
                account=ACCOUNTS[0],
                home_region="us-east-1",
                bucket="b",
                multi_region=True,
                logging=True,
                selectors=one,
            ),
            0,
        )
    delivery = TrailDelivery(
        engine,
        journal,
        folder / "outbox",
        SigningKeys(engine, bytes(32), clock, 90),
        ServiceClients(Clients(lambda *_: S3Access()), clock),
        clock,
        DeliverySettings(regions=REGIONS),
        threads=False,
    )
    follower = delivery.follower

    def run() -> None:
        after = 0
        while (found := journal.read(after, limits.FOLLOWER_READ_EVENTS)).through > after:
            follower.handle(found, found.through)
            follower.tick()
            after = found.through
        follower.flush()

    def events() -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT sum(events) FROM log_files").scalar_one())

    return run, events


def _read(journal: Journal) -> None:
    after = 0
    while (found := journal.read(after, limits.FOLLOWER_READ_EVENTS)).through > after:
        after = found.through


def _pack(bodies: list[bytes]) -> None:
    """In pieces as large as delivered files."""
    for start in range(0, len(bodies), FILE_EVENTS):
        content.write(bodies[start : start + FILE_EVENTS])


def _report(label: str, events: int, work: Callable[[], None]) -> None:
    began = time.process_time()
    work()
    spent = time.process_time() - began
    print(f"{label}: {events / spent:,.0f} events a core-second, {spent / events * 1e6:.2f} us each", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

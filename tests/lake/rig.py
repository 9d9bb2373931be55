"""What the tests of event data stores share: the parts put together without a server."""

from dataclasses import replace
from pathlib import Path

import msgspec

from opentrail.catalog.channels import Channel, Channels
from opentrail.catalog.database import open_catalog
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores, StoreVersion
from opentrail.clock import Clock, SettableClock
from opentrail.journal import Entries, Journal
from opentrail.lake.engine import Engine
from opentrail.lake.follower import LakeFollower
from opentrail.lake.reading import LakeReader, Reach
from opentrail.lake.settings import LakeSettings
from opentrail.lake.stores import store_arn
from opentrail.lake.tables import layout_of
from opentrail.lake.timeline import reaches_lake
from opentrail.segments.snapshot import Snapshot, SnapshotReader
from opentrail.selectors.stores import DEFAULT_STORE_SELECTORS, kind_of, read_store_selectors
from tests.segments.made_events import ACCOUNTS, START_US

ACCOUNT = ACCOUNTS[0]

LAZY = LakeSettings(retention_check_s=1e9, compaction_check_s=1e9, sweep_check_s=1e9, removal_check_s=1e9)
REGIONS = ("us-east-1", "eu-west-1")


def only(category: str, **fields: list[str]) -> list[dict[str, object]]:
    """One advanced selector of the API."""
    chosen = [{"Field": "eventCategory", "Equals": [category]}]
    chosen += [{"Field": name, "Equals": values} for name, values in fields.items()]
    return [{"FieldSelectors": chosen}]


class Rig:
    """A data folder with catalog, journal and the lake's follower."""

    def __init__(self, folder: Path, clock: SettableClock) -> None:
        self.folder = folder
        self.clock = clock
        self.tables = folder / "tables"
        self.journal = Journal.open(folder / "journal", clock, reserve_bytes=0)
        self.catalog = open_catalog(folder / "catalog")
        self.stores = EventDataStores(self.catalog)
        self.reach = Reach(REGIONS)
        self.without_key: set[str] = set()  # stores whose KMS key cannot be used
        self._followers: list[LakeFollower] = []
        self.follower = self.new_follower()

    def new_follower(self, settings: LakeSettings = LAZY, retention: Clock | None = None) -> LakeFollower:
        """A follower as after a start of the process; replaces the rig's own."""
        if self._followers:
            self._followers[-1].close()
        self.follower = LakeFollower(
            self.catalog,
            self.tables,
            lambda after, events: self.journal.read(after, events, origins=reaches_lake),
            self.clock,
            settings,
            self.reach.matcher,
            lambda store: store.id in self.without_key,
            retention,
        )
        self._followers.append(self.follower)
        self._read_through = None
        return self.follower

    def create(
        self, number: int = 1, selectors: list[dict[str, object]] | None = None, **members: object
    ) -> StoreVersion:
        """A store that takes events from now on."""
        chosen = read_store_selectors(selectors or [])
        store_id = f"0b0b0b0b-0000-4000-8000-{number:012}"
        store = EventDataStore(
            id=store_id,
            arn=store_arn(store_id, ACCOUNT, "us-east-1"),
            name=f"store-{number}",
            account=ACCOUNT,
            region="us-east-1",
            category=kind_of(chosen),
            selectors=chosen,
            retention_days=366,
            created_at_us=self.clock.now_us(),
        )
        return self.stores.create(msgspec.structs.replace(store, **members), self.journal.head)

    def change(self, version: StoreVersion, **members: object) -> StoreVersion:
        """The store with other members, from now on."""
        return self.stores.replace(version, msgspec.structs.replace(version.store, **members), self.journal.head)

    def channel(self, channel_id: str, *stores: StoreVersion) -> None:
        """A channel that brings events into stores from now on."""
        channel = Channel(
            id=channel_id,
            arn=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:channel/{channel_id}",
            name=channel_id,
            account=ACCOUNT,
            region="us-east-1",
            source="Custom",
            destinations=tuple(version.store.arn for version in stores),
        )
        Channels(self.catalog).create(channel, self.journal.head())

    def append(self, entries: Entries, origin: str = "live") -> int:
        """Append to the journal; the last position."""
        return self.journal.append(entries, origin).last

    def hand_over(self, max_events: int = 10_000) -> int:
        """Hand the follower what it has not read yet, one read of the journal; how far it came."""
        if self._read_through is None:
            self._read_through = self.follower.position()
        found = self.journal.read(self._read_through, max_events, origins=self.follower.wants)
        self.follower.handle(found, found.through)
        self._read_through = found.through
        return found.through

    def commit(self) -> None:
        """Everything that is in the journal goes into the tables."""
        while self.hand_over() < self.journal.head():
            pass
        self.follower.flush()

    def snapshot(self, version: StoreVersion) -> Snapshot:
        """What the store's table holds."""
        reader = SnapshotReader(self.tables, layout_of(version.store))
        try:
            return reader.load()
        finally:
            reader.close()

    def ask(self, version: StoreVersion, sql: str) -> list[tuple[object, ...]]:
        """The rows that a query gives; the store is called `s`."""
        reader = LakeReader(self.catalog, self.tables, self.journal, self.clock, self.reach)
        with reader.reading(version.store.id) as table:
            engine = Engine({"s": table}, self.clock)
            try:
                return [tuple(row.values()) for row in engine.prepare(sql).values().to_pylist()]
            finally:
                engine.close()

    def ids(self, version: StoreVersion) -> list[str]:
        """Event IDs that a query sees, sorted."""
        return sorted(str(row[0]) for row in self.ask(version, "SELECT eventID FROM s"))

    def close(self) -> None:
        for follower in self._followers[-1:]:
            follower.close()
        self.journal.close()
        self.catalog.dispose()


__all__ = ["ACCOUNT", "DEFAULT_STORE_SELECTORS", "LAZY", "START_US", "Rig", "only", "replace"]


def wanted(*parts: Entries, category: str = "Management", account: str = ACCOUNT) -> list[str]:
    """The IDs of the events that a store for `category` in `account` has of these."""
    return sorted(
        event_id
        for entries in parts
        for event_id, of_category, of_account in zip(
            entries.event_ids, entries.categories, entries.accounts, strict=True
        )
        if of_category == category and of_account == account
    )

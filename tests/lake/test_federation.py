"""A federated table is read by an engine that is not ours, by its folder alone; without federation it is not found."""

import polars
import pytest

from opentrail.clock import SettableClock
from tests.lake.rig import LAZY, Rig, replace
from tests.segments.made_events import made_entries

BRISK = replace(LAZY, sweep_check_s=0.0, sweep_grace_s=1.0)


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    made.new_follower(BRISK)
    yield made
    made.close()


def metadata_of(folder):
    """The metadata file that the hint names, as engines with Iceberg's Hadoop layout find it."""
    number = int((folder / "metadata" / "version-hint.text").read_text())
    return folder / "metadata" / f"v{number}.metadata.json"


def read_by_another(folder):
    """All rows, planned and read in Rust: polars-iceberg and polars, without pyiceberg."""
    return polars.scan_iceberg(str(metadata_of(folder)), reader_override="native").collect()


def test_another_engine_reads_what_is_committed(rig):
    store = rig.create()
    folder = rig.tables / "lake" / store.store.id
    rig.append(made_entries(300))
    rig.commit()
    rig.follower.tick()
    assert not (folder / "metadata" / "version-hint.text").exists()
    store = rig.change(store, federation_status="ENABLED")
    for seed in (2, 3):
        rig.append(made_entries(200, seed=seed))
        rig.commit()
        rig.follower.tick()
        found = read_by_another(folder)
        assert sorted(found["eventid"].to_list()) == rig.ids(store)
    ours = rig.ask(store, "SELECT eventID, userIdentity.arn, element_at(requestParameters, 'bucketName') FROM s")
    theirs = [
        (row["eventid"], (row["useridentity"] or {}).get("arn"), (row["requestparameters"] or {}).get("bucketName"))
        for row in found.to_dicts()
    ]
    assert sorted(theirs, key=str) == sorted(ours, key=str)
    assert {row[2] for row in theirs} > {None}


def test_what_federation_needs_is_never_swept_and_goes_with_it(rig):
    store = rig.change(rig.create(), federation_status="ENABLED")
    folder = rig.tables / "lake" / store.store.id / "metadata"
    for seed in range(5):
        rig.append(made_entries(60, seed=seed))
        rig.commit()
        for _ in range(3):
            rig.follower.tick()
            rig.clock.advance(2)
    assert metadata_of(folder.parent).exists()
    assert len(list(folder.glob("v*.metadata.json"))) == 2
    rig.new_follower(BRISK)
    rig.follower.tick()
    assert metadata_of(folder.parent).exists()
    rig.change(store, federation_status="DISABLED")
    rig.follower.tick()
    assert not list(folder.glob("v*"))

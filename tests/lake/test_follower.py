"""Event data stores hold each event that they select exactly once, whatever happens between journal and table."""

import pyarrow.parquet as pq
import pytest

from opentrail.clock import SettableClock
from opentrail.lake.follower import LakeFollower
from tests.lake.rig import ACCOUNT, LAZY, Rig, only, replace, wanted
from tests.segments.made_events import made_entries


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    yield made
    made.close()


def positions(rig, version):
    return [
        position
        for file in rig.snapshot(version).files
        for position in pq.read_table(file.path).column("position").to_pylist()
    ]


def test_an_event_is_seen_before_and_after_its_commit_once(rig):
    store = rig.create()
    first, second = made_entries(300), made_entries(200, seed=2)
    rig.append(first)
    assert rig.ids(store) == wanted(first)
    rig.commit()
    assert rig.ids(store) == wanted(first)
    rig.append(second)
    assert rig.ids(store) == wanted(first, second)
    rig.commit()
    assert rig.ids(store) == wanted(first, second)
    assert rig.snapshot(store).rows == len(wanted(first, second))


def test_each_store_gets_what_it_selects(rig):
    data = rig.create(1, only("Data", **{"resources.type": ["AWS::S3::Object"]}))
    reads = rig.create(2, only("Management", eventName=["ListUsers"]))
    near = rig.create(3, multi_region=False)
    entries = made_entries(400)
    rig.append(entries)
    for _ in range(2):
        assert rig.ids(data) == wanted(entries, category="Data")
        assert {row[0] for row in rig.ask(reads, "SELECT eventName FROM s")} == {"ListUsers"}
        assert {row[0] for row in rig.ask(near, "SELECT awsRegion FROM s")} == {"us-east-1"}
        rig.commit()


def test_events_before_its_creation_are_not_the_stores(rig):
    rig.append(made_entries(50))
    rig.commit()
    store = rig.create()
    later = made_entries(50, seed=3)
    rig.append(later)
    rig.commit()
    assert rig.ids(store) == wanted(later)


def test_a_change_of_selectors_judges_the_events_after_it_whenever_the_follower_comes(rig):
    store = rig.create()
    parts = [made_entries(200, seed=seed) for seed in range(4)]
    rig.append(parts[0])
    rig.hand_over()  # judged by the first version, not committed
    rig.append(parts[1])
    store = rig.change(
        store, selectors=rig.create(9, only("Data", **{"resources.type": ["AWS::S3::Object"]})).store.selectors
    )
    rig.append(parts[2])
    expected = sorted(wanted(*parts[:2]) + wanted(parts[2], category="Data"))
    assert rig.ids(store) == expected
    rig.commit()
    assert rig.ids(store) == expected
    rig.new_follower()
    rig.append(parts[3])
    rig.commit()
    assert rig.ids(store) == sorted(expected + wanted(parts[3], category="Data"))


def test_a_change_that_crosses_a_commit_is_not_passed_over(rig, monkeypatch):
    """The change is made after the follower has judged later events, and before it commits them."""
    store = rig.create()
    before, after = made_entries(100), made_entries(100, seed=5)
    rig.append(before)
    rig.follower.tick()
    changed = []
    fence = rig.stores.__class__.fence

    def change_first(catalog, change):
        if not changed:
            changed.append(rig.change(store, status="STOPPED_INGESTION"))
            rig.append(after)
        return fence(catalog, change)

    monkeypatch.setattr(rig.stores.__class__, "fence", change_first)
    rig.commit()
    rig.commit()
    assert changed
    assert rig.ids(store) == wanted(before)
    assert sorted(positions(rig, store)) == sorted(set(positions(rig, store)))


def test_a_store_that_stopped_goes_on_where_it_is_started(rig):
    store = rig.create()
    parts = [made_entries(60, seed=seed) for seed in range(3)]
    rig.append(parts[0])
    store = rig.change(store, status="STOPPED_INGESTION")
    rig.append(parts[1])
    rig.hand_over()
    store = rig.change(store, status="ENABLED")
    rig.append(parts[2])
    rig.commit()
    assert rig.ids(store) == wanted(parts[0], parts[2])


def test_what_was_not_committed_comes_again_after_a_start(rig):
    store = rig.create()
    first, second = made_entries(100), made_entries(100, seed=2)
    rig.append(first)
    rig.commit()
    rig.append(second)
    rig.hand_over()
    rig.new_follower()
    rig.commit()
    assert rig.ids(store) == wanted(first, second)
    assert len(positions(rig, store)) == len(set(positions(rig, store)))


def test_a_table_that_is_ahead_of_the_catalog_gets_nothing_twice(rig, monkeypatch):
    store = rig.create()
    entries = made_entries(100)
    rig.append(entries)
    monkeypatch.setattr(rig.stores.__class__, "write_progress", lambda *_: False)
    rig.commit()
    monkeypatch.undo()
    rig.new_follower()
    rig.commit()
    assert rig.ids(store) == wanted(entries)
    assert rig.follower.position() == rig.journal.head()


def test_imports_go_into_their_store_alone_and_pass_its_selectors(rig):
    mine, other = rig.create(1), rig.create(2)
    entries = made_entries(200)
    rig.append(entries, origin=f"import:{mine.store.id}")
    rig.append(made_entries(20, seed=8), origin="import")
    for _ in range(2):
        assert rig.ids(mine) == sorted(entries.event_ids)
        assert rig.ids(other) == []
        rig.commit()


def test_channels_fill_the_stores_that_they_name(rig):
    named, other = rig.create(1, only("ActivityAuditLog")), rig.create(2, only("ActivityAuditLog"))
    rig.channel("c1", named)
    entries = made_entries(30)
    rig.append(entries, origin="channel:c1")
    rig.append(made_entries(30, seed=4), origin="channel:unknown")
    for _ in range(2):
        assert rig.ids(named) == sorted(entries.event_ids)
        assert rig.ids(other) == []
        rig.commit()


def test_events_older_than_the_retention_never_come_in(rig):
    store = rig.create(retention_days=7)
    old, young = made_entries(100), made_entries(100, seed=2)
    rig.append(old)
    rig.clock.advance(8 * 86_400)
    shifted = [time + 8 * 86_400_000_000 for time in young.times_us]
    young.times_us[:] = shifted
    rig.append(young)
    assert rig.ids(store) == wanted(young)
    rig.commit()
    assert rig.ids(store) == wanted(young)
    assert rig.snapshot(store).rows == len(wanted(young))


def test_a_deleted_store_goes_seven_days_later(rig):
    gone, kept = rig.create(1), rig.create(2)
    entries = made_entries(50)
    rig.append(entries)
    rig.commit()
    gone = rig.change(gone, status="PENDING_DELETION", deleted_at_us=rig.clock.now_us())
    later = made_entries(50, seed=4)
    rig.append(later)
    rig.clock.advance(6.9 * 86_400)
    rig.new_follower(replace(LAZY, removal_check_s=1.0))
    rig.commit()
    rig.follower.tick()
    assert rig.ids(gone) == wanted(entries)
    rig.clock.advance(0.2 * 86_400)
    rig.follower.tick()
    assert rig.stores.find(gone.store.id) is None
    assert not (rig.tables / "lake" / gone.store.id).exists()
    rig.append(made_entries(10, seed=9))
    rig.commit()
    assert len(rig.ids(kept)) > len(wanted(entries))


def test_the_table_of_a_store_whose_removal_was_cut_off_goes_at_the_next_start(rig):
    store = rig.create()
    rig.append(made_entries(50))
    rig.commit()
    rig.follower.close()
    rig.stores.remove(store)
    rig.new_follower()
    rig.follower.tick()
    assert list((rig.tables / "lake").iterdir()) == []


def test_a_store_that_cannot_be_written_holds_up_no_other(rig, monkeypatch):
    broken, sound = rig.create(1), rig.create(2)
    entries = made_entries(100)
    rig.append(entries)
    real = LakeFollower._table

    def fail(follower, store):
        if store.id == broken.store.id:
            raise OSError("no such device")
        return real(follower, store)

    monkeypatch.setattr(LakeFollower, "_table", fail)
    rig.new_follower(replace(LAZY, commit_interval_s=0.0))
    rig.hand_over()
    for _ in range(3):
        rig.follower.tick()
        rig.clock.advance(20)
    assert rig.snapshot(sound).rows == len(wanted(entries))
    assert rig.follower.position() < rig.journal.head()
    assert rig.ids(broken) == wanted(entries)
    monkeypatch.undo()
    for _ in range(4):
        rig.clock.advance(40)
        rig.follower.tick()
    assert rig.snapshot(broken).rows == len(wanted(entries))
    assert rig.follower.position() == rig.journal.head()


def test_records_that_no_engine_can_read_are_kept_and_do_not_hold_up_others(rig):
    store = rig.create()
    entries = made_entries(40)
    mine = next(
        index for index, account in enumerate(entries.accounts)
        if account == ACCOUNT and entries.categories[index] == "Management"
    )  # fmt: skip
    body = entries.bodies[mine][:-1] + rb',"userAgent":"\ud800\udc"}'.replace(rb"\udc", rb"\udc00\ud800\\ud801")
    entries.bodies[mine] = body.replace(b'"userAgent":"aws-cli/2.30.0",', b"")
    rig.append(entries)
    for _ in range(2):
        found = rig.ask(store, f"SELECT eventName, userAgent FROM s WHERE eventID = '{entries.event_ids[mine]}'")
        assert len(found) == 1
        assert found[0][0] is not None
        assert found[0][1].endswith("\\ud801")
        rig.commit()
    assert rig.ids(store) == wanted(entries)


def test_the_evidence_is_kept_byte_for_byte(rig):
    store = rig.create()
    entries = made_entries(40)
    rig.append(entries)
    rig.commit()
    file = rig.snapshot(store).files[0].path
    bodies = {text.encode() for text in pq.read_table(file).column("eventjson").to_pylist()}
    assert bodies <= set(entries.bodies)
    sums = rig.ask(store, "SELECT eventJson, eventJsonChecksum FROM s")
    import base64
    import hashlib

    assert all(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() == said for text, said in sums)

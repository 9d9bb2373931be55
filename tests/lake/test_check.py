"""`opentrail check` finds what is wrong with the tables of event data stores, and nothing where nothing is."""

import pyarrow.parquet as pq
import pytest

from opentrail.clock import SettableClock
from opentrail.lake.check import LakeCheck
from opentrail.lake.files import merge
from tests.lake.rig import Rig, only
from tests.segments.made_events import made_entries


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    yield made
    made.close()


def problems(rig):
    return LakeCheck(rig.catalog, rig.tables, rig.journal, rig.clock).run().problems


def test_whole_tables_are_whole(rig):
    first, second = rig.create(1), rig.create(2, only("Data", **{"resources.type": ["AWS::S3::Object"]}))
    rig.append(made_entries(200))
    rig.commit()
    rig.change(first, status="STOPPED_INGESTION")
    rig.append(made_entries(100, seed=2))
    rig.append(made_entries(100, seed=3), origin=f"import:{second.store.id}")
    rig.commit()
    rig.append(made_entries(100, seed=4))  # in no table yet
    found = LakeCheck(rig.catalog, rig.tables, rig.journal, rig.clock).run()
    assert found.problems == []
    assert found.stores == 2
    assert found.rows == rig.snapshot(first).rows + rig.snapshot(second).rows > 100


def test_an_event_that_is_missing_is_named(rig):
    store = rig.create()
    rig.append(made_entries(200))
    rig.commit()
    file = rig.snapshot(store).files[0]
    table = rig.follower._table(rig.follower._stores[store.store.id])
    positions = sorted(pq.read_table(file.path).column("position").to_pylist())
    short = file.path.parent / "short.parquet"
    whole = pq.read_table(file.path)
    pq.write_table(whole.slice(1), short, store_schema=False)
    table.replace([file], [short])
    lost = whole.column("position")[0].as_py()
    assert lost in positions
    assert [text for text in problems(rig) if f"position {lost} is in the journal and not in its table" in text]


def test_an_event_that_is_there_twice_is_named(rig):
    store = rig.create()
    rig.append(made_entries(100))
    rig.commit()
    file = rig.snapshot(store).files[0]
    table = rig.follower._table(rig.follower._stores[store.store.id])
    table.append([merge(table.data_folder, [file], 0)], rig.snapshot(store).position)
    assert [text for text in problems(rig) if "twice" in text]


def test_a_missing_and_a_damaged_file_are_named(rig):
    store = rig.create()
    for seed in (1, 2):
        rig.append(made_entries(100, seed=seed))
        rig.commit()
    missing, damaged = rig.snapshot(store).files
    missing.path.unlink()
    damaged.path.write_bytes(b"PAR1" + b"\0" * 100)
    texts = "\n".join(problems(rig))
    assert f"{missing.path.name}: the table names it, and it is missing" in texts
    assert f"{damaged.path.name}: cannot be read" in texts

"""Segments on disk: written, indexed, opened, asked, damaged."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opentrail.segments import index as index_module
from opentrail.segments.attributes import ATTRIBUTES, EVENT_ID, MANAGEMENT, Scope
from opentrail.segments.columns import table_of
from opentrail.segments.event_keys import event_key, short_keys
from opentrail.segments.faults import IndexUnusable, SegmentCorrupt
from opentrail.segments.index import index_of, read_sources
from opentrail.segments.index_file import read_index_file, write_index_file
from opentrail.segments.segment import Segment
from opentrail.segments.source import Pages, Place, Wanted
from opentrail.segments.writer import index_path, write_segment
from tests.segments.made_events import ACCOUNTS, REGIONS, START_US, Oracle, batch_of, made_entries

COUNT = 3000
ENTRIES = made_entries(COUNT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_segment(tmp_path_factory.mktemp("segment"), [table_of([batch_of(ENTRIES, first=101)])], START_US).path


@pytest.fixture
def segment(written: Path) -> Segment:
    return Segment.open(written)


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    made = Oracle()
    made.add(ENTRIES, 101)
    return made


def found(segment: Segment, wanted: Wanted) -> list[int]:
    return [position for hits in segment.find(wanted) for position in hits.positions]


def test_every_attribute_finds_what_looking_at_everything_finds(segment: Segment, oracle: Oracle) -> None:
    asked = 0
    for account, region, category in oracle.scopes():
        scope = Scope(account, region, category)
        assert found(segment, Wanted(scope)) == oracle.positions(account, region, None, category)
        values = oracle.values(account, region, category)
        for attribute, its_values in values.items():
            for value in sorted(its_values)[:40]:
                expected = oracle.positions(account, region, (attribute, value), category)
                assert found(segment, Wanted(scope, (attribute, value))) == expected
                asked += 1
    assert asked > 500
    assert set(oracle.values(ACCOUNTS[0], REGIONS[0])) == set(ATTRIBUTES)


def test_absent_values_and_scopes_find_nothing(segment: Segment) -> None:
    scope = Scope(ACCOUNTS[0], REGIONS[0], MANAGEMENT)
    for attribute in ATTRIBUTES:
        assert found(segment, Wanted(scope, (attribute, "absent"))) == []
    assert found(segment, Wanted(Scope("000000000000", REGIONS[0], MANAGEMENT))) == []


def test_time_range_has_both_ends_inside(segment: Segment, oracle: Oracle) -> None:
    for start, end in ((60, 90), (77, 77), (-1000, 10), (1000, 2000), (90, 60)):
        start_us, end_us = START_US + start * 1_000_000, START_US + end * 1_000_000
        wanted = Wanted(Scope(ACCOUNTS[0], REGIONS[0], MANAGEMENT), None, start_us, end_us)
        expected = oracle.positions(ACCOUNTS[0], REGIONS[0], start_us=start_us, end_us=end_us)
        assert found(segment, wanted) == expected


def test_a_place_cuts_exactly(segment: Segment, oracle: Oracle) -> None:
    scope = Scope(ACCOUNTS[1], REGIONS[0], MANAGEMENT)
    for attribute in (None, ("EventName", "CreateUser")):
        every = oracle.positions(scope.account, scope.region, attribute)
        times = {101 + index: time_us for index, time_us in enumerate(ENTRIES.times_us)}
        for number in range(0, len(every), 7):
            place = Place(times[every[number]], every[number])
            assert found(segment, Wanted(scope, attribute, before=place)) == every[number + 1 :]
        middle = Place(times[every[0]], 10**12)  # a place between events: nothing is there
        assert found(segment, Wanted(scope, attribute, before=middle)) == every


def test_text_of_every_row_is_the_evidence(segment: Segment) -> None:
    pages = Pages(2)
    _, positions = segment.places(np.arange(segment.rows))
    texts = {position: pages.text(segment, row) for row, position in enumerate(positions.tolist())}
    assert texts == {101 + index: body for index, body in enumerate(ENTRIES.bodies)}
    assert len(segment._page_rows) > 10


def test_keys_lead_to_their_rows(segment: Segment) -> None:
    keys = [event_key(ENTRIES.accounts[index], ENTRIES.regions[index], ENTRIES.event_ids[index]) for index in range(50)]
    shorts = np.sort(short_keys([*keys, event_key("x", "y", "z")]))
    asked, rows = segment.rows_with_keys(shorts)
    assert len(asked) == 50
    _, positions = segment.places(rows)
    assert sorted(positions.tolist()) == list(range(101, 151))


def test_an_index_is_the_same_however_much_of_it_is_made_at_a_time(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_sources(written)
    facts, arrays = index_of(table, written)
    monkeypatch.setattr(index_module, "_ENCODED_PAIRS", 3)
    monkeypatch.setattr(index_module, "_KEY_ROWS", 7)
    facts_in_pieces, arrays_in_pieces = index_of(table, written)
    assert facts_in_pieces == facts and arrays_in_pieces.keys() == arrays.keys()
    for name, array in arrays.items():
        assert arrays_in_pieces[name].dtype == array.dtype and np.array_equal(arrays_in_pieces[name], array), name


def test_the_last_fingerprint_of_all_ends_the_index() -> None:
    last = (1 << 64) - 1
    prints, starts, _ = index_module._encoded(np.array([5, last - 1, last], np.uint64))
    assert prints.tolist() == [0, 0xFFFFFFFF] and starts.tolist() == [0, 1, 7]


def test_it_can_be_read_after_its_files_are_gone(written: Path, tmp_path: Path, oracle: Oracle) -> None:
    copy = tmp_path / written.name
    shutil.copy(written, copy)
    shutil.copy(index_path(written), index_path(copy))
    segment = Segment.open(copy)
    copy.unlink()
    index_path(copy).unlink()
    scope = Scope(ACCOUNTS[0], REGIONS[1], MANAGEMENT)
    assert found(segment, Wanted(scope)) == oracle.positions(scope.account, scope.region)
    assert Pages(1).text(segment, 0) in ENTRIES.bodies


@pytest.fixture
def damageable(written: Path, tmp_path: Path) -> Iterator[Path]:
    copy = tmp_path / written.name
    shutil.copy(written, copy)
    shutil.copy(index_path(written), index_path(copy))
    yield copy


@pytest.mark.parametrize("place", [0, 9, 14, 40, 0.1, 0.5, 0.9, -1])
def test_a_damaged_index_is_built_again(damageable: Path, oracle: Oracle, place: float) -> None:
    index = index_path(damageable)
    whole = bytearray(index.read_bytes())
    at = int(place * len(whole)) if isinstance(place, float) else int(place)
    data = bytearray(whole)
    data[at] ^= 0x41
    index.write_bytes(data)
    scope = Scope(ACCOUNTS[0], REGIONS[0], MANAGEMENT)
    assert found(Segment.open(damageable), Wanted(scope)) == oracle.positions(scope.account, scope.region)
    read_index_file(index)  # whole again, or the damage was in padding


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other segment's", "other version's"])
def test_an_index_that_is_not_its_own_is_built_again(damageable: Path, damage: str) -> None:
    index = index_path(damageable)
    whole = index.read_bytes()
    if damage == "missing":
        index.unlink()
    elif damage == "empty":
        index.write_bytes(b"")
    elif damage == "cut":
        index.write_bytes(whole[: len(whole) // 2])
    else:
        facts, arrays = read_index_file(index)
        changed = "segment_bytes" if damage == "other segment's" else "layout"
        write_index_file(index, {**facts, changed: -1}, arrays)
    assert Segment.open(damageable).rows == COUNT
    assert index.read_bytes() == whole


def test_an_index_built_again_is_the_same(written: Path) -> None:
    facts, arrays = read_index_file(index_path(written))
    again_facts, again = index_of(read_sources(written), written)
    assert facts == again_facts
    assert {name: array.tolist() for name, array in arrays.items()} == {
        name: array.tolist() for name, array in again.items()
    }


def test_a_missing_segment_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SegmentCorrupt, match="cannot be read"):
        Segment.open(tmp_path / "gone.parquet")


def test_a_page_that_is_damaged_is_named(damageable: Path) -> None:
    segment = Segment.open(damageable)
    offset = int(segment._page_offsets[3])
    data = bytearray(damageable.read_bytes())
    data[offset : offset + 20] = b"\0" * 20
    damageable.write_bytes(data)
    with pytest.raises(SegmentCorrupt, match="eventjson"):
        Segment.open(damageable).page(3)


def test_an_index_file_of_another_version_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.index"
    write_index_file(path, {}, {"a": np.arange(3)})
    path.write_bytes(b"OTINDEX2" + path.read_bytes()[8:])
    with pytest.raises(IndexUnusable, match="version"):
        read_index_file(path)


def test_event_ids_are_looked_for_by_key(segment: Segment) -> None:
    scope = Scope(ENTRIES.accounts[7], ENTRIES.regions[7], MANAGEMENT)
    other = Scope("999999999999", ENTRIES.regions[7], MANAGEMENT)
    index = next(
        i
        for i in range(COUNT)
        if (ENTRIES.accounts[i], ENTRIES.regions[i]) == (scope.account, scope.region)
        and ENTRIES.categories[i] == MANAGEMENT
    )
    assert found(segment, Wanted(scope, (EVENT_ID, ENTRIES.event_ids[index]))) == [101 + index]
    assert found(segment, Wanted(other, (EVENT_ID, ENTRIES.event_ids[index]))) == []


@pytest.mark.parametrize("fraction_us", [0, 1, 999_999])
def test_times_may_be_finer_than_seconds(tmp_path: Path, fraction_us: int) -> None:
    entries = made_entries(300)
    times = [time_us + fraction_us * (number % 2) for number, time_us in enumerate(entries.times_us)]
    finer = type(entries)(
        entries.accounts, entries.regions, entries.categories, times, entries.event_ids, entries.bodies
    )
    segment = Segment.open(write_segment(tmp_path, [table_of([batch_of(finer)])], START_US).path)
    assert (segment.oldest_us, segment.newest_us) == (min(times), max(times))
    in_order = sorted((time_us, number + 1) for number, time_us in enumerate(times))
    places = segment.places(np.arange(300))
    assert list(zip(places[0].tolist(), places[1].tolist(), strict=True)) == in_order
    for row, (time_us, position) in enumerate(in_order):
        assert segment.row_of(time_us, position) == row
    for time_us in {times[0] - 1, times[0], times[0] + 1, times[7], times[7] + 500_000, min(times) - 10**12, 10**17}:
        older = sum(its < time_us for its in times)
        assert segment.row_of(time_us, 0) == older

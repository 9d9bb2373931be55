"""The hot tail: the same answers as a segment, from memory."""

import pytest

from opentrail import limits
from opentrail.segments.attributes import MANAGEMENT, Scope
from opentrail.segments.source import Pages, Place, Source, Wanted
from opentrail.segments.tail import Tail
from tests.segments.made_events import ACCOUNTS, REGIONS, START_US, Oracle, batch_of, made_entries


@pytest.fixture(params=[1, 50, 400])
def chunk_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(limits, "TAIL_CHUNK_ROWS", request.param)
    return int(request.param)


def filled(count: int = 600, step: int = 7) -> tuple[Tail, Oracle]:
    entries = made_entries(count)
    tail, oracle = Tail(), Oracle()
    for begin in range(0, count, step):
        tail.add([batch_of(entries.slice(begin, begin + step), first=1 + begin)], after=0)
    oracle.add(entries, 1)
    return tail, oracle


def found(sources: list[Source], wanted: Wanted) -> list[int]:
    hits = [
        (time_us, position)
        for source in sources
        for part in source.find(wanted)
        for time_us, position in zip(part.times_us, part.positions, strict=True)
    ]
    return [position for _, position in sorted(hits, reverse=True)]


def beyond(tail: Tail, position: int) -> list[Source]:
    return [source for part in tail.sources() if (source := part.beyond(position)) is not None]


@pytest.mark.usefixtures("chunk_rows")
def test_every_attribute_finds_what_looking_at_everything_finds() -> None:
    tail, oracle = filled()
    for account, region, category in oracle.scopes():
        scope = Scope(account, region, category)
        assert found(beyond(tail, 0), Wanted(scope)) == oracle.positions(account, region, None, category)
        for attribute, values in oracle.values(account, region, category).items():
            for value in sorted(values)[:15]:
                expected = oracle.positions(account, region, (attribute, value), category)
                assert found(beyond(tail, 0), Wanted(scope, (attribute, value))) == expected


@pytest.mark.usefixtures("chunk_rows")
def test_each_source_gives_its_newest_first_and_nothing_newer_than_it_says() -> None:
    tail, _ = filled()
    for source in beyond(tail, 0):
        for scope in (Scope(account, region, MANAGEMENT) for account in ACCOUNTS for region in REGIONS):
            places = [place for part in source.find(Wanted(scope)) for place in zip(*part[:2], strict=True)]
            assert places == sorted(places, reverse=True)
            assert all(time_us <= source.newest_us for time_us, _ in places)


@pytest.mark.usefixtures("chunk_rows")
def test_texts_are_the_evidence() -> None:
    tail, oracle = filled()
    pages, texts = Pages(4), {}
    for source in beyond(tail, 0):
        for account, region, category in oracle.scopes():
            for part in source.find(Wanted(Scope(account, region, category))):
                texts |= {at: pages.text(source, row) for at, row in zip(part.positions, part.rows, strict=True)}
    assert texts == oracle.bodies


@pytest.mark.parametrize("position", [0, 1, 49, 50, 333, 599, 600])
def test_only_what_lies_beyond_the_table_is_seen(chunk_rows: int, position: int) -> None:
    tail, oracle = filled()
    scope = Scope(ACCOUNTS[0], REGIONS[0], MANAGEMENT)
    expected = [at for at in oracle.positions(scope.account, scope.region) if at > position]
    assert found(beyond(tail, position), Wanted(scope)) == expected
    held = tail.sources()
    tail.drop_through(position)
    assert found(beyond(tail, position), Wanted(scope)) == expected
    assert tail.rows <= 600 - position + chunk_rows + 7
    still = [source for part in held if (source := part.beyond(0)) is not None]
    assert found(still, Wanted(scope)) == oracle.positions(scope.account, scope.region)


def test_dropping_everything_leaves_nothing() -> None:
    tail, _ = filled()
    tail.drop_through(600)
    assert (tail.rows, tail.sources()) == (0, [])


def test_what_the_table_has_is_not_taken_in() -> None:
    tail = Tail()
    entries = made_entries(10)
    tail.add([batch_of(entries.slice(0, 5), 1), batch_of(entries.slice(5, 10), 6)], after=7)
    assert tail.rows == 3


@pytest.mark.usefixtures("chunk_rows")
def test_ranges_and_places_cut_exactly() -> None:
    tail, oracle = filled()
    entries = made_entries(600)
    scope = Scope(ACCOUNTS[1], REGIONS[1], MANAGEMENT)
    every = oracle.positions(scope.account, scope.region)
    for start, end in ((-40, 5), (10, 30), (20, 20), (30, 10)):
        start_us, end_us = START_US + start * 1_000_000, START_US + end * 1_000_000
        expected = oracle.positions(scope.account, scope.region, start_us=start_us, end_us=end_us)
        assert found(beyond(tail, 0), Wanted(scope, None, start_us, end_us)) == expected
    for number in range(0, len(every), 11):
        place = Place(entries.times_us[every[number] - 1], every[number])
        assert found(beyond(tail, 0), Wanted(scope, before=place)) == every[number + 1 :]

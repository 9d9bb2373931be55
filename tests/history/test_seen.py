"""Dedupe for imports: exact, over table, journal and what was let through."""

import random

import pytest

from opentrail.history import known_keys
from opentrail.history.known_keys import KnownKeys
from opentrail.history.seen import Seen
from opentrail.journal import Entries
from tests.history.rig import Rig
from tests.segments.made_events import made_entries


def test_events_of_the_table_are_known(rig: Rig) -> None:
    entries = made_entries(500, seed=1)
    rig.append(entries.slice(0, 300))
    rig.commit()
    rig.append(entries.slice(300, 400))
    rig.commit()
    assert Seen(rig.tables, rig.journal).new_mask(entries) == [False] * 400 + [True] * 100


@pytest.mark.parametrize("origin", ["live", "import"])
def test_events_of_the_journal_are_known_before_any_commit(rig: Rig, origin: str) -> None:
    entries = made_entries(100)
    rig.append(entries.slice(0, 60), origin)
    assert Seen(rig.tables, rig.journal).new_mask(entries) == [False] * 60 + [True] * 40


@pytest.mark.parametrize("origin", ["import:store", "channel:x"])
def test_events_of_a_store_are_not_in_history(rig: Rig, origin: str) -> None:
    entries = made_entries(10)
    rig.append(entries, origin)
    assert Seen(rig.tables, rig.journal).new_mask(entries) == [True] * 10


def test_what_was_let_through_is_known(rig: Rig) -> None:
    seen = Seen(rig.tables, rig.journal)
    entries = made_entries(100)
    assert seen.new_mask(entries) == [True] * 100
    assert seen.new_mask(entries) == [False] * 100


def test_of_equal_events_in_a_batch_the_first_is_new(rig: Rig) -> None:
    entries = made_entries(3)
    twice = Entries.concat([entries, entries])
    assert Seen(rig.tables, rig.journal).new_mask(twice) == [True] * 3 + [False] * 3


def test_account_region_and_id_count_together(rig: Rig) -> None:
    entries = made_entries(50)
    rig.append(entries)
    rig.commit()
    seen = Seen(rig.tables, rig.journal)
    elsewhere = Entries(
        ["000000000000"] * 50, entries.regions, entries.categories, entries.times_us, entries.event_ids, entries.bodies
    )
    assert seen.new_mask(elsewhere) == [True] * 50
    other_region = Entries(
        entries.accounts, ["mars-1"] * 50, entries.categories, entries.times_us, entries.event_ids, entries.bodies
    )
    assert seen.new_mask(other_region) == [True] * 50
    assert seen.new_mask(entries) == [False] * 50


def test_what_others_add_meanwhile_is_known(rig: Rig) -> None:
    seen = Seen(rig.tables, rig.journal)
    live, committed = made_entries(20, seed=1), made_entries(20, seed=2)
    rig.append(live)
    assert seen.new_mask(live) == [False] * 20
    rig.append(committed, "import")  # another importer's, known once it is in the table
    rig.commit()
    assert seen.new_mask(committed) == [False] * 20


def test_a_commit_while_importing_changes_nothing(rig: Rig) -> None:
    seen = Seen(rig.tables, rig.journal)
    entries = made_entries(300)
    for begin in range(0, 300, 100):
        part = entries.slice(begin, begin + 100)
        assert seen.new_mask(part) == [True] * 100
        rig.append(part, "import")
        rig.commit()
        assert seen.new_mask(part) == [False] * 100


def test_a_hit_of_half_a_key_is_verified_on_the_record(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event gets the same short key: all that tells them apart is the record."""
    import hashlib

    from opentrail.history import seen as seen_module
    from opentrail.segments import index

    def colliding(accounts: list[str], regions: list[str], event_ids: list[str]) -> list[bytes]:
        rows = zip(accounts, regions, event_ids, strict=True)
        return [b"same key" + hashlib.blake2b(repr(row).encode(), digest_size=8).digest() for row in rows]

    monkeypatch.setattr(index, "event_keys", colliding)
    monkeypatch.setattr(seen_module, "event_keys", colliding)
    entries = made_entries(60)
    rig.append(entries.slice(0, 30))
    rig.commit()
    seen = Seen(rig.tables, rig.journal)
    assert seen.new_mask(entries) == [False] * 30 + [True] * 30
    assert seen.new_mask(entries) == [False] * 60


def test_many_keys_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_keys, "_FRESH_KEYS", 50)
    rng = random.Random(2)
    keys = [rng.randbytes(16) for _ in range(3000)]
    known = KnownKeys()
    for key in keys[:2000]:
        known.add(key)
    assert len(known) == 2000
    assert len(known._runs) < 10
    assert known.known(keys) == [True] * 2000 + [False] * 1000
    halves = [keys[0][:8] + bytes(8), bytes(8) + keys[0][8:]]
    assert known.known(halves) == [False, False]

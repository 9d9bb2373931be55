"""The memory of what came in of late: exact, bounded, the newest kept."""

import os

from opentrail.lake.audit_events.recent import KEY_BYTES, RecentKeys


def keys(count: int) -> list[bytes]:
    random = os.urandom(count * KEY_BYTES)
    return [random[start : start + KEY_BYTES] for start in range(0, len(random), KEY_BYTES)]


def test_what_was_added_is_known_and_nothing_else():
    recent, added, others = RecentKeys(65_536), keys(4000), keys(4000)
    for start in range(0, 4000, 100):
        recent.add(added[start : start + 100])
    assert recent.known(added) == [True] * 4000
    assert recent.known(others) == [False] * 4000
    assert recent.known([others[0], added[0]]) == [False, True]


def test_the_newest_eighth_is_always_there():
    recent, all_keys = RecentKeys(16_384), keys(200_000)
    for start in range(0, len(all_keys), 100):
        recent.add(all_keys[start : start + 100])
    assert all(recent.known(all_keys[-2048:]))
    assert not any(recent.known(all_keys[:100_000])), "the oldest are forgotten"


def test_many_keys_of_one_bucket_take_its_places_in_turn():
    recent = RecentKeys(64)
    same = [bytes(8) + number.to_bytes(8, "little") for number in range(1, 40)]
    recent.add(same)
    assert sum(recent.known(same)) == 16
    recent.add([same[0]])
    assert recent.known(same[:1]) == [True]

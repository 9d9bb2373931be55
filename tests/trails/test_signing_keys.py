"""Keys that sign digests: one in force, others listed, private halves sealed."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text

from opentrail.accounts.faults import SecretsSealedOtherwise
from opentrail.clock import MICROSECONDS, SettableClock
from opentrail.trails.signing_keys import OVERLAP_SECONDS, SigningKeys
from tests.trails.rig import MASTER_KEY, Rig

DAY = 86_400


def test_a_region_has_one_key_in_force_which_is_listed_as_pkcs_1(rig: Rig) -> None:
    key = rig.keys.current("eu-west-1")
    assert rig.keys.current("eu-west-1") is key
    [listed] = rig.keys.listed("eu-west-1")
    assert listed.fingerprint == key.fingerprint and len(listed.value) == 270
    assert listed.rsa.public_numbers() == key.private.public_key().public_numbers()
    assert rig.keys.listed("us-east-1") == [] and rig.keys.regions() == ["eu-west-1"]


def test_a_new_process_signs_with_the_same_key(rig: Rig) -> None:
    key = rig.keys.current("eu-west-1")
    again = SigningKeys(rig.engine, MASTER_KEY, rig.clock, 90).current("eu-west-1")
    assert again.private.private_numbers() == key.private.private_numbers()


def test_private_keys_are_sealed_and_another_master_key_does_not_open_them(rig: Rig) -> None:
    key = rig.keys.current("eu-west-1")
    plain = key.private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with rig.engine.connect() as connection:
        kept = connection.execute(text("SELECT private_key FROM signing_keys")).scalar_one()
    assert plain not in kept and plain[30:60] not in kept
    with pytest.raises(SecretsSealedOtherwise):
        SigningKeys(rig.engine, bytes(32), rig.clock, 90).current("eu-west-1")


def test_keys_rotate_by_time_with_overlapping_validity_and_stay_listed(tmp_path: Path, clock: SettableClock) -> None:
    rig = Rig(tmp_path, clock, key_rotation_days=30)
    first = rig.keys.current("eu-west-1")
    clock.advance(31 * DAY)
    second = rig.keys.current("eu-west-1")
    assert second.fingerprint != first.fingerprint
    old, new = rig.keys.listed("eu-west-1")
    assert new.valid_from_us <= old.valid_to_us + DAY * MICROSECONDS
    assert old.valid_to_us >= new.valid_from_us - 1  # no moment without a valid key
    clock.advance(400 * DAY)
    past = clock.now_us() - 425 * DAY * MICROSECONDS
    assert [key.fingerprint for key in rig.keys.listed("eu-west-1", past, past)] == [first.fingerprint]
    rig.close()


def test_rotation_by_hand_takes_over_at_once_and_ends_the_old_key_after_the_overlap(rig: Rig) -> None:
    first = rig.keys.current("eu-west-1")
    rig.clock.advance(10)
    [made] = rig.keys.rotate(["eu-west-1"])
    assert SigningKeys(rig.engine, MASTER_KEY, rig.clock, 90).current("eu-west-1").fingerprint == made.fingerprint
    old, new = rig.keys.listed("eu-west-1")
    assert (old.fingerprint, new.fingerprint) == (first.fingerprint, made.fingerprint)
    assert old.valid_to_us == rig.clock.now_us() + OVERLAP_SECONDS * MICROSECONDS


def test_two_processes_that_make_the_first_key_agree_on_one(rig: Rig) -> None:
    other = SigningKeys(rig.engine, MASTER_KEY, rig.clock, 90)
    late = other._replace("eu-west-1", rig.clock.now_us(), unless_newer_than=None)
    mine = rig.keys._replace("eu-west-1", rig.clock.now_us(), unless_newer_than=None)
    assert mine.fingerprint == late.fingerprint and len(rig.keys.listed("eu-west-1")) == 1

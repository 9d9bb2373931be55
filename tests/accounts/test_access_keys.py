"""Keys are found, learned, switched off and deleted; secrets are never on disk in the clear."""

import dataclasses
import threading

import pytest
from sqlalchemy import text, update

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.faults import SecretsSealedOtherwise
from opentrail.accounts.principal import assumed_role, iam_user, root
from opentrail.catalog.database import open_catalog
from opentrail.catalog.tables import access_keys
from opentrail.clock import SettableClock

MASTER = b"m" * 32
ROOT = AccessKey("test", "test", root("123456789012"))
USER = AccessKey("AKIAUSER", "user secret", iam_user("111122223333", "dana", "AIDADANA", "/ops/"))
SESSION = AccessKey(
    "ASIASESSION",
    "session secret",
    assumed_role(
        "arn:aws:iam::111122223333:role/ci/Deployer", "AROAROLE", "build-7", 1_000_000, source_identity="dana"
    ),
    session_token="the token",
    expires_at_us=10_000_000,
)


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def engine(tmp_path):
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine, clock):
    keys = AccessKeys(engine, MASTER, [ROOT], clock)
    yield keys
    keys.close()


def test_configured_keys_are_found_and_stay(keys, engine):
    assert keys.find("test") == ROOT
    keys.learn(dataclasses.replace(USER, access_key_id="test"))
    assert keys.find("test") == ROOT
    assert not keys.set_status("test", "Inactive")
    assert not keys.delete("test")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM access_keys")).scalar_one() == 0


def test_unknown_keys_are_none(keys):
    assert keys.find("AKIANOBODY") is None
    assert keys.find("AKIANOBODY") is None
    assert not keys.set_status("AKIANOBODY", "Inactive")
    assert not keys.delete("AKIANOBODY")


def test_learned_keys_survive_a_restart(keys, engine, clock):
    far_off = dataclasses.replace(SESSION, expires_at_us=clock.now_us() + 1_000_000)
    for key in (USER, far_off):
        assert keys.find(key.access_key_id) is None
        keys.learn(key)
        assert keys.find(key.access_key_id) == key
    again = AccessKeys(engine, MASTER, [ROOT], clock)
    assert again.find("AKIAUSER") == USER
    assert again.find("ASIASESSION") == far_off
    again.close()


def test_secrets_are_sealed_on_disk(keys, engine, tmp_path):
    keys.learn(USER)
    keys.learn(SESSION)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"AKIAUSER" in files
    for secret in (USER.secret, SESSION.secret, SESSION.session_token):
        assert secret.encode() not in files
        assert secret not in repr([USER, SESSION])


def test_another_master_key_is_refused_at_once(keys, engine, clock):
    keys.learn(USER)
    with pytest.raises(SecretsSealedOtherwise, match="restore secrets/"):
        AccessKeys(engine, b"n" * 32, [], clock)


def test_a_row_cannot_be_passed_off_as_another(keys, engine, clock):
    keys.learn(USER)
    keys.learn(dataclasses.replace(USER, access_key_id="AKIAOTHER", principal=root("123456789012")))
    with engine.begin() as connection:  # the user's secret, the root's identity
        row = connection.execute(text("SELECT principal FROM access_keys WHERE access_key_id = 'AKIAOTHER'")).one()
        connection.execute(
            update(access_keys).where(access_keys.c.access_key_id == "AKIAUSER").values(principal=row.principal)
        )
    clock.advance(1)
    with pytest.raises(SecretsSealedOtherwise):
        keys.find("AKIAUSER")


def test_keys_are_switched_off_and_on_and_deleted(keys):
    keys.learn(USER)
    assert keys.set_status("AKIAUSER", "Inactive")
    assert keys.find("AKIAUSER").status == "Inactive"
    assert keys.set_status("AKIAUSER", "Active")
    assert keys.find("AKIAUSER") == USER
    assert keys.delete("AKIAUSER")
    assert keys.find("AKIAUSER") is None
    assert not keys.delete("AKIAUSER")


def test_a_key_learned_again_replaces_the_old_one(keys):
    keys.learn(USER)
    keys.learn(dataclasses.replace(USER, secret="new"))
    assert keys.find("AKIAUSER").secret == "new"


def test_expired_keys_are_known_to_be_expired_for_a_while(keys, clock, engine):
    key = dataclasses.replace(SESSION, expires_at_us=clock.now_us() + 60_000_000)
    keys.learn(key)
    assert not keys.find("ASIASESSION").expired(clock.now_us())
    clock.advance(60)
    assert keys.find("ASIASESSION").expired(clock.now_us())
    clock.advance(limits.EXPIRED_KEY_SECONDS + 1)
    assert keys.find("ASIASESSION").expired(clock.now_us())
    keys.learn(USER)
    clock.advance(1)
    again = AccessKeys(engine, MASTER, [], clock)
    assert again.find("ASIASESSION") is None
    again.close()


def test_what_another_process_changes_is_seen_soon(keys, tmp_path, clock):
    elsewhere = open_catalog(tmp_path)
    other = AccessKeys(elsewhere, MASTER, [ROOT], clock)
    assert keys.find("AKIAUSER") is None
    other.learn(USER)
    assert keys.find("AKIAUSER") == USER, "a worker's answer has told its caller of it"
    other.delete("AKIAUSER")
    clock.advance(limits.ACCESS_KEY_REFRESH_SECONDS)
    assert keys.find("AKIAUSER") is None
    other.close()
    elsewhere.dispose()


def test_a_flood_of_unknown_keys_is_not_remembered_for_ever(keys, monkeypatch):
    monkeypatch.setattr(limits, "ACCESS_KEYS_IN_MEMORY", 10)
    keys.learn(USER)
    for number in range(50):
        assert keys.find(f"AKIA{number}") is None
    assert len(keys._remembered) == 10
    assert keys.find("AKIAUSER") == USER


def test_many_threads_learn_and_find(keys):
    def work(number):
        for index in range(10):
            key = dataclasses.replace(USER, access_key_id=f"AKIA{number}-{index}")
            keys.learn(key)
            assert keys.find(key.access_key_id) == key

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(keys.find(f"AKIA{number}-{index}") for number in range(4) for index in range(10))

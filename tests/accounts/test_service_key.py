"""A service of ours has one key, the same everywhere, that nobody else can make."""

import pytest

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.identity import user_identity
from opentrail.accounts.service_key import service_key
from opentrail.catalog.database import open_catalog

MASTER = b"m" * 32
ACCOUNT = "123456789012"


@pytest.fixture
def engine(tmp_path):
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


def test_every_process_has_the_same_key_and_finds_it_also_after_a_restart(engine):
    worker, doors = AccessKeys(engine, MASTER), AccessKeys(engine, MASTER)
    key = service_key(worker, MASTER, ACCOUNT)
    assert doors.find(key.access_key_id) == key
    assert service_key(doors, MASTER, ACCOUNT) == key
    restarted = AccessKeys(engine, MASTER)
    assert service_key(restarted, MASTER, ACCOUNT) == key == restarted.find(key.access_key_id)
    for keys in (worker, doors, restarted):
        keys.close()


def test_another_account_service_or_server_has_another_key(engine, tmp_path):
    keys = AccessKeys(engine, MASTER)
    other_engine = open_catalog(tmp_path / "other")
    other = AccessKeys(other_engine, b"n" * 32)
    made = [
        service_key(keys, MASTER, ACCOUNT),
        service_key(keys, MASTER, "210987654321"),
        service_key(keys, MASTER, ACCOUNT, "events.amazonaws.com"),
        service_key(other, b"n" * 32, ACCOUNT),
    ]
    assert len({key.access_key_id for key in made}) == len({key.secret for key in made}) == 4
    keys.close()
    other.close()
    other_engine.dispose()


def test_the_secret_is_neither_printed_nor_on_disk(engine, tmp_path):
    keys = AccessKeys(engine, MASTER)
    key = service_key(keys, MASTER, ACCOUNT)
    assert key.secret not in repr(key)
    keys.close()
    engine.dispose()
    assert all(key.secret.encode() not in file.read_bytes() for file in tmp_path.glob("catalog.db*"))


def test_the_identity_is_the_service_and_nothing_else(engine):
    keys = AccessKeys(engine, MASTER)
    key = service_key(keys, MASTER, ACCOUNT)
    assert user_identity(key.principal, key.access_key_id) == {
        "type": "AWSService",
        "invokedBy": "cloudtrail.amazonaws.com",
    }
    assert key.principal.account == ACCOUNT
    keys.close()

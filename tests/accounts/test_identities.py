"""Users, roles and pools are kept for every process; keys stop with who owns them."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from opentrail import limits
from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.identities import Identities, Identity
from opentrail.accounts.principal import (
    Principal,
    Session,
    assumed_role,
    iam_user,
    issuer_of,
    own_user_id,
    owner_of,
    renamed,
    root,
)
from opentrail.catalog import tables
from opentrail.catalog.database import open_catalog
from opentrail.clock import SettableClock

ACCOUNT = "111122223333"
DANA = Identity(ACCOUNT, "user", "dana", "AIDADANA", f"arn:aws:iam::{ACCOUNT}:user/dana")


@pytest.fixture
def engine(tmp_path):
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine):
    keys = AccessKeys(engine, b"m" * 32)
    yield keys
    keys.close()


def test_what_one_process_saw_another_finds(engine):
    Identities(engine, SettableClock()).keep(DANA)
    other = Identities(engine, SettableClock())
    assert other.find(ACCOUNT, "user", "dana") == DANA
    assert other.find("999999999999", "user", "dana") is None
    assert other.find(ACCOUNT, "role", "dana") is None
    other.keep(replace(DANA, identity_id="AIDANEW"))
    assert other.find(ACCOUNT, "user", "dana").identity_id == "AIDANEW"
    other.forget(ACCOUNT, "user", "dana")
    assert other.find(ACCOUNT, "user", "dana") is None


def test_pools_are_found_in_whichever_account(engine):
    identities = Identities(engine, SettableClock())
    pool = Identity(ACCOUNT, "identity-pool", "eu-west-1:pool", facts={"authenticated": "arn"})
    identities.keep(pool)
    assert identities.find_anywhere("identity-pool", "eu-west-1:pool") == pool


def test_end_users_do_not_fill_the_catalog(engine, monkeypatch):
    monkeypatch.setattr(limits, "POOL_IDENTITIES_KEPT", 10)
    clock = SettableClock()
    identities = Identities(engine, clock)
    identities.keep(DANA)
    for number in range(600):
        clock.advance(1)
        identities.keep(Identity(ACCOUNT, "pool-identity", f"id-{number}", facts={"pool": "p"}))
    with engine.connect() as connection:
        kept = connection.execute(select(func.count()).select_from(tables.identities)).scalar_one()
    assert kept < 10 + 256 + 1
    assert identities.find(ACCOUNT, "pool-identity", "id-599") is not None
    assert identities.find(ACCOUNT, "user", "dana") == DANA


def test_keys_stop_with_their_user_in_every_process(engine, keys):
    dana, other = iam_user(ACCOUNT, "dana", "AIDADANA"), iam_user("999999999999", "dana", "AIDAOTHER")
    session = replace(dana, session=Session(None, 1))
    guest = Principal(ACCOUNT, "FederatedUser", "x", "y", None, Session(issuer_of(dana), 1))
    role = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/dana", "AROA", "s", 1)
    for number, principal in enumerate((dana, session, guest, other, role, root(ACCOUNT))):
        keys.learn(AccessKey(f"AKIA{number}", "s", principal))
    assert keys.stop_owned_by(ACCOUNT, "user", "dana") == 3
    again = AccessKeys(engine, b"m" * 32)
    statuses = [again.find(f"AKIA{number}").status for number in range(6)]
    assert statuses == ["Inactive"] * 3 + ["Active"] * 3
    assert [key.access_key_id for key in again.owned_by(ACCOUNT, "role", "dana")] == ["AKIA4"]
    again.close()


def test_a_key_without_a_secret_proves_nothing():
    assert not AccessKey("AKIA", "", root(ACCOUNT)).proves
    assert AccessKey("AKIA", "s", root(ACCOUNT)).proves
    assert not AccessKey("AKIA", "s", root(ACCOUNT), status="Inactive").proves


def test_owners():
    role = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/p/r", "AROA", "s", 1)
    assert owner_of(iam_user(ACCOUNT, "dana", "AIDADANA")) == ("user", "dana")
    assert owner_of(role) == ("role", "r")
    assert owner_of(root(ACCOUNT)) == ("", "")
    assert owner_of(replace(root(ACCOUNT), session=Session(issuer_of(root(ACCOUNT)), 1))) == ("", "")


def test_a_renamed_user_takes_its_federated_users_along():
    dana, dora = iam_user(ACCOUNT, "dana", "AIDADANA"), iam_user(ACCOUNT, "dora", "AIDADANA")
    guest = Principal(ACCOUNT, "FederatedUser", "x", "y", None, Session(issuer_of(dana), 7))
    assert renamed(guest, dora).session == Session(issuer_of(dora), 7)
    assert renamed(replace(dana, session=Session(None, 7)), dora) == replace(dora, session=Session(None, 7))


def test_users_of_the_settings_have_a_lasting_id_of_aws_form():
    assert own_user_id(ACCOUNT, "dana") == own_user_id(ACCOUNT, "dana") != own_user_id("999999999999", "dana")
    assert own_user_id(ACCOUNT, "dana").startswith("AIDA") and len(own_user_id(ACCOUNT, "dana")) == 21

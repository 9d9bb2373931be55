"""Changes of principals: by AWS's rules, told before they are there, obeyed at once."""

from dataclasses import replace

import pytest

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.administration import Change, Changes, IdentityChanges
from opentrail.accounts.administration.changes import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from opentrail.accounts.policy import PolicyUnreadable
from opentrail.accounts.principal import iam_user
from opentrail.catalog.principals import find_principal
from tests.accounts.household import ACCOUNT, ALLOW_ALL, OTHER, Household

TRUST = '{"Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}}'


def test_a_change_that_cannot_be_told_does_not_happen(household: Household):
    def tell(change: Change) -> None:
        raise OSError("the journal is full")

    silent = IdentityChanges(Changes(household.engine, household.clock, tell), household.own_keys)
    with pytest.raises(OSError, match="full"):
        silent.create_user(ACCOUNT, "dana")
    with household.engine.connect() as connection:
        assert find_principal(connection, ACCOUNT, "user", "dana") is None


def test_every_operation_is_told_by_awss_name(household: Household):
    household.identities.create_user(ACCOUNT, "dana", "/ops/")
    policy = household.policies.create(ACCOUNT, "all", ALLOW_ALL)
    household.identities.attach(ACCOUNT, "user", "dana", policy.arn)
    household.identities.set_boundary(ACCOUNT, "user", "dana", policy.arn)
    household.policies.update(ACCOUNT, "all", ALLOW_ALL.replace("*", "s3:*", 1))
    key = household.keys.create(ACCOUNT, "dana")
    household.keys.set_status(key.access_key_id, "Inactive")
    household.identities.create_role(ACCOUNT, "auditor", TRUST % "*")
    household.identities.set_trust(ACCOUNT, "auditor", TRUST % ACCOUNT)
    household.identities.set_boundary(ACCOUNT, "user", "dana", None)
    household.identities.detach(ACCOUNT, "user", "dana", policy.arn)
    household.keys.delete(key.access_key_id)
    household.policies.delete(ACCOUNT, "all")
    assert household.names() == [
        "CreateUser", "CreatePolicy", "AttachUserPolicy", "PutUserPermissionsBoundary", "CreatePolicyVersion",
        "CreateAccessKey", "UpdateAccessKey", "CreateRole", "UpdateAssumeRolePolicy",
        "DeleteUserPermissionsBoundary", "DetachUserPolicy", "DeleteAccessKey", "DeletePolicy",
    ]  # fmt: skip
    assert {(change.account, change.source) for change in household.told} == {(ACCOUNT, "iam.amazonaws.com")}
    assert household.told[0].elements is not None
    assert household.told[0].elements["user"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/ops/dana"
    assert key.secret not in repr(household.told)


def test_a_deleted_user_takes_along_what_it_had_each_with_its_event(household: Household):
    household.user("dana", ALLOW_ALL)
    keys = [household.keys.create(ACCOUNT, "dana") for _ in range(2)]
    household.told.clear()
    household.identities.delete(ACCOUNT, "user", "dana")
    assert household.names() == ["DeleteAccessKey", "DeleteAccessKey", "DetachUserPolicy", "DeleteUser"]
    household.later()
    assert [household.access_keys.find(key.access_key_id) for key in keys] == [None, None]
    with pytest.raises(NoSuchEntity):
        household.identities.delete(ACCOUNT, "user", "dana")


def test_who_is_trusted_by_name_cannot_be_deleted(household: Household):
    dana = household.user("dana")
    household.role("auditor", TRUST % dana.arn.replace("/", "\\/"), account=OTHER)
    with pytest.raises(DeleteConflict, match="auditor"):
        household.identities.delete(ACCOUNT, "user", "dana")
    household.identities.set_trust(OTHER, "auditor", TRUST % OTHER)
    household.identities.delete(ACCOUNT, "user", "dana")


def test_keys_are_two_at_most_and_rotation_switches_the_old_one_off(household: Household):
    household.user("dana")
    first = household.keys.create(ACCOUNT, "dana")
    second = household.keys.rotate(first.access_key_id)
    household.later()
    assert household.access_keys.find(second.access_key_id) == second and second.managed and second.proves
    old = household.access_keys.find(first.access_key_id)
    assert old == replace(first, status="Inactive")
    for act in (lambda: household.keys.create(ACCOUNT, "dana"), lambda: household.keys.rotate(second.access_key_id)):
        with pytest.raises(LimitExceeded):
            act()
    assert {key.access_key_id for key in household.keys.all(ACCOUNT)} == {first.access_key_id, second.access_key_id}
    root = household.keys.create(ACCOUNT, None)
    assert root.principal.type == "Root"


def test_a_closed_account_has_no_good_key(household: Household):
    key = household.keys.create(OTHER, None)
    household.accounts.close(OTHER)
    household.later()
    found = household.access_keys.find(key.access_key_id)
    assert found is not None and not found.proves
    household.accounts.reopen(OTHER)
    household.later()
    assert household.access_keys.find(key.access_key_id) == key
    with pytest.raises(InvalidInput, match="management"):
        household.accounts.close(ACCOUNT)


def test_traffic_changes_no_key_of_our_own(household: Household):
    dana = household.user("dana")
    key = household.keys.create(ACCOUNT, "dana")
    household.access_keys.learn(AccessKey(key.access_key_id, "another", iam_user(ACCOUNT, "eve", "AIDAEVE")))
    assert not household.access_keys.set_status(key.access_key_id, "Inactive")
    assert not household.access_keys.delete(key.access_key_id)
    assert household.access_keys.stop_owned_by(ACCOUNT, "user", "dana") == 0
    household.later()
    assert household.access_keys.find(key.access_key_id) == key and key.principal == dana


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "x" * 65, "a\n"])
def test_names_that_are_none_are_refused(household: Household, name: str):
    for act in (
        lambda: household.identities.create_user(ACCOUNT, name),
        lambda: household.identities.create_role(ACCOUNT, name, TRUST % "*"),
        lambda: household.identities.create_user(ACCOUNT, "dana", name or "//"),
    ):
        with pytest.raises(InvalidInput):
            act()
    assert household.told == []


def test_what_is_there_already_or_not_at_all_is_named(household: Household):
    household.user("dana", ALLOW_ALL)
    bad_trust = ALLOW_ALL, '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*","Resource":"*"}}'
    for fault, act in (
        (EntityAlreadyExists, lambda: household.identities.create_user(ACCOUNT, "dana")),
        (EntityAlreadyExists, lambda: household.policies.create(ACCOUNT, "dana-0", ALLOW_ALL)),
        (EntityAlreadyExists, lambda: household.policies.create(ACCOUNT, "AdministratorAccess", ALLOW_ALL)),
        (EntityAlreadyExists, lambda: household.accounts.create("again", OTHER)),
        (EntityAlreadyExists, lambda: household.accounts.make_management("second")),
        (DeleteConflict, lambda: household.policies.delete(ACCOUNT, "dana-0")),
        (NoSuchEntity, lambda: household.identities.create_user("999999999999", "dana")),
        (NoSuchEntity, lambda: household.keys.create(ACCOUNT, "nobody")),
        (NoSuchEntity, lambda: household.policies.update(ACCOUNT, "AdministratorAccess", ALLOW_ALL)),
        (NoSuchEntity, lambda: household.identities.attach(ACCOUNT, "user", "dana", "arn:aws:iam::aws:policy/None")),
        (NoSuchEntity, lambda: household.identities.detach(ACCOUNT, "user", "dana", "arn:aws:iam::aws:policy/None")),
        (InvalidInput, lambda: household.accounts.create("x", "12345")),
        (InvalidInput, lambda: household.role("r", TRUST % "*", seconds=60)),
        (PolicyUnreadable, lambda: household.role("r", bad_trust[0])),
        (PolicyUnreadable, lambda: household.role("r", bad_trust[1])),
        (PolicyUnreadable, lambda: household.policies.create(ACCOUNT, "p", "{}")),
    ):
        before = len(household.told)
        with pytest.raises(fault):
            act()
        assert len(household.told) == before


def test_a_policy_of_another_account_cannot_be_attached(household: Household):
    household.user("dana")
    foreign = household.policies.create(OTHER, "theirs", ALLOW_ALL)
    with pytest.raises(NoSuchEntity):
        household.identities.attach(ACCOUNT, "user", "dana", foreign.arn)

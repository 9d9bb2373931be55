"""The organization in the catalog: who manages it, who is registered, who came and who left."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from opentrail.accounts.organizations import Organizations
from opentrail.catalog.database import open_catalog
from opentrail.catalog.organizations import StoredOrganization
from opentrail.clock import SettableClock, SystemClock
from opentrail.errors import ClientError

MANAGER = "111122223333"
MEMBERS = tuple(f"22223333444{n}" for n in range(5))
TOLD = StoredOrganization("o-exampleorgid", MANAGER, MEMBERS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_catalog(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def organizations(engine: Engine) -> Organizations:
    found = Organizations(engine, SystemClock())
    assert found.take(TOLD) and not found.take(TOLD)
    return found


def admins(organizations: Organizations) -> tuple[str, ...]:
    organizations._forget()
    now = organizations.now()
    assert now is not None
    return now.delegated_admins


def refused(organizations: Organizations, caller: str, account: str, what: str = "register") -> str:
    with pytest.raises(ClientError) as refusal:
        getattr(organizations, what)(caller, account)
    return refusal.value.code


def test_three_delegated_administrators_at_most(organizations: Organizations) -> None:
    for member in MEMBERS[:3]:
        organizations.register(MANAGER, member)
    assert set(admins(organizations)) == set(MEMBERS[:3])
    assert refused(organizations, MANAGER, MEMBERS[3]) == "DelegatedAdminAccountLimitExceededException"
    assert refused(organizations, MANAGER, MEMBERS[0]) == "AccountRegisteredException"
    organizations.deregister(MANAGER, MEMBERS[0])
    organizations.register(MANAGER, MEMBERS[3])
    assert set(admins(organizations)) == set(MEMBERS[1:4])


@pytest.mark.parametrize(
    ("caller", "account", "code"),
    [
        ("999999999999", MEMBERS[0], "OrganizationsNotInUseException"),
        (MEMBERS[0], MEMBERS[1], "NotOrganizationManagementAccountException"),
        (MANAGER, MANAGER, "CannotDelegateManagementAccountException"),
        (MANAGER, "999999999999", "AccountNotFoundException"),
        (MANAGER, "12", "InvalidParameterException"),
    ],
)
def test_who_may_be_registered_by_whom(organizations: Organizations, caller: str, account: str, code: str) -> None:
    assert refused(organizations, caller, account) == code
    assert admins(organizations) == ()


def test_who_is_no_administrator_cannot_be_removed(organizations: Organizations) -> None:
    assert refused(organizations, MANAGER, MEMBERS[0], "deregister") == "AccountNotRegisteredException"
    assert refused(organizations, MANAGER, "999999999999", "deregister") == "AccountNotFoundException"
    assert refused(organizations, MEMBERS[1], MEMBERS[0], "deregister") == "NotOrganizationManagementAccountException"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (StoredOrganization("o-exampleorgid", MANAGER, MEMBERS, all_features=False), "NotInAllFeaturesMode"),
        (StoredOrganization("o-exampleorgid", MANAGER, MEMBERS, trusts_cloudtrail=False), "CloudTrailAccessNotEnabled"),
        (None, "OrganizationsNotInUse"),
    ],
)
def test_the_organization_must_be_ready(
    organizations: Organizations, told: StoredOrganization | None, code: str
) -> None:
    organizations.take(told)
    assert code in refused(organizations, MANAGER, MEMBERS[0])


def test_who_left_is_no_administrator_when_it_comes_back(organizations: Organizations) -> None:
    organizations.register(MANAGER, MEMBERS[0])
    organizations.take(StoredOrganization(TOLD.id, MANAGER, MEMBERS[1:]))
    assert admins(organizations) == ()
    organizations.take(TOLD)
    assert admins(organizations) == ()


def test_another_process_sees_a_change_within_a_moment(organizations: Organizations, engine: Engine) -> None:
    clock = SettableClock()
    other = Organizations(engine, clock)
    assert other.now() is not None
    organizations.register(MANAGER, MEMBERS[0])
    clock.advance(0.3)
    now = other.now()
    assert now is not None and now.is_administered_by(MEMBERS[0]) and not now.is_administered_by(MEMBERS[1])

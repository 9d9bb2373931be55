"""What policies in the catalog allow: nothing by default, at once when they change, to nobody of the same name."""

from dataclasses import replace

from opentrail.accounts.policy import Policies, Request, decide
from opentrail.accounts.policy_caller import caller_of
from opentrail.accounts.principal import Principal, Session, assumed_role, iam_user, root
from tests.accounts.household import ACCOUNT, ALLOW_ALL, OTHER, Household

READS = '{"Statement":{"Effect":"Allow","Action":"cloudtrail:Get*","Resource":"*"}}'
TRUST = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}'


def may(household: Household, principal: Principal, action: str = "cloudtrail:GetTrail") -> bool:
    policies = household.attached.of(principal)
    return decide(policies if policies is not None else Policies(), Request(caller_of(principal), action, "*")).allows


def test_users_may_what_their_policies_allow(household: Household):
    assert not may(household, household.user("nobody"))
    dana = household.user("dana", READS)
    assert may(household, dana) and not may(household, dana, "cloudtrail:StopLogging")
    household.policies.update(ACCOUNT, "dana-0", ALLOW_ALL)
    household.later()
    assert may(household, dana, "cloudtrail:StopLogging")
    household.policies.create(ACCOUNT, "bound", READS)
    household.identities.set_boundary(ACCOUNT, "user", "dana", f"arn:aws:iam::{ACCOUNT}:policy/bound")
    household.later()
    assert may(household, dana) and not may(household, dana, "cloudtrail:StopLogging")


def test_a_session_of_a_user_is_the_user(household: Household):
    dana = household.user("dana", READS)
    assert may(household, replace(dana, session=Session(None, 1)))


def test_a_role_session_has_the_roles_policies_within_its_own(household: Household):
    role = household.role("auditor", TRUST)
    household.identities.attach(ACCOUNT, "role", "auditor", "arn:aws:iam::aws:policy/AdministratorAccess")
    household.later()
    session = assumed_role(role.arn, role.principal_id, "march", 1)
    assert session.session is not None
    assert may(household, session, "cloudtrail:StopLogging")
    narrow = replace(session, session=replace(session.session, policies=(READS,)))
    assert may(household, narrow) and not may(household, narrow, "cloudtrail:StopLogging")
    none = replace(session, session=replace(session.session, policies=()))
    assert not may(household, none)


def test_who_only_has_the_name_has_nothing(household: Household):
    household.user("dana", ALLOW_ALL)
    household.role("auditor", TRUST)
    household.identities.attach(ACCOUNT, "role", "auditor", "arn:aws:iam::aws:policy/AdministratorAccess")
    household.later()
    for stranger in (
        iam_user(ACCOUNT, "dana", "AIDAANOTHER"),
        iam_user(ACCOUNT, "learned", "AIDALEARNED"),
        assumed_role(f"arn:aws:iam::{ACCOUNT}:role/auditor", "AROAANOTHER", "march", 1),
    ):
        assert not may(household, stranger) and household.attached.is_stranger(stranger)
    household.identities.delete(ACCOUNT, "user", "dana")
    again = household.user("dana")
    assert not may(household, again) and not household.attached.is_stranger(again)


def test_roots_and_accounts_that_are_not_ours(household: Household):
    assert may(household, root(OTHER), "cloudtrail:StopLogging")
    assert may(household, iam_user("999999999999", "learned", "AIDA"))

"""AssumeRole: a table of who may assume what, and what the session then is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from opentrail.accounts.principal import Principal, iam_user, root
from opentrail.accounts.role_sessions import AssumeDenied, Assumption, BadAssumption, BadSessionPolicy
from opentrail.catalog.principals import change_principal
from tests.accounts.household import ACCOUNT, ALLOW_ALL, OTHER, Household

MAY_ASSUME = '{"Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}'
MAY_NOT = '{"Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}'
ROLE = f"arn:aws:iam::{ACCOUNT}:role/auditor"
NAMED = f"arn:aws:iam::{ACCOUNT}:user/dana"
ASKED = Assumption(ROLE, "march")


def trust(principal: Any = NAMED, action: Any = "sts:AssumeRole", effect: str = "Allow", **condition: Any) -> str:
    statement: dict[str, Any] = {"Effect": effect, "Principal": {"AWS": principal}, "Action": action}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


WITH_ID = trust(StringEquals={"sts:ExternalId": "blue"})
WITH_MFA = trust(Bool={"aws:MultiFactorAuthPresent": "true"})
FROM_HERE = trust(IpAddress={"aws:SourceIp": "10.0.0.0/8"})
CASES = {
    "a user whom the trust policy names": (trust(), "dana", ASKED, True),
    "named, but denied by its own policy": (trust(), "held", ASKED, False),
    "not named": (trust(), "able", ASKED, False),
    "the account is named and its own policy allows": (trust(ACCOUNT), "able", ASKED, True),
    "the account is named and nothing allows": (trust(ACCOUNT), "dana", ASKED, False),
    "everybody is named": (trust("*"), "dana", ASKED, True),
    "another account is named": (trust(OTHER), "able", ASKED, False),
    "a user of another account, both sides allow": (trust(OTHER), "abroad", ASKED, True),
    "a user of another account, its own side is silent": (
        trust(f"arn:aws:iam::{OTHER}:user/silent"), "silent", ASKED, False
    ),
    "the trust policy denies": (trust("*", effect="Deny"), "able", ASKED, False),
    "another action is trusted": (trust(action="sts:TagSession"), "dana", ASKED, False),
    "an external id": (WITH_ID, "dana", replace(ASKED, external_id="blue"), True),
    "another external id": (WITH_ID, "dana", replace(ASKED, external_id="red"), False),
    "no external id": (WITH_ID, "dana", ASKED, False),
    "MFA that nobody can show": (WITH_MFA, "dana", ASKED, False),
    "MFA that is shown": (trust(), "dana", replace(ASKED, with_mfa=True), False),
    "from where it may": (FROM_HERE, "dana", ASKED, True),
    "tags without being let to tag": (trust(), "dana", replace(ASKED, tags=(("k", "v"),)), False),
    "tags": (trust(action=["sts:AssumeRole", "sts:TagSession"]), "dana", replace(ASKED, tags=(("k", "v"),)), True),
    "a source identity without being let to": (trust(), "dana", replace(ASKED, source_identity="dana"), False),
    "the account's root": (trust(ACCOUNT), "root", ASKED, False),
    "a stranger of the same name": (trust(), "stranger", ASKED, False),
    "a role that is not there": (trust(), "dana", replace(ASKED, role_arn=ROLE + "s"), False),
    "the role by another path": (trust(), "dana", replace(ASKED, role_arn=ROLE.replace("role/", "role/x/")), False),
}  # fmt: skip


def people(household: Household) -> dict[str, Principal]:
    return {
        "dana": household.user("dana"),
        "held": household.user("held", MAY_NOT, MAY_ASSUME),
        "able": household.user("able", MAY_ASSUME),
        "abroad": household.user("abroad", MAY_ASSUME, account=OTHER),
        "silent": household.user("silent", account=OTHER),
        "root": root(ACCOUNT),
        "stranger": iam_user(ACCOUNT, "dana", "AIDASTRANGER"),
    }


@pytest.mark.parametrize("case", CASES)
def test_who_may_assume(household: Household, case: str):
    document, who, asked, allowed = CASES[case]
    household.role("auditor", document)
    caller = people(household)[who]
    about = {"aws:SourceIp": "10.1.2.3"}
    if allowed:
        key = household.sessions.assume(caller, asked, about)
        assert household.access_keys.find(key.access_key_id) == key
    else:
        with pytest.raises(AssumeDenied):
            household.sessions.assume(caller, asked, about)


def test_a_denial_reads_as_awss(household: Household):
    dana = household.user("dana")
    household.role("auditor", trust(OTHER))
    with pytest.raises(AssumeDenied) as denied:
        household.sessions.assume(dana, ASKED, {})
    assert denied.value.message == f"User: {NAMED} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    assert (denied.value.code, denied.value.status) == ("AccessDenied", 403)


@pytest.mark.parametrize(
    "document", ["", "no JSON", '{"Statement":[]}', '{"Statement":{"Effect":"Allow","Action":"*"}}']
)
def test_a_damaged_trust_policy_lets_nobody_in_and_tells_nobody_why(household: Household, document: str):
    able = household.user("able", ALLOW_ALL)
    household.role("auditor", trust("*"))
    with household.engine.begin() as connection:
        change_principal(connection, ACCOUNT, "role", "auditor", trust_policy=document)
    with pytest.raises(AssumeDenied) as denied:
        household.sessions.assume(able, ASKED, {})
    asked_for = f"sts:AssumeRole on resource: {ROLE}"
    assert denied.value.message == f"User: {able.arn} is not authorized to perform: {asked_for}"


def test_the_session_is_the_roles(household: Household, clock):
    dana = household.user("dana")
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    role = household.role("auditor", trust(action=actions), seconds=7200)
    asked = replace(
        ASKED, seconds=7200, source_identity="dana@example", tags=(("team", "a"), ("k", "v")),
        transitive_tag_keys=("team",), policy=ALLOW_ALL,
        policy_arns=("arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess",),
    )  # fmt: skip
    key = household.sessions.assume(dana, asked, {})
    session = key.principal.session
    assert key.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/march" and session is not None
    assert key.principal.principal_id == f"{role.principal_id}:march"
    assert session.issuer is not None and session.issuer.arn == ROLE
    assert (session.source_identity, dict(session.tags)) == ("dana@example", {"team": "a", "k": "v"})
    assert session.transitive_tags == {"team": "a"} and session.policies is not None and len(session.policies) == 2
    assert key.expires_at_us == clock.now_us() + 7200 * 1_000_000 and key.access_key_id.startswith("ASIA")
    assert key.managed and key.session_token and not session.mfa
    household.identities.delete(ACCOUNT, "role", "auditor")
    household.later()
    assert household.access_keys.find(key.access_key_id) is None


def test_a_chain_carries_on_and_lasts_an_hour_at_most(household: Household):
    dana = household.user("dana")
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    household.role("auditor", trust(action=actions))
    household.role("next", trust(ROLE, actions), seconds=43_200)
    first = household.sessions.assume(
        dana, replace(ASKED, source_identity="dana", tags=(("team", "a"),), transitive_tag_keys=("team",)), {}
    ).principal
    onward = Assumption(f"arn:aws:iam::{ACCOUNT}:role/next", "april")
    with pytest.raises(BadAssumption, match="1 hour"):
        household.sessions.assume(first, replace(onward, seconds=3601), {})
    second = household.sessions.assume(first, onward, {}).principal.session
    assert second is not None and second.source_identity == "dana" and second.transitive_tags == {"team": "a"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seconds": 899}, BadAssumption),
        ({"seconds": 3601}, BadAssumption),
        ({"session_name": "x"}, BadAssumption),
        ({"session_name": "a b"}, BadAssumption),
        ({"external_id": "!"}, BadAssumption),
        ({"tags": (("k", "1"), ("K", "2"))}, BadAssumption),
        ({"transitive_tag_keys": ("k",)}, BadAssumption),
        ({"policy": "{}"}, BadSessionPolicy),
        ({"policy_arns": (f"arn:aws:iam::{OTHER}:policy/theirs",)}, BadAssumption),
    ],
)
def test_what_cannot_be_asked_for(household: Household, change: dict[str, Any], fault: type[Exception]):
    dana = household.user("dana")
    household.role("auditor", trust())
    with pytest.raises(fault):
        household.sessions.assume(dana, replace(ASKED, **change), {})

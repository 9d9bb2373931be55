"""Which policies speak of a principal, out of all that an account's IAM has."""

import json
from dataclasses import replace
from typing import Any

import pytest

from opentrail.accounts.iam_account import (
    ENTERED_BY,
    IamAccount,
    IamGroup,
    IamPrincipal,
    identity_policy,
    managed_from,
    trust_policy,
)
from opentrail.accounts.policy import Policy, Request, decide
from opentrail.accounts.policy_caller import caller_of
from opentrail.accounts.principal import (
    Principal,
    Session,
    assumed_role,
    aws_service,
    iam_user,
    issuer_of,
    root,
)

ACCOUNT, MANAGER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"


def policy(*actions: str, effect: str = "Allow") -> Policy:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"}
    return identity_policy(json.dumps({"Version": "2012-10-17", "Statement": statement}), "p")


MANAGED = {"arn:aws:iam::aws:policy/Queues": policy("sqs:*"), f"arn:aws:iam::{ACCOUNT}:policy/most": policy("sns:*")}
IAM = IamAccount(
    users={
        "dana": IamPrincipal(
            "dana",
            "AIDADANA",
            f"arn:aws:iam::{ACCOUNT}:user/dana",
            policies=(policy("s3:GetObject"),),
            managed=("arn:aws:iam::aws:policy/Queues",),
            groups=("auditors", "gone"),
        )
    },
    roles={
        "reader": IamPrincipal(
            "reader",
            "AROAREADER",
            ROLE,
            policies=(policy("sqs:*", "sns:*"),),
            boundary=f"arn:aws:iam::{ACCOUNT}:policy/most",
        ),
        "broken": IamPrincipal(
            "broken", "", f"{ROLE}2", policies=(policy("*"),), managed=("arn:aws:iam::aws:policy/X",)
        ),
    },
    groups={"auditors": IamGroup(policies=(policy("cloudtrail:*"),))},
)
DANA = iam_user(ACCOUNT, "dana", "AIDADANA")
SESSION = assumed_role(ROLE, "AROAREADER", "s1", 0)


def may(principal: Principal, action: str) -> bool:
    policies = IAM.policies_of(principal, MANAGED.get)
    return policies is None or decide(policies, Request(caller_of(principal), action, "*")).allows


def narrowed(principal: Principal, **more: Any) -> Principal:
    session = principal.session or Session(issuer_of(principal), 0)
    return replace(principal, session=replace(session, **more))


@pytest.mark.parametrize(
    ("principal", "allowed", "denied"),
    [
        (DANA, ("s3:GetObject", "sqs:SendMessage", "cloudtrail:GetTrail"), ("sns:Publish", "s3:PutObject")),
        (replace(DANA, session=Session(None, 0)), ("s3:GetObject",), ("sns:Publish",)),  # by GetSessionToken
        (SESSION, ("sns:Publish",), ("sqs:SendMessage",)),  # within its boundary
        (iam_user(ACCOUNT, "dana", "AIDAANOTHER"), (), ("s3:GetObject",)),  # of the same name, made anew
        (iam_user(ACCOUNT, "nobody", "AIDANOBODY"), (), ("s3:GetObject",)),
        (assumed_role(f"{ROLE}2", "", "s1", 0), (), ("sns:Publish",)),
        (root(ACCOUNT), ("iam:CreateUser",), ()),
        (replace(root(ACCOUNT), session=Session(None, 0)), ("iam:CreateUser",), ()),
        (replace(root(ACCOUNT), session=Session(None, 0, assumed_root=True)), (), ("iam:CreateUser",)),
        (aws_service(ACCOUNT, "cloudtrail.amazonaws.com"), ("s3:PutObject",), ()),
    ],
)
def test_who_may_do_what(principal: Principal, allowed: tuple[str, ...], denied: tuple[str, ...]) -> None:
    assert all(may(principal, action) for action in allowed) and not any(may(principal, one) for one in denied)


def test_a_policy_that_is_not_there_denies_everything() -> None:
    broken = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/broken", "", "s1", 0)
    assert IAM.owner_of(broken) is not None and not may(broken, "s3:GetObject")


def test_a_policy_that_cannot_be_read_denies_everything() -> None:
    unreadable = identity_policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Odd": 1}}', "odd")
    (statement,) = unreadable.statements
    assert statement.effect == "Deny" and trust_policy("{") is None


def test_session_policies_narrow_and_never_widen() -> None:
    document = json.dumps({"Statement": {"Effect": "Allow", "Action": ["sns:*", "iam:*"], "Resource": "*"}})
    held = narrowed(SESSION, policies=(document,))
    assert may(held, "sns:Publish") and not may(held, "iam:CreateUser")
    nothing = narrowed(SESSION, policies=('{"Statement": []}',))
    assert not may(nothing, "sns:Publish")
    by_arn = narrowed(SESSION, policy_arns=("arn:aws:iam::aws:policy/Queues",))
    assert not may(by_arn, "sns:Publish")


def test_federated_users_are_their_user_within_a_session_policy() -> None:
    kim = Principal(
        ACCOUNT, "FederatedUser", f"{ACCOUNT}:kim", f"arn:aws:sts::{ACCOUNT}:federated-user/kim", None,
        Session(issuer_of(DANA), 0),
    )  # fmt: skip
    assert not may(kim, "s3:GetObject")
    document = '{"Statement": {"Effect": "Allow", "Action": ["s3:GetObject", "sns:Publish"], "Resource": "*"}}'
    held = narrowed(kim, policies=(document,))
    assert may(held, "s3:GetObject") and not may(held, "sns:Publish")


def test_the_manager_s_role_in_a_member_account_is_an_administrator() -> None:
    entered = managed_from(IamAccount(), ACCOUNT, MANAGER).roles[ENTERED_BY]
    assert entered.trust is not None and entered.arn == f"arn:aws:iam::{ACCOUNT}:role/{ENTERED_BY}"
    visit = assumed_role(entered.arn, "AROAENTERED", "s1", 0)
    policies = managed_from(IamAccount(), ACCOUNT, MANAGER).policies_of(visit, MANAGED.get)
    assert policies is not None and decide(policies, Request(caller_of(visit), "iam:CreateUser", "*")).allows
    own = IamAccount(roles={ENTERED_BY: replace(entered, policies=(policy("sns:*"),))})
    assert managed_from(own, ACCOUNT, MANAGER) is own  # what its owner made of it stays

"""Policies of event data stores made at random, all such that PutResourcePolicy takes them; and who asks."""

import json
from typing import Any

from hypothesis import strategies as st

from opentrail.accounts.attached_policies import FULL_ACCESS
from opentrail.accounts.policy import Caller, Policies, Request, decide, read_policy
from opentrail.accounts.resource_policy import check_resource_policy

STORE_ACCOUNTS = ("111122223333", "444455556666", "777788889999", "222233334444")
STORE = f"arn:aws:cloudtrail:eu-west-1:{STORE_ACCOUNTS[0]}:eventdatastore/0a1b2c3d-0000-4000-8000-000000000001"
STORE_ACTIONS = ("cloudtrail:StartQuery", "cloudtrail:GetQueryResults", "cloudtrail:DescribeQuery")
STORE_CALLERS = tuple(
    caller
    for account in STORE_ACCOUNTS
    for caller in (
        Caller(account=account, arns=(f"arn:aws:iam::{account}:root",)),
        Caller(account=account, arns=(f"arn:aws:iam::{account}:user/dana",)),
        Caller(
            account=account,
            arns=(f"arn:aws:sts::{account}:assumed-role/r/s", f"arn:aws:iam::{account}:role/r"),
        ),
    )
)
_PRINCIPALS = (
    *({"AWS": account} for account in STORE_ACCOUNTS),
    {"AWS": [f"arn:aws:iam::{STORE_ACCOUNTS[1]}:user/dana", f"arn:aws:iam::{STORE_ACCOUNTS[2]}:role/r"]},
    {"AWS": "*"},
)
_CONDITIONS = (
    {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}},
)


@st.composite
def store_statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    """One statement as a document has it."""
    given: dict[str, Any] = {
        "Effect": effect or draw(st.sampled_from(("Allow", "Deny"))),
        "Principal": draw(st.sampled_from(_PRINCIPALS)),
        "Action": draw(st.lists(st.sampled_from(STORE_ACTIONS), min_size=1, max_size=3)),
        "Resource": STORE,
    }
    everybody = given["Principal"] == {"AWS": "*"}
    if everybody or draw(st.booleans()):
        given["Condition"] = draw(st.sampled_from(_CONDITIONS))
    return given


def shared(listed: list[dict[str, Any]], caller: Caller, action: str) -> bool:
    """Whether the store's policy lets a caller in whom his own account allows everything."""
    text = json.dumps({"Version": "2012-10-17", "Statement": listed})
    if "DelegatedAdministrators" not in text:
        check_resource_policy(STORE, text)
    context = {"aws:PrincipalOrgID": "o-exampleorgid"} if caller.account in STORE_ACCOUNTS[:3] else {}
    request = Request(caller, action, STORE, context, STORE_ACCOUNTS[0])
    return decide(Policies(FULL_ACCESS.identity, resource=(read_policy(text),)), request).allows

"""Policies and requests made at random from small sets of words, so that they often meet."""

import json
from typing import Any

from hypothesis import strategies as st

from opentrail.accounts.policy import Caller, Policies, Policy, Request, read_identity_policy, read_policy

ACCOUNTS = ("111122223333", "444455556666")
CALLERS = (
    Caller(account=ACCOUNTS[0], arns=(f"arn:aws:iam::{ACCOUNTS[0]}:root",)),
    Caller(account=ACCOUNTS[0], arns=(f"arn:aws:iam::{ACCOUNTS[0]}:user/dana",)),
    Caller(
        account=ACCOUNTS[0],
        arns=(f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/r/s", f"arn:aws:iam::{ACCOUNTS[0]}:role/r"),
    ),
    Caller(service="cloudtrail.amazonaws.com"),
    Caller(),
)
_PRINCIPALS = (
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNTS[0]},
    {"AWS": [f"arn:aws:iam::{ACCOUNTS[0]}:user/dana", ACCOUNTS[1]]},
    {"AWS": f"arn:aws:iam::{ACCOUNTS[0]}:role/r"},
    {"Service": "cloudtrail.amazonaws.com"},
)
_CONDITIONS = (
    {"StringEquals": {"k:v": ["a", "${k:w}"]}},
    {"StringNotEquals": {"k:v": "${k:w}"}},
    {"StringLike": {"k:v": "a*"}},
    {"ForAllValues:StringNotLike": {"k:v": "?"}},
    {"ForAnyValue:StringEqualsIfExists": {"k:v": ["a", "b"]}},
    {"Null": {"k:v": "true"}},
    {"Bool": {"k:b": "true"}, "NumericLessThan": {"k:n": "5"}},
)


@st.composite
def statements(draw: st.DrawFn, *, principals: bool, effect: str | None = None) -> dict[str, Any]:
    """One statement as a document has it."""
    given: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(("Allow", "Deny")))}
    given[draw(st.sampled_from(("Action", "NotAction")))] = draw(
        st.sampled_from(("*", "s3:*", "s3:Get*", ["s3:GetObject", "ec2:*"], "s3:PutObject"))
    )
    given[draw(st.sampled_from(("Resource", "NotResource")))] = draw(
        st.sampled_from(("*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${k:w}", ["arn:aws:s3:::b", "arn:aws:s3:::c/k"]))
    )
    if principals:
        given[draw(st.sampled_from(("Principal", "NotPrincipal")))] = draw(st.sampled_from(_PRINCIPALS))
    if draw(st.booleans()):
        given["Condition"] = draw(st.sampled_from(_CONDITIONS))
    return given


def read(listed: list[dict[str, Any]], *, principals: bool) -> Policy:
    """The policy of these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": listed})
    return read_policy(text) if principals else read_identity_policy(text)


requests = st.builds(
    Request,
    st.sampled_from(CALLERS),
    st.sampled_from(("s3:GetObject", "s3:PutObject", "ec2:RunInstances")),
    st.sampled_from(("arn:aws:s3:::b/a", "arn:aws:s3:::b", "arn:aws:s3:::c/k", "*")),
    st.fixed_dictionaries(
        {},
        optional={
            "k:v": st.sampled_from(("a", "b", ("a", "b"), "")),
            "k:w": st.sampled_from(("a", "b")),
            "k:b": st.sampled_from(("true", "false")),
            "k:n": st.sampled_from(("3", "7", "x")),
        },
    ),
    st.sampled_from(ACCOUNTS),
)

PLACES = ("identity", "boundary", "session", "service_control", "resource")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, list[dict[str, Any]] | None]:
    """Statements for each kind of policy; None where a boundary or session policy is not there."""
    found: dict[str, list[dict[str, Any]] | None] = {}
    for place in PLACES:
        there = place in ("identity", "resource") or draw(st.booleans())
        listed = st.lists(statements(principals=place == "resource"), max_size=4)
        found[place] = draw(listed) if there else None
    return found


def policies(given: dict[str, list[dict[str, Any]] | None]) -> Policies:
    """The same, read."""
    made = {
        place: read(listed, principals=place == "resource") for place, listed in given.items() if listed is not None
    }
    return Policies(
        identity=(made["identity"],),
        boundary=made.get("boundary"),
        session=(made["session"],) if "session" in made else None,
        service_control=((made["service_control"],),) if "service_control" in made else (),
        resource=(made["resource"],),
    )

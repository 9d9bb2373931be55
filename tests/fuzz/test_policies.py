"""Hostile policies: each is read or refused, never a crash; what is refused or silent allows nothing."""

import json
import random
from typing import Any

import pytest

from opentrail.accounts.policy import (
    Caller,
    Policies,
    PolicyUnreadable,
    Request,
    decide,
    read_identity_policy,
    read_policy,
)

DANA = Caller(account="111122223333", arns=("arn:aws:iam::111122223333:user/dana",))
REQUEST = Request(DANA, "s3:GetObject", "arn:aws:s3:::b/k", {"aws:username": "dana", "k:v": ("a", "b"), "k:n": "3"})
DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}
WORDS = [
    "Allow", "Deny", "allow", "*", "s3:*", "s3:GetObject", "s3:${aws:username}", "arn:aws:s3:::b/*",
    "arn:aws:s3:::${k:v}", "${", "${}", "${*}", "${aws:username, 'x'}", "${aws:username,x}", "${${k:n}}", "", " ",
    "\ud800", "\x00", "2012-10-17", "true", "1e999", "nan", "9" * 60, "-0", "2026-02-30", "0000-00-00",
    "9999-12-31T23:59:60Z", "0.0.0.0/33", "::/129", "QmluYXJ5", "=", None, True, False, 0, -1, 1.5, [], {},
    [[]], [{}], {"AWS": "*"}, {"AWS": []}, {"a": {"b": "c"}},
]  # fmt: skip
MEMBERS = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
    "x",
]
GOOD_VALUES = ["a", ["a", "b"], "${aws:username}", "${k:v}", "*", "3", "true", "2026-01-01", "10.0.0.0/8"]
OPERATORS = [
    "StringEquals", "StringNotLike", "ArnLike", "NumericLessThan", "DateGreaterThan", "IpAddress",
    "NotIpAddress", "Bool", "BinaryEquals", "Null", "ForAllValues:StringEquals",
    "ForAnyValue:NumericEqualsIfExists", "ForAllValues:", "IfExists", "stringequals", "",
    "ForAnyValue:ForAllValues:StringEquals", "StringEqualsIfExistsIfExists",
]  # fmt: skip


def hostile(chance: random.Random) -> str:
    """A policy that is nearly one: good parts, one or several of them replaced, and sometimes bytes of it broken."""
    document: Any = {"Version": "2012-10-17", "Statement": [_statement(chance) for _ in range(chance.randint(1, 3))]}
    if chance.random() < 0.05:
        document[chance.choice(["Version", "Statement", "Id", "x"])] = chance.choice(WORDS)
    text = json.dumps(document)
    if chance.random() < 0.15:
        broken = list(text)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(broken))
            broken[at : at + chance.randint(0, 3)] = chance.choice(
                ['"', "{", "}", "[", ",", ":", "9", "\\", "\u2028", ""]
            )
        text = "".join(broken)
    return text


def _statement(chance: random.Random) -> Any:
    given: dict[str, Any] = {"Effect": chance.choice(["Allow", "Deny"]), "Action": "s3:*", "Resource": "*"}
    for _ in range(chance.choice((0, 0, 0, 0, 1, 2))):
        given[chance.choice(MEMBERS)] = chance.choice(
            [chance.choice(WORDS), [chance.choice(WORDS), chance.choice(WORDS)]]
        )
    if chance.random() < 0.4:
        key = chance.choice(["k:v", "k:n", "aws:username", "", "k:none"])
        given["Condition"] = {
            chance.choice(OPERATORS): {key: chance.choice(GOOD_VALUES if chance.random() < 0.8 else WORDS)}
        }
    if chance.random() < 0.05:
        given.pop(chance.choice(list(given)))
    return given


def check(seed: int) -> bool:
    """Whether text number `seed` is a policy; it must be refused as none, or be judged, and never allow by accident."""
    text = hostile(random.Random(seed))
    try:
        policy = read_identity_policy(text)
    except PolicyUnreadable:
        _check_resource_policy(text)
        return False
    decision = decide(Policies((policy,)), REQUEST)
    written = json.loads(text)
    statements = written["Statement"] if isinstance(written["Statement"], list) else [written["Statement"]]
    if decision.allows:
        assert any(one["Effect"] == "Allow" for one in statements), text
        plain = [one for one in statements if one == DENY_ALL]
        assert not plain, text
    also = read_identity_policy(json.dumps({"Version": "2012-10-17", "Statement": [*statements, DENY_ALL]}))
    assert not decide(Policies((also,)), REQUEST).allows, text
    only_denies = [one for one in statements if one["Effect"] == "Deny"]
    if only_denies:
        denying = read_identity_policy(json.dumps({"Version": "2012-10-17", "Statement": only_denies}))
        assert not decide(Policies((denying,)), REQUEST).allows, text
    return True


def _check_resource_policy(text: str) -> None:
    try:
        policy = read_policy(text)
    except PolicyUnreadable:
        return
    for caller in (DANA, Caller(service="cloudtrail.amazonaws.com"), Caller()):
        decision = decide(Policies(resource=(policy,)), Request(caller, "s3:GetObject", "*"))
        if decision.allows:
            assert any(one.effect == "Allow" and one.principals is not None for one in policy.statements), text


def _share_read(first: int, count: int) -> float:
    """Which part of `count` hostile texts were policies; what they decide has been checked."""
    return sum(check(seed) for seed in range(first, first + count)) / count


def test_hostile_policies_are_refused_or_judged() -> None:
    assert 0.1 < _share_read(0, 3_000) < 0.8, "too many of one kind to prove much"


@pytest.mark.fuzz
def test_a_million_hostile_policies() -> None:
    assert 0.1 < _share_read(10_000, 1_000_000) < 0.8, "too many of one kind to prove much"

"""The tables of `cases/`: what policies say, case by case, with the reason. Each says at its top how it is read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opentrail.accounts.policy import (
    Caller,
    Decision,
    Policies,
    Policy,
    Request,
    decide,
    read_identity_policy,
    read_policy,
)

CASES = Path(__file__).parent / "cases"
ACCOUNT = "111122223333"
DANA_ARN = f"arn:aws:iam::{ACCOUNT}:user/dana"
OBJECT = "arn:aws:s3:::b/k"
CALLERS = {
    "dana": Caller(account=ACCOUNT, arns=(DANA_ARN,), ids=("AIDADANA",)),
    "session": Caller(
        account=ACCOUNT,
        arns=(f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/s", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ids=("AROAADMIN:s", "AROAADMIN"),
    ),
    "kim": Caller(account=ACCOUNT, arns=(f"arn:aws:sts::{ACCOUNT}:federated-user/kim", DANA_ARN)),
    "root": Caller(account=ACCOUNT, arns=(f"arn:aws:iam::{ACCOUNT}:root",)),
    "robin": Caller(account="444455556666", arns=("arn:aws:iam::444455556666:user/robin",)),
    "trail": Caller(service="cloudtrail.amazonaws.com"),
    "nobody": Caller(),
}
CONTEXT: dict[str, str | tuple[str, ...]] = {
    "aws:username": "dana",
    "aws:PrincipalTag/team": "blue",
    "aws:two": ("a", "b"),
    "aws:MultiFactorAuthPresent": "false",
    "aws:RequestedRegion": "us-east-1",
}


def rows(name: str) -> list[Any]:
    return list(_rows(name))


def _rows(name: str) -> Iterator[Any]:
    for number, line in enumerate((CASES / name).read_text("utf-8").splitlines(), 1):
        if " | " in line and not line.startswith("#"):
            yield pytest.param(*(cell.strip() for cell in line.split(" | ")), id=f"{number}")


def listed(text: str) -> list[str]:
    """Values between commas; the comma of a variable's default has a space after it."""
    return re.split(",(?! )", text)


def made(statements: Any, name: str) -> Policy:
    read = read_policy if "rincipal" in json.dumps(statements) else read_identity_policy
    return read(json.dumps({"Version": "2012-10-17", "Statement": statements}), name)


@pytest.mark.parametrize(("operator", "key", "wanted", "found", "holds", "why"), rows("conditions.txt"))
def test_conditions(operator: str, key: str, wanted: str, found: str, holds: str, why: str) -> None:
    condition = {operator: {key: listed(wanted)}}
    policies = Policies((made({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}, "p"),))
    context = {name: value for name, value in CONTEXT.items() if name != "aws:MultiFactorAuthPresent"}
    own = {name: value for name, value in context.items() if name.lower() != key.lower()}
    context = own if found == "-" else {**own, key: tuple(listed(found))}
    decision = decide(policies, Request(CALLERS["dana"], "s3:GetObject", OBJECT, context))
    assert (decision.allows, bool(why)) == (holds == "yes", True)
    wanted_reason = (
        "allowed: statement 1 of identity-based policy p"
        if holds == "yes"
        else "not allowed: no identity-based policy allows it"
    )
    assert decision.reason == wanted_reason


@pytest.mark.parametrize(("element", "said", "request_", "covered", "why"), rows("elements.txt"))
def test_elements(element: str, said: str, request_: str, covered: str, why: str) -> None:
    assert why
    if element.endswith("Principal"):
        decision = _by_principal(element, said, request_)
    else:
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        del statement[element.removeprefix("Not")]
        action, resource = (request_, OBJECT) if element.endswith("Action") else ("s3:GetObject", request_)
        policies = Policies((made(statement | {element: listed(said)}, "p"),))
        decision = decide(policies, Request(CALLERS["dana"], action, resource, CONTEXT))
    assert decision.allows is (covered == "yes"), decision.reason


def _by_principal(element: str, said: str, caller: str) -> Decision:
    denies, names = said.startswith("deny:"), said.removeprefix("deny:").split(",")
    of: dict[str, list[str]] = {}
    for kind, _, name in (one.partition("=") for one in names):
        of.setdefault(kind, []).append(name)
    everything = {"Action": "*", "Resource": "*"}
    statements = [{"Effect": "Deny" if denies else "Allow", element: of, **everything}]
    if denies:
        statements.append({"Effect": "Allow", "Principal": "*", **everything})
    request = Request(CALLERS[caller], "s3:GetObject", OBJECT, CONTEXT, resource_account=ACCOUNT)
    return decide(Policies(resource=(made(statements, "r"),)), request)


def _named() -> dict[str, Policy]:
    lines = (CASES / "combined.txt").read_text("utf-8").splitlines()
    written = (line.split(" = ", 1) for line in lines if " = {" in line and not line.startswith("#"))
    return {name: made(json.loads(text), name) for name, text in written}


NAMED = _named()


@pytest.mark.parametrize(("caller", "action", "owner", "policies", "reason"), rows("combined.txt"))
def test_kinds_of_policies_together(caller: str, action: str, owner: str, policies: str, reason: str) -> None:
    told = dict(one.split("=") for one in policies.split()) if policies != "-" else {}
    of = {kind: tuple(NAMED[name] for name in re.split("[,+]", names)) for kind, names in told.items() if kind != "scp"}
    control = told.get("scp")
    decision = decide(
        Policies(
            identity=of.get("identity", ()),
            boundary=of["boundary"][0] if "boundary" in of else None,
            session=of.get("session"),
            service_control=tuple(tuple(NAMED[name] for name in level.split("+")) for level in control.split("/"))
            if control
            else (),
            resource=of.get("resource", ()),
        ),
        Request(CALLERS[caller], action, OBJECT, CONTEXT, resource_account=owner),
    )
    assert decision.reason == reason
    assert decision.allows is reason.startswith("allowed")


def test_there_are_enough_cases_and_each_is_there_once() -> None:
    found = [tuple(row.values) for name in ("conditions.txt", "elements.txt", "combined.txt") for row in rows(name)]
    assert len(found) >= 300
    assert len({case[:4] for case in found}) == len(found)

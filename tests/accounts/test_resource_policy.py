"""What policies of event data stores, channels and dashboards may say."""

import json
from typing import Any

import pytest

from opentrail.accounts.faults import InvalidResourceArn, InvalidResourcePolicy, ResourceHasNoPolicies
from opentrail.accounts.organization import Organization
from opentrail.accounts.owned_resources import require_policy_kind
from opentrail.accounts.resource_policy import check_resource_policy, delegated_admin_policy, external_ids_wanted

HOME = "arn:aws:cloudtrail:eu-west-1:111122223333"
CHANNEL = f"{HOME}:channel/0a1b2c3d-0000-4000-8000-000000000001"
STORE = f"{HOME}:eventdatastore/0a1b2c3d-0000-4000-8000-000000000002"
DASHBOARD = f"{HOME}:dashboard/shop"
PUT = "cloudtrail-data:PutAuditEvents"
SERVICE = {"Service": "cloudtrail.amazonaws.com"}
OTHER = {"AWS": "444455556666"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(arn: str, action: Any = PUT, principal: Any = None, **more: Any) -> dict[str, Any]:
    principal = principal if principal is not None else OTHER
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn, **more}


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (CHANNEL, statement(CHANNEL)),
        (CHANNEL, statement(CHANNEL, [PUT], {"AWS": ["444455556666", "arn:aws:iam::444455556666:role/sender"]})),
        (CHANNEL, statement(CHANNEL, Condition={"StringEquals": {"cloudtrail:ExternalId": "a7"}})),
        (
            CHANNEL,
            statement(CHANNEL, principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}),
        ),
        (CHANNEL, statement(CHANNEL, Effect="Deny", principal="*")),
        (STORE, statement(STORE, ["cloudtrail:StartQuery", "cloudtrail:GetQueryResults", "CloudTrail:cancelquery"])),
        (STORE, statement(STORE, "cloudtrail:StartQuery", SERVICE)),
        (DASHBOARD, statement(DASHBOARD, "cloudtrail:StartDashboardRefresh", SERVICE)),
    ],
)
def test_policies_that_resources_may_have(arn: str, said: dict[str, Any]) -> None:
    assert len(check_resource_policy(arn, document(said)).statements) == 1


@pytest.mark.parametrize(
    ("arn", "said", "why"),
    [
        (CHANNEL, statement(STORE), "the resource must be"),
        (CHANNEL, statement("*"), "the resource must be"),
        (CHANNEL, {"Effect": "Allow", "Principal": OTHER, "Action": PUT}, "the resource must be"),
        (
            CHANNEL,
            {"Effect": "Allow", "Principal": OTHER, "Action": PUT, "NotResource": CHANNEL},
            "the resource must be",
        ),
        (CHANNEL, {"Effect": "Allow", "Action": PUT, "Resource": CHANNEL}, "must name principals"),
        (
            CHANNEL,
            {"Effect": "Allow", "NotPrincipal": OTHER, "Action": PUT, "Resource": CHANNEL},
            "must name principals",
        ),
        (CHANNEL, statement(CHANNEL, principal="*"), "lets everybody in"),
        (CHANNEL, statement(CHANNEL, principal={"AWS": "nobody"}), "not a valid principal"),
        (CHANNEL, statement(CHANNEL, principal={"AWS": "arn:aws:iam::1:root"}), "not a valid principal"),
        (CHANNEL, statement(CHANNEL, principal=SERVICE), "not a valid principal"),
        (CHANNEL, statement(CHANNEL, principal={"AWS": [f"{n:012}" for n in range(51)]}), "more than 50 principals"),
        (CHANNEL, statement(CHANNEL, "cloudtrail:StartQuery"), "action"),
        (CHANNEL, statement(CHANNEL, "*"), "action"),
        (CHANNEL, statement(CHANNEL, Condition={"StringEquals": {"cloudtrail:Other": "a"}}), "condition key"),
        (STORE, statement(STORE, "cloudtrail:DeleteEventDataStore"), "action"),
        (STORE, statement(STORE, "cloudtrail:*"), "action"),
        (STORE, statement(STORE, "cloudtrail:GetQueryResults", SERVICE), "action"),
        (STORE, statement(STORE, "cloudtrail:StartQuery", {"Service": "s3.amazonaws.com"}), "not a valid principal"),
        (STORE, statement(STORE, "cloudtrail:StartQuery", {"Federated": "x"}), "not a valid principal"),
        (
            STORE,
            statement(STORE, "cloudtrail:StartQuery", Condition={"StringEquals": {"cloudtrail:ExternalId": "a"}}),
            "condition key",
        ),
        (DASHBOARD, statement(DASHBOARD, "cloudtrail:StartDashboardRefresh"), "not a valid principal"),
    ],
)
def test_policies_that_resources_may_not_have(arn: str, said: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidResourcePolicy) as refused:
        check_resource_policy(arn, document(said))
    assert why in refused.value.message and refused.value.code == "ResourcePolicyNotValidException"


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": []}', '{"Statement": 7}', document() + " "])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidResourcePolicy):
        check_resource_policy(CHANNEL, text)


def test_twenty_statements_are_the_most() -> None:
    assert len(check_resource_policy(CHANNEL, document(*[statement(CHANNEL)] * 20)).statements) == 20
    with pytest.raises(InvalidResourcePolicy, match="1 to 20"):
        check_resource_policy(CHANNEL, document(*[statement(CHANNEL)] * 21))


def test_which_policies_name_external_ids() -> None:
    condition = {"StringEquals": {"cloudtrail:ExternalId": "a7"}}
    assert external_ids_wanted(check_resource_policy(CHANNEL, document(statement(CHANNEL, Condition=condition))))
    assert not external_ids_wanted(check_resource_policy(CHANNEL, document(statement(CHANNEL))))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("audit", InvalidResourceArn),
        ("arn:aws:s3:::b", InvalidResourceArn),
        (f"{HOME}:channel/", InvalidResourceArn),
        (f"{HOME}:trail/audit", ResourceHasNoPolicies),
    ],
)
def test_what_has_no_policies(text: str, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        require_policy_kind(text)
    assert require_policy_kind(STORE).account == "111122223333"


def test_delegated_administrators_have_a_policy_of_their_own() -> None:
    assert delegated_admin_policy(STORE, None) is None
    organization = Organization("o-abcdefghij", "111122223333", ("444455556666",), ("444455556666",))
    text = delegated_admin_policy(STORE, organization) or ""
    (said,) = json.loads(text)["Statement"]
    assert said["Principal"] == {"AWS": ["arn:aws:iam::444455556666:root"]} and said["Resource"] == STORE
    assert "cloudtrail:StartQuery" in said["Action"] and "cloudtrail:PutInsightSelectors" not in said["Action"]

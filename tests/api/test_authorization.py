"""Policies decide every call to the API: what operations need, what a refused caller is told, what is recorded."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.attached_policies import AttachedPolicies, AttachedUser
from opentrail.accounts.organization import Organization
from opentrail.accounts.policy import Policy, read_identity_policy
from opentrail.accounts.principal import Session, assumed_role, iam_user, issuer_of, root
from opentrail.api import CloudTrailApi
from opentrail.api.operations import OPERATIONS
from opentrail.api.permissions import RESOURCES, action_of, permissions_of
from tests.api.conftest import ACCOUNT, REGION, Server
from tests.wire.boto_requests import ACCESS_KEY, SECRET, capture, client

DANA = iam_user(ACCOUNT, "dana", "AIDAEXAMPLEDANA000001")
HOME = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}"


def policy(*statements: dict[str, Any]) -> Policy:
    return read_identity_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), "p")


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


class Held(Server):
    """The API, called by dana, who has policies."""

    def __init__(self, folder: Path, attached: AttachedPolicies, caller: Any = DANA) -> None:
        super().__init__(folder)
        self.keys._configured[ACCESS_KEY] = AccessKey(ACCESS_KEY, SECRET, caller)
        self.api.close()
        self.api = CloudTrailApi(
            self.keys,
            self.intake,
            self.clock,
            self.history.lookup,
            token_key=b"t" * 32,
            home_account=ACCOUNT,
            policies=attached,
        )

    def denial(self, operation: str, /, **parameters: Any) -> str | None:
        """What the caller is told that he may not; None where that is not what is wrong."""
        answer = json.loads(self.send(capture(client("cloudtrail"), operation, **parameters)).body)
        return answer["message"] if answer.get("__type") == "AccessDeniedException" else None


def held(folder: Path, *statements: dict[str, Any], boundary: Policy | None = None, caller: Any = DANA) -> Held:
    return Held(folder, AttachedPolicies([AttachedUser(DANA, (policy(*statements),), boundary)]), caller)


def test_every_operation_needs_something() -> None:
    assert set(RESOURCES) == set(OPERATIONS) and len(OPERATIONS) == 61
    for operation in OPERATIONS:
        needed = list(permissions_of(operation, {}, ACCOUNT, REGION))
        assert [one.action for one in needed] == [action_of(operation)]
        assert all(one.resource == "*" or one.resource.startswith(HOME) for one in needed), operation


@pytest.mark.parametrize(
    ("operation", "parameters", "resources"),
    [
        ("StopLogging", {"Name": "audit"}, [f"{HOME}:trail/audit"]),
        ("StopLogging", {"Name": f"{HOME}:trail/audit"}, [f"{HOME}:trail/audit"]),
        ("GetInsightSelectors", {"TrailName": "audit"}, [f"{HOME}:trail/audit"]),
        ("GetInsightSelectors", {"EventDataStore": "e1"}, [f"{HOME}:eventdatastore/e1"]),
        (
            "PutInsightSelectors",
            {"EventDataStore": "e1", "TrailName": "audit"},
            [f"{HOME}:eventdatastore/e1", f"{HOME}:trail/audit"],
        ),
        ("ListTags", {"ResourceIdList": ["arn:x:1", "arn:x:2"]}, ["arn:x:1", "arn:x:2"]),
        ("LookupEvents", {}, ["*"]),
        ("CreateEventDataStore", {"Name": "n"}, [f"{HOME}:eventdatastore/*"]),
        (
            "StartQuery",
            {"QueryStatement": "SELECT eventID FROM 0a1b2c3d-0000-4000-8000-0123456789AB"},
            [f"{HOME}:eventdatastore/0a1b2c3d-0000-4000-8000-0123456789ab"],
        ),
        ("DeleteEventDataStore", {"EventDataStore": "0A1B"}, [f"{HOME}:eventdatastore/0a1b"]),
        ("DeleteEventDataStore", {"EventDataStore": f"{HOME}:eventdatastore/0A1B"}, [f"{HOME}:eventdatastore/0a1b"]),
        ("StartDashboardRefresh", {"DashboardId": "d"}, [f"{HOME}:dashboard/d"]),
        ("PutAuditEvents", {"channelArn": f"{HOME}:channel/c"}, [f"{HOME}:channel/c"]),
    ],
)
def test_which_resources_a_call_is_about(operation: str, parameters: dict[str, Any], resources: list[str]) -> None:
    assert [one.resource for one in permissions_of(operation, parameters, ACCOUNT, REGION)] == resources


def test_what_no_policy_allows_is_told_as_aws_tells_it_and_recorded(tmp_path: Path) -> None:
    server = held(tmp_path, allow("cloudtrail:Get*"))
    told = f"User: {DANA.arn} is not authorized to perform: cloudtrail:"
    missing = "because no identity-based policy allows the cloudtrail:"
    assert server.denial("lookup_events") == f"{told}LookupEvents {missing}LookupEvents action"
    on = f"{told}StopLogging on resource: {HOME}:trail/audit {missing}StopLogging action"
    assert server.denial("stop_logging", Name="audit") == on
    lookup, stop = server.records()
    assert (lookup["eventName"], lookup["errorCode"]) == ("LookupEvents", "AccessDenied")
    assert (stop["errorCode"], stop["errorMessage"]) == ("AccessDenied", on)
    assert stop["userIdentity"]["userName"] == "dana"
    assert server.denial("get_trail", Name="audit") is None
    server.close()


def test_denials_name_the_kind_of_policy(tmp_path: Path) -> None:
    server = held(
        tmp_path,
        allow("*"),
        deny("cloudtrail:StopLogging", f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/audit"),
        boundary=policy(allow("cloudtrail:*"), deny("cloudtrail:DeleteTrail"), deny("cloudtrail:ListTrails")),
    )
    told = server.denial("stop_logging", Name="audit") or ""
    assert told.endswith(f"on resource: {HOME}:trail/audit with an explicit deny in an identity-based policy")
    assert server.denial("stop_logging", Name="other") is None
    told = server.denial("list_trails") or ""
    assert told.endswith("perform: cloudtrail:ListTrails with an explicit deny in a permissions boundary")
    server.close()


def test_a_boundary_is_needed_as_well(tmp_path: Path) -> None:
    server = held(tmp_path, allow("*"), boundary=policy(allow("cloudtrail:LookupEvents")))
    assert server.denial("lookup_events") is None
    told = server.denial("list_trails") or ""
    assert told.endswith("because no permissions boundary allows the cloudtrail:ListTrails action")
    server.close()


def test_conditions_see_tags_addresses_and_times(tmp_path: Path) -> None:
    untagged = {"Null": {"aws:RequestTag/stage": "true"}}
    server = held(
        tmp_path,
        allow("cloudtrail:CreateTrail"),
        allow("cloudtrail:AddTags", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}),
        deny("cloudtrail:CreateTrail", Condition=untagged),
        allow("cloudtrail:ListTrails", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
        allow("cloudtrail:ListPublicKeys", Condition={"StringEquals": {"aws:username": "robin"}}),
    )
    trail = {"Name": "audit", "S3BucketName": "audit-bucket"}
    assert "explicit deny" in (server.denial("create_trail", **trail) or "")
    assert server.denial("create_trail", **trail, TagsList=[{"Key": "stage", "Value": "prod"}]) is None
    told = server.denial("create_trail", **trail, TagsList=[{"Key": "stage"}, {"Key": "more"}])
    assert "cloudtrail:AddTags on resource" in (told or "")
    assert server.denial("list_trails") is None
    assert server.denial("list_public_keys") is not None
    server.close()


def test_each_resource_of_a_call_must_be_allowed(tmp_path: Path) -> None:
    server = held(tmp_path, allow("cloudtrail:ListTags", f"{HOME}:trail/mine"))
    assert server.denial("list_tags", ResourceIdList=[f"{HOME}:trail/mine"]) is None
    told = server.denial("list_tags", ResourceIdList=[f"{HOME}:trail/mine", f"{HOME}:trail/other"])
    assert f"on resource: {HOME}:trail/other" in (told or "")
    server.close()


SESSION = Session(issuer=issuer_of(DANA), created_at_us=0)


@pytest.mark.parametrize(
    ("caller", "may"),
    [
        (root(ACCOUNT), True),
        (replace(root(ACCOUNT), session=Session(None, 0, assumed_root=True)), False),
        (DANA, False),
        (iam_user(ACCOUNT, "dana", DANA.principal_id, session=SESSION), False),
        (iam_user(ACCOUNT, "dana", "AIDAEXAMPLEOTHER00001"), False),  # made elsewhere, under the same name
        (iam_user(ACCOUNT, "robin", "AIDAEXAMPLEROBIN00001"), False),
        (assumed_role(f"arn:aws:iam::{ACCOUNT}:role/admin", "AROAEXAMPLE", "s", 0), False),
        (assumed_role("arn:aws:iam::210987654321:role/admin", "AROAEXAMPLE", "s", 0), True),
    ],
)
def test_who_is_held_by_policies_gets_round_them_by_no_other_identity(tmp_path: Path, caller: Any, may: bool) -> None:
    server = held(tmp_path, allow("cloudtrail:GetTrail"), caller=caller)
    assert (server.denial("lookup_events") is None) is may
    server.close()


def test_without_policies_everybody_may_do_everything(tmp_path: Path) -> None:
    role = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/admin", "AROAEXAMPLE", "s", 0)
    server = Held(tmp_path, AttachedPolicies([AttachedUser(DANA)]), role)
    assert server.denial("lookup_events") is None
    server.close()


@pytest.mark.parametrize(("management", "may"), [(ACCOUNT, True), ("210987654321", False)])
def test_service_control_policies_hold_the_roots_of_members(tmp_path: Path, management: str, may: bool) -> None:
    organization = Organization("o-exampleorgid", management, (ACCOUNT, "210987654321"))
    control = (policy(allow("*"), deny("cloudtrail:LookupEvents")),)
    server = Held(tmp_path, AttachedPolicies([], lambda: organization, control), root(ACCOUNT))
    told = server.denial("lookup_events")
    assert told is None if may else (told or "").endswith("with an explicit deny in a service control policy")
    assert server.denial("list_trails") is None
    server.close()


@pytest.mark.parametrize(
    ("narrowed", "may"),
    [
        ({"policies": ('{"Statement":{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}}',)}, True),
        ({"policies": ('{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}',)}, False),
        ({"policies": ("no policy",)}, False),
        ({"policies": ('{"Statement":[]}',)}, False),
        ({"policy_arns": ("arn:aws:iam::111122223333:policy/unknown",)}, False),
        ({}, True),
    ],
)
def test_a_session_that_was_narrowed_is_narrowed_here_too(tmp_path: Path, narrowed: dict[str, Any], may: bool) -> None:
    role = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/admin", "AROAEXAMPLE", "s", 0)
    assert role.session is not None
    server = Held(tmp_path, AttachedPolicies(), replace(role, session=replace(role.session, **narrowed)))
    assert (server.denial("lookup_events") is None) is may
    server.close()

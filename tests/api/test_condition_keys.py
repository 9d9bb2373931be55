"""Which condition keys calls of the API have: for each one case that holds and one that does not."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.organization import Organization
from opentrail.accounts.owned_resources import CHANNEL, STORE, OwnedResource, OwnedResources
from opentrail.accounts.policy import Policies, read_identity_policy
from opentrail.accounts.policy_caller import principal_keys
from opentrail.accounts.principal import Principal, Session, assumed_role, aws_service, iam_user, root
from opentrail.api.authorization import Authorizer, ResourceFacts
from opentrail.api.call import Call
from opentrail.api.faults import AccessDenied, ChannelInsufficientPermission
from opentrail.api.operations import OPERATIONS
from opentrail.clock import SettableClock
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature

ACCOUNT, OTHER, MANAGER = "111122223333", "444455556666", "777788889999"
HOME = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}"
TRAIL, STORED, TAKEN = f"{HOME}:trail/audit", f"{HOME}:eventdatastore/s1", f"{HOME}:channel/c1"
DANA = iam_user(ACCOUNT, "dana", "AIDAEXAMPLEDANA000001")
ROLE = assumed_role(f"arn:aws:iam::{ACCOUNT}:role/ops/admin", "AROAADMIN", "s1", 1_772_600_000_000_000, mfa=True)
ORGANIZATION = Organization("o-exampleorgid", MANAGER, (ACCOUNT,))
TAGS = {TRAIL: {"stage": "prod"}, STORED: {"stage": "test"}}
NOW = "2026-03-04T10:15:31Z"  # of a SettableClock
HEADERS = (("user-agent", "aws-cli/2.31 md/x"), ("referer", "https://example.com/a"))


@dataclass
class Everything:
    """Whoever calls may do what one policy says."""

    policies: Policies

    def of(self, principal: Principal) -> Policies | None:
        return self.policies


def allowed(
    condition: dict[str, Any], operation: str = "StopLogging", caller: Principal = DANA, **parameters: Any
) -> bool:
    """Whether a call passes where an Allow depends on `condition`."""
    tls, headers = parameters.pop("tls", ("TLSv1.3", "TLS_AES_128_GCM_SHA256")), parameters.pop("headers", HEADERS)
    region = parameters.pop("region", "eu-west-1")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    facts = ResourceFacts(
        OwnedResources({kind: lambda arn: OwnedResource(arn, ACCOUNT) for kind in (STORE, CHANNEL)}),
        lambda: ORGANIZATION,
        tags=lambda arn: TAGS.get(arn, {}),
    )
    policies = Everything(Policies((read_identity_policy(text, "p"),)))
    authorizer = Authorizer(policies, SettableClock(), lambda request: request.client, facts)
    request = HttpRequest("POST", "/", "", headers, "203.0.113.7", "http", tls)
    known = OPERATIONS[operation]
    signature = Signature("header", "AKIA", NOW, region, known.service, (), "", None, None)
    key = AccessKey("AKIA", "s", caller)
    parameters = parameters or ({"Name": "audit"} if operation == "StopLogging" else {})
    call = Call(request, b"", known.service, operation=known, signature=signature, key=key, parameters=parameters)
    try:
        authorizer.check(call)
    except (AccessDenied, ChannelInsufficientPermission):
        return False
    return True


@pytest.mark.parametrize(
    ("operator", "key", "holds", "fails"),
    [
        ("StringEquals", "aws:PrincipalOrgID", "o-exampleorgid", "o-anotherorgid"),
        ("StringEquals", "aws:PrincipalOrgMasterAccountId", MANAGER, ACCOUNT),
        ("StringEquals", "aws:PrincipalAccount", ACCOUNT, OTHER),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:role/*"),
        ("StringEquals", "aws:PrincipalType", "User", "AssumedRole"),
        ("StringEquals", "aws:username", "dana", "robin"),
        ("StringEquals", "aws:userid", "AIDAEXAMPLEDANA000001", "AIDA"),
        ("Bool", "aws:PrincipalIsAWSService", "false", "true"),
        ("StringEquals", "aws:ResourceAccount", ACCOUNT, OTHER),
        ("StringEquals", "aws:ResourceOrgID", "o-exampleorgid", "o-anotherorgid"),
        ("StringEquals", "aws:ResourceTag/stage", "prod", "test"),
        ("Null", "aws:ResourceTag/owner", "true", "false"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", "10.0.0.0/8"),
        ("Bool", "aws:SecureTransport", "true", "false"),
        ("DateLessThan", "aws:CurrentTime", "2026-03-04T10:15:32Z", "2026-03-04T10:15:31Z"),
        ("NumericGreaterThan", "aws:EpochTime", "1772619330", "1772619331"),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", "us-east-1"),
        ("Bool", "aws:ViaAWSService", "false", "true"),
        ("StringLike", "aws:UserAgent", "aws-cli/*", "Boto3/*"),
        ("StringLike", "aws:Referer", "https://example.com/*", "https://example.org/*"),
        ("Null", "aws:MultiFactorAuthPresent", "true", "false"),
        ("Null", "aws:TagKeys", "true", "false"),
    ],
)
def test_keys_of_every_call(operator: str, key: str, holds: str, fails: str) -> None:
    assert allowed({operator: {key: holds}}) and not allowed({operator: {key: fails}})


@pytest.mark.parametrize(
    ("operator", "key", "holds", "fails"),
    [
        ("Bool", "aws:MultiFactorAuthPresent", "true", "false"),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "19332", "19331"),
        ("DateEquals", "aws:TokenIssueTime", "2026-03-04T04:53:20Z", "2026-03-04T04:53:21Z"),
        ("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/ops/admin", DANA.arn),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", "User"),
        ("StringEquals", "aws:userid", "AROAADMIN:s1", "AROAADMIN"),
        ("Null", "aws:username", "true", "false"),
        ("StringEquals", "aws:SourceIdentity", "kim", "dana"),
        ("StringEquals", "aws:PrincipalTag/team", "blue", "red"),
    ],
)
def test_keys_of_sessions(operator: str, key: str, holds: str, fails: str) -> None:
    assert isinstance(ROLE.session, Session)
    caller = replace(ROLE, session=replace(ROLE.session, source_identity="kim", tags=(("team", "blue"),)))
    assert allowed({operator: {key: holds}}, caller=caller) and not allowed({operator: {key: fails}}, caller=caller)


def test_without_a_second_factor_there_is_no_age_of_it() -> None:
    assert isinstance(ROLE.session, Session)
    caller = replace(ROLE, session=replace(ROLE.session, mfa=False))
    assert allowed({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, caller=caller)
    assert allowed({"Null": {"aws:MultiFactorAuthAge": "true"}}, caller=caller)


@pytest.mark.parametrize("operation", ["AddTags", "CreateTrail", "CreateEventDataStore", "CreateChannel"])
def test_tags_that_a_call_sets(operation: str) -> None:
    tags = [{"Key": "stage", "Value": "prod"}, {"Key": "team"}]
    member = "Tags" if operation == "CreateChannel" else "TagsList"
    named = {"ResourceId": TRAIL} if operation == "AddTags" else {"Name": "audit"}
    given: dict[str, Any] = {"operation": operation, member: tags, **named}
    assert allowed({"StringEquals": {"aws:RequestTag/stage": "prod"}}, **given)
    assert not allowed({"StringEquals": {"aws:RequestTag/stage": "test"}}, **given)
    assert allowed({"Null": {"aws:RequestTag/owner": "true"}}, **given)
    assert allowed({"ForAllValues:StringEquals": {"aws:TagKeys": ["stage", "team", "owner"]}}, **given)
    assert not allowed({"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}, **given)


def test_tags_that_a_call_takes_away_have_keys_alone() -> None:
    given = {"operation": "RemoveTags", "ResourceId": TRAIL, "TagsList": [{"Key": "stage"}]}
    assert allowed({"ForAnyValue:StringEquals": {"aws:TagKeys": ["stage"]}}, **given)
    assert allowed({"Null": {"aws:RequestTag/stage": "true"}}, **given)


@pytest.mark.parametrize(
    ("operation", "parameters", "stage"),
    [
        ("GetTrail", {"Name": TRAIL}, "prod"),
        ("GetEventDataStore", {"EventDataStore": STORED}, "test"),
        ("GetEventDataStore", {"EventDataStore": "s1"}, "test"),
        ("PutInsightSelectors", {"TrailName": "audit"}, "prod"),
    ],
)
def test_tags_of_the_resource_that_a_call_is_about(operation: str, parameters: dict[str, str], stage: str) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/stage": stage}}
    assert allowed(condition, operation, **parameters)
    assert not allowed({"StringNotEquals": {"aws:ResourceTag/stage": stage}}, operation, **parameters)


def test_a_call_about_no_resource_has_no_tags_of_one() -> None:
    assert not allowed({"StringEquals": {"aws:ResourceTag/stage": "prod"}}, "LookupEvents")


@pytest.mark.parametrize(("given", "holds"), [("a7", True), ("b8", False), (None, False)])
def test_the_external_id_of_audit_events(given: str | None, holds: bool) -> None:
    parameters = {"channelArn": TAKEN, **({"externalId": given} if given is not None else {})}
    condition = {"StringEquals": {"cloudtrail:ExternalId": "a7"}}
    assert allowed(condition, "PutAuditEvents", **parameters) is holds


def test_who_is_in_no_organization_has_no_key_of_one() -> None:
    stranger = iam_user(OTHER, "eve", "AIDAEVE")
    assert not allowed({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}, "LookupEvents", stranger)
    assert allowed({"Null": {"aws:PrincipalOrgID": "true"}}, "LookupEvents", stranger)


def test_what_comes_without_tls_or_user_agent() -> None:
    assert allowed({"Bool": {"aws:SecureTransport": "false"}}, tls=None, Name="audit")
    assert allowed({"Null": {"aws:UserAgent": "true"}}, headers=(), Name="audit")
    assert allowed({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, region="us-east-1", Name="audit")


def test_roots_and_services() -> None:
    assert principal_keys(root(ACCOUNT), 0)["aws:PrincipalType"] == "Account"
    service = principal_keys(aws_service(ACCOUNT, "cloudtrail.amazonaws.com"), 0, ORGANIZATION)
    assert service["aws:PrincipalServiceName"] == "cloudtrail.amazonaws.com" and "aws:PrincipalOrgID" not in service

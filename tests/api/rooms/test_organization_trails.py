"""Trails of organizations: who makes, changes and sees them, and whom they cover as members come and go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.organizations import Organizations
from opentrail.accounts.principal import root
from opentrail.catalog.organizations import StoredOrganization
from opentrail.catalog.trails import Trails
from opentrail.server.settings import Organization
from opentrail.trails.changes import TrailChanges
from tests.api.rooms.conftest import ACCOUNT, MEMBER, ORGANIZATION, STRANGER, TrailServer
from tests.cloud import REGION, Cloud, allow, bucket_statements

ADMIN = "333344445555"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"


@pytest.fixture
def server(folder: Path, cloud: Cloud) -> Iterator[TrailServer]:
    server = TrailServer(folder, cloud, Organization(ORGANIZATION, ACCOUNT, [MEMBER, ADMIN]))
    server.keys.learn(AccessKey(f"AKIA{ADMIN}", "secret", root(ADMIN)))
    control = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    for_all = allow("s3:PutObject", f"arn:aws:s3:::logs/AWSLogs/{ORGANIZATION}/*", Condition=control)
    cloud.bucket("logs", *bucket_statements("logs"), for_all)
    yield server
    server.close()


def make(server: TrailServer, account: str = ACCOUNT, name: str = "all") -> str:
    made = server.ask("create_trail", account=account, Name=name, S3BucketName="logs", IsOrganizationTrail=True)
    arn: str = made["TrailARN"]
    return arn


def test_a_delegated_administrator_does_what_the_manager_does(server: TrailServer) -> None:
    as_admin = {"account": ADMIN}
    made = {"Name": "all", "S3BucketName": "logs", "IsOrganizationTrail": True}
    assert server.refusal("create_trail", **as_admin, **made) == "NotOrganizationMasterAccountException"
    server.ask("register_organization_delegated_admin", MemberAccountId=ADMIN)
    assert make(server, ADMIN) == ARN  # the manager owns what the administrator makes
    for operation in ("start_logging", "stop_logging"):
        server.ask(operation, **as_admin, Name=ARN)
    server.ask("update_trail", **as_admin, Name=ARN, IncludeGlobalServiceEvents=False)
    server.ask("add_tags", **as_admin, ResourceId=ARN, TagsList=[{"Key": "team", "Value": "sec"}])
    assert server.ask("list_tags", ResourceIdList=[ARN])["ResourceTagList"][0]["TagsList"]
    selectors = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    server.ask("put_event_selectors", **as_admin, TrailName=ARN, EventSelectors=selectors)
    not_its_own = server.refusal("update_trail", **as_admin, Name=ARN, IsOrganizationTrail=False)
    assert not_its_own == "NotOrganizationMasterAccountException"
    server.ask("deregister_organization_delegated_admin", DelegatedAdminAccountId=ADMIN)
    assert server.refusal("stop_logging", **as_admin, Name=ARN) == "NotOrganizationMasterAccountException"
    assert server.ask("get_trail", Name=ARN)["Trail"]["IsOrganizationTrail"] is True  # what it made stays


@pytest.mark.parametrize(
    ("operation", "member", "more"),
    [
        ("update_trail", "Name", {"S3BucketName": "other"}),
        ("delete_trail", "Name", {}),
        ("start_logging", "Name", {}),
        ("stop_logging", "Name", {}),
        ("put_event_selectors", "TrailName", {"EventSelectors": [{"ReadWriteType": "All"}]}),
        ("put_insight_selectors", "TrailName", {"InsightSelectors": []}),
    ],
)
def test_a_member_sees_the_trail_and_changes_nothing(
    server: TrailServer, operation: str, member: str, more: dict[str, object]
) -> None:
    arn = make(server)
    for reading in ("get_trail", "get_trail_status"):
        server.ask(reading, account=MEMBER, Name=arn)
    server.ask("get_event_selectors", account=MEMBER, TrailName=arn)
    assert [one["TrailARN"] for one in server.ask("list_trails", account=MEMBER)["Trails"]] == [arn]
    assert [one["TrailARN"] for one in server.ask("describe_trails", account=MEMBER)["trailList"]] == [arn]
    code = server.refusal(operation, account=MEMBER, **{member: arn}, **more)
    assert code == "NotOrganizationMasterAccountException"
    assert server.refusal(operation, account=STRANGER, **{member: arn}, **more) == "TrailNotFoundException"
    assert server.records()[-1]["errorCode"] == "TrailNotFoundException"


def test_the_organization_must_let_cloudtrail_in(server: TrailServer) -> None:
    organizations = Organizations(server.engine, server.clock)
    told = StoredOrganization(ORGANIZATION, ACCOUNT, (MEMBER,), trusts_cloudtrail=False)
    organizations.take(told)
    server.clock.advance(1)
    made = {"Name": "all", "S3BucketName": "logs", "IsOrganizationTrail": True}
    assert server.refusal("create_trail", **made) == "CloudTrailAccessNotEnabledException"
    organizations.take(StoredOrganization(ORGANIZATION, ACCOUNT, (MEMBER,), all_features=False))
    server.clock.advance(1)
    assert server.refusal("create_trail", **made) == "OrganizationNotInAllFeaturesModeException"


def test_members_are_covered_from_when_they_join_until_they_leave(server: TrailServer) -> None:
    make(server)
    trails = Trails(server.engine)
    organizations = Organizations(server.engine, server.clock)
    changes: TrailChanges = server.api._around.rooms["CreateTrail"].answer.__self__._changes
    before = trails.find(ARN)
    assert before is not None and set(before.trail.members or ()) == {MEMBER, ADMIN}
    assert changes.follow_organization(organizations.now()) == 0
    organizations.take(StoredOrganization(ORGANIZATION, ACCOUNT, (MEMBER, STRANGER)))
    position = server.journal.head()
    assert changes.follow_organization(organizations.now()) == 1
    after = trails.find(ARN)
    assert after is not None and set(after.trail.members or ()) == {MEMBER, STRANGER}
    assert after.from_position == position and after.version == before.version + 1
    server.clock.advance(1)
    assert server.ask("get_trail", account=STRANGER, Name=ARN)["Trail"]["Name"] == "all"
    assert server.refusal("get_trail", account=ADMIN, Name=ARN) == "TrailNotFoundException"
    organizations.take(None)
    assert changes.follow_organization(None) == 1
    alone = trails.find(ARN)
    assert alone is not None and alone.trail.members == ()

"""Channels and event data stores of one account, used by another whom their policies let in; by the real program."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, Program, eventually

OTHER = "444455556666"
PARTNER = f"arn:aws:iam::{OTHER}:role/partner"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("shared")).start()
    yield program
    assert program.stop() == 0


def partner(program: Program, service: str, role: str = "partner") -> Any:
    """A client of a role's session in the other account."""
    made = program.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/{role}", RoleSessionName="visit")
    key = made["Credentials"]
    return program.client(service, key["AccessKeyId"], key["SecretAccessKey"], aws_session_token=key["SessionToken"])


def refused(call: Any, /, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    return str(refusal.value.response["Error"]["Code"])


def lets_in(arn: str, *actions: str, **more: Any) -> str:
    allow = {"Effect": "Allow", "Principal": {"AWS": PARTNER}, "Action": list(actions), "Resource": arn, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def event(uid: str) -> dict[str, str]:
    data = {
        "version": "1",
        "userIdentity": {"type": "app", "principalId": "u7"},
        "eventSource": "billing.example.com",
        "eventName": "RefundIssued",
        "eventTime": "2026-11-20T10:00:00Z",
        "UID": uid,
        "recipientAccountId": ACCOUNT,
    }
    return {"id": uid, "eventData": json.dumps(data)}


def test_another_account_puts_events_and_asks_for_them(program: Program) -> None:
    trails = program.client("cloudtrail")
    kind = {"Name": "audit", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}
    store = trails.create_event_data_store(
        Name="billing", AdvancedEventSelectors=[kind], MultiRegionEnabled=False, RetentionPeriod=3653
    )["EventDataStoreArn"]
    channel = trails.create_channel(
        Name="billing", Source="Custom", Destinations=[{"Type": "EVENT_DATA_STORE", "Location": store}]
    )["ChannelArn"]
    data = partner(program, "cloudtrail-data")
    put = {"channelArn": channel, "auditEvents": [event("r-1")]}
    assert refused(data.put_audit_events, **put) == "ChannelInsufficientPermission"
    named = {"StringEquals": {"cloudtrail:ExternalId": "b7"}}
    policy = lets_in(channel, "cloudtrail-data:PutAuditEvents", Condition=named)
    trails.put_resource_policy(ResourceArn=channel, ResourcePolicy=policy)
    assert refused(data.put_audit_events, **put) == "ChannelInsufficientPermission"
    assert refused(partner(program, "cloudtrail-data", "other").put_audit_events, **put, externalId="b7") == (
        "ChannelInsufficientPermission"
    )
    assert len(data.put_audit_events(**put, externalId="b7")["successful"]) == 1

    asking = partner(program, "cloudtrail")
    statement = f"SELECT eventData.UID FROM {store.rpartition('/')[2]}"
    asked = {"QueryStatement": statement, "EventDataStoreOwnerAccountId": ACCOUNT}
    assert refused(asking.start_query, **asked) == "AccessDeniedException"
    reading = [f"cloudtrail:{name}" for name in ("StartQuery", "DescribeQuery", "GetQueryResults")]
    trails.put_resource_policy(ResourceArn=store, ResourcePolicy=lets_in(store, *reading))
    query = {"QueryId": asking.start_query(**asked)["QueryId"], "EventDataStoreOwnerAccountId": ACCOUNT}

    def finished() -> bool:
        return bool(asking.describe_query(**query)["QueryStatus"] in ("FINISHED", "FAILED"))

    assert eventually(finished, seconds=30)
    found = asking.get_query_results(**query)
    assert found["QueryStatus"] == "FINISHED", found
    assert [list(row[0].values()) for row in found["QueryResultRows"]] == [["r-1"]]
    assert refused(asking.cancel_query, **query) == "AccessDeniedException"
    assert refused(asking.get_query_results, QueryId=query["QueryId"]) == "QueryIdNotFoundException"
    assert refused(asking.delete_event_data_store, EventDataStore=store) == "AccessDeniedException"
    trails.delete_resource_policy(ResourceArn=store)
    assert refused(asking.get_query_results, **query) == "AccessDeniedException"


def test_a_delegated_administrator_has_the_organization_s_stores(program: Program) -> None:
    trails, organizations = program.client("cloudtrail"), program.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    organizations.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    accounts = [
        organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
        for name in ("admin", "member")
    ]
    admin, member = (_entered(program, account) for account in accounts)
    store = trails.create_event_data_store(Name="all", OrganizationEnabled=True)["EventDataStoreArn"]
    for client in (admin, member):
        assert refused(client.get_event_data_store, EventDataStore=store) == "AccessDeniedException"
    trails.register_organization_delegated_admin(MemberAccountId=accounts[0])
    assert admin.get_event_data_store(EventDataStore=store)["Name"] == "all"
    admin.update_event_data_store(EventDataStore=store, TerminationProtectionEnabled=False)
    assert refused(member.get_event_data_store, EventDataStore=store) == "AccessDeniedException"
    shown = trails.get_resource_policy(ResourceArn=store)
    assert accounts[0] in shown["DelegatedAdminResourcePolicy"] and "ResourcePolicy" not in shown
    made = admin.create_event_data_store(Name="by-admin", OrganizationEnabled=True)["EventDataStoreArn"]
    assert made.split(":")[4] == ACCOUNT  # the manager owns what the administrator makes
    query = admin.start_query(
        QueryStatement=f"SELECT count(*) AS n FROM {store.rpartition('/')[2]}", EventDataStoreOwnerAccountId=ACCOUNT
    )
    assert query["QueryId"]


def _entered(program: Program, account: str) -> Any:
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    key = program.client("sts").assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
    return program.client(
        "cloudtrail", key["AccessKeyId"], key["SecretAccessKey"], aws_session_token=key["SessionToken"]
    )

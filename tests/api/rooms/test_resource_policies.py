"""Policies of event data stores and channels over the wire, and what they let other accounts do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from opentrail.accounts.organizations import Organizations
from opentrail.api.call import Asked, Room
from opentrail.catalog.channels import Channel, Channels
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.queries import Query, QueryCatalog
from opentrail.catalog.resource_policies import ResourcePolicies
from opentrail.server.rooms.owned_resources import resource_facts
from opentrail.server.settings import Organization
from tests.api.rooms.conftest import ACCOUNT, MEMBER, ORGANIZATION, STRANGER, TrailServer
from tests.cloud import REGION, Cloud
from tests.wire.boto_requests import capture

ID = "0a1b2c3d-0000-4000-8000-00000000000{}"
CHANNEL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:channel/{ID.format(1)}"
STORE = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/{ID.format(2)}"
QUERY = ID.format(3)
GONE = STORE[:-1] + "9"


class Sharing(TrailServer):
    """A server with a channel, a store and a query; what reaches their operations is kept in `reached`."""

    def prepare(self, organization: str | None = None) -> "Sharing":
        # what authorization looks at is the catalog; the operations themselves are other tests' business
        self.reached: list[Asked] = []
        organizations = Organizations(self.engine, self.clock)
        self.api._around.authorizer._facts = resource_facts(self.engine, organizations.now, self.clock)
        channel = Channel(
            id=ID.format(1), arn=CHANNEL, name="c", account=ACCOUNT, region=REGION, source="Custom", destinations=()
        )
        Channels(self.engine).create(channel, 0)
        store = EventDataStore(
            id=ID.format(2),
            arn=STORE,
            name="s",
            account=ACCOUNT,
            region=REGION,
            selectors=(),
            retention_days=90,
            organization_id=organization,
        )
        EventDataStores(self.engine).create(store, lambda: 0)
        query = Query(id=QUERY, account=ACCOUNT, region=REGION, statement="", stores=(store.id,), created_at=1)
        QueryCatalog(self.engine).add(query, "FINISHED", 10)

        def reach(asked: Asked) -> dict[str, Any]:
            self.reached.append(asked)
            return {"successful": [], "failed": []} if asked.operation.name == "PutAuditEvents" else {}

        for operation in ("PutAuditEvents", "StartQuery", "GetQueryResults", "CancelQuery", "UpdateEventDataStore"):
            self.api._around.rooms[operation] = Room(reach)
        return self

    def put_events(self, account: str, **more: str) -> str:
        """The code with which PutAuditEvents is refused, or whose channel it reached."""
        data = boto3.client(
            "cloudtrail-data",
            endpoint_url="http://127.0.0.1:4566",
            region_name=REGION,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE" if account == ACCOUNT else f"AKIA{account}",
            aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" if account == ACCOUNT else "secret",
            config=Config(retries={"max_attempts": 0}),
        )
        event = {"id": "e1", "eventData": "{}"}
        answer = self.send(capture(data, "put_audit_events", auditEvents=[event], channelArn=CHANNEL, **more))
        if answer.status == 200:
            return self.reached[-1].owner
        return {name.lower(): value for name, value in answer.headers}["x-amzn-errortype"].partition(":")[0]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(arn: str, action: Any, principal: str = STRANGER, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": arn, **more}


PUT = "cloudtrail-data:PutAuditEvents"


@pytest.fixture
def server(folder: Path, cloud: Cloud) -> Iterator[Sharing]:
    server = Sharing(folder, cloud).prepare()
    yield server
    server.close()


def test_a_policy_is_put_shown_and_taken_away(server: Sharing) -> None:
    text = policy(allow(CHANNEL, PUT))
    assert server.refusal("get_resource_policy", ResourceArn=CHANNEL) == "ResourcePolicyNotFoundException"
    shown = {"ResourceArn": CHANNEL, "ResourcePolicy": text}
    assert server.ask("put_resource_policy", ResourceArn=CHANNEL, ResourcePolicy=text) == shown
    assert server.ask("get_resource_policy", ResourceArn=CHANNEL) == shown
    server.ask("delete_resource_policy", ResourceArn=CHANNEL)
    assert server.refusal("delete_resource_policy", ResourceArn=CHANNEL) == "ResourcePolicyNotFoundException"
    names = [record["eventName"] for record in server.records() if not record.get("errorCode")]
    assert names == ["PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"]


@pytest.mark.parametrize(
    ("arn", "account", "code"),
    [
        ("nothing", ACCOUNT, "ResourceARNNotValidException"),
        (f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit", ACCOUNT, "ResourceTypeNotSupportedException"),
        (GONE, ACCOUNT, "ResourceNotFoundException"),
        (STORE.replace(REGION, "us-east-1"), ACCOUNT, "ResourceARNNotValidException"),
        (STORE, STRANGER, "AccessDeniedException"),
    ],
)
def test_resources_that_a_caller_sets_no_policy_of(server: Sharing, arn: str, account: str, code: str) -> None:
    text = policy(allow(arn, "cloudtrail:StartQuery"))
    for operation, more in (("put", {"ResourcePolicy": text}), ("get", {}), ("delete", {})):
        assert server.refusal(f"{operation}_resource_policy", ResourceArn=arn, account=account, **more) == code


def test_a_policy_that_is_not_valid_changes_nothing(server: Sharing) -> None:
    text = policy(allow(STORE, "cloudtrail:DeleteEventDataStore"))
    refused = server.refusal("put_resource_policy", ResourceArn=STORE, ResourcePolicy=text)
    assert refused == "ResourcePolicyNotValidException"
    assert server.refusal("get_resource_policy", ResourceArn=STORE) == "ResourcePolicyNotFoundException"
    assert server.refusal("put_resource_policy", ResourceArn=STORE, ResourcePolicy="x" * 8193) == "ValidationException"


def test_another_account_puts_events_where_the_channel_lets_it(server: Sharing) -> None:
    assert server.put_events(ACCOUNT) == ACCOUNT
    assert server.put_events(STRANGER) == "ChannelInsufficientPermission"
    denied = server.records()[-1]
    assert (denied["errorCode"], denied["recipientAccountId"]) == ("ChannelInsufficientPermission", STRANGER)
    server.ask("put_resource_policy", ResourceArn=CHANNEL, ResourcePolicy=policy(allow(CHANNEL, PUT)))
    assert server.put_events(STRANGER) == ACCOUNT  # the room is told whose channel it is
    assert server.put_events(STRANGER, externalId="ignored") == ACCOUNT
    assert server.put_events(MEMBER) == "ChannelInsufficientPermission"


def test_an_external_id_that_the_policy_names_is_needed_by_everybody(server: Sharing) -> None:
    wants = {"StringEquals": {"cloudtrail:ExternalId": ["a7", "b8"]}}
    server.ask("put_resource_policy", ResourceArn=CHANNEL, ResourcePolicy=policy(allow(CHANNEL, PUT, Condition=wants)))
    for account in (STRANGER, ACCOUNT):
        assert server.put_events(account) == "ChannelInsufficientPermission"
        assert server.put_events(account, externalId="c9") == "ChannelInsufficientPermission"
        assert server.put_events(account, externalId="b8") == ACCOUNT


def test_another_account_asks_a_store_that_lets_it(server: Sharing) -> None:
    statement = f"SELECT eventID FROM {ID.format(2)}"
    asked = {"account": STRANGER, "EventDataStoreOwnerAccountId": ACCOUNT}
    assert server.refusal("start_query", **asked, QueryStatement=statement) == "AccessDeniedException"
    actions = ["cloudtrail:StartQuery", "cloudtrail:GetQueryResults"]
    server.ask("put_resource_policy", ResourceArn=STORE, ResourcePolicy=policy(allow(STORE, actions)))
    server.ask("start_query", **asked, QueryStatement=statement)
    server.ask("get_query_results", **asked, QueryId=QUERY)
    assert [one.owner for one in server.reached] == [ACCOUNT, ACCOUNT]
    assert [one.account for one in server.reached] == [STRANGER, STRANGER]
    assert server.refusal("cancel_query", **asked, QueryId=QUERY) == "AccessDeniedException"
    server.ask("get_query_results", account=STRANGER, QueryId=QUERY)  # a query of his own by that name
    assert server.reached[-1].owner == STRANGER


def test_a_denial_names_no_store_that_the_caller_did_not(server: Sharing) -> None:
    asked = server.call_of("get_query_results", account=STRANGER, QueryId=QUERY, EventDataStoreOwnerAccountId=ACCOUNT)
    body = server.send(asked).body.decode()
    assert "AccessDeniedException" in body and ID.format(2) not in body


def test_delegated_administrators_need_no_policy_that_somebody_put(folder: Path, cloud: Cloud) -> None:
    server = Sharing(folder, cloud, Organization(ORGANIZATION, ACCOUNT, [MEMBER])).prepare(ORGANIZATION)
    assert server.refusal("update_event_data_store", account=MEMBER, EventDataStore=STORE) == "AccessDeniedException"
    server.ask("register_organization_delegated_admin", MemberAccountId=MEMBER)
    server.clock.advance(1)
    for named in (STORE, ID.format(2)):
        server.ask("update_event_data_store", account=MEMBER, EventDataStore=named)
        assert server.reached[-1].owner == ACCOUNT
    shown = server.ask("get_resource_policy", ResourceArn=STORE)
    assert "ResourcePolicy" not in shown and MEMBER in shown["DelegatedAdminResourcePolicy"]
    server.close()


def test_a_policy_goes_with_its_channel(server: Sharing) -> None:
    server.ask("put_resource_policy", ResourceArn=CHANNEL, ResourcePolicy=policy(allow(CHANNEL, PUT)))
    channels = Channels(server.engine)
    found = channels.find(ID.format(1))
    assert found is not None
    channels.delete(found)
    assert ResourcePolicies(server.engine, server.clock.now_us).of(CHANNEL) is None
    assert server.refusal("get_resource_policy", ResourceArn=CHANNEL) == "ResourceNotFoundException"

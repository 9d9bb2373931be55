"""Event data stores over the wire: every operation, every state, every fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from opentrail.catalog.event_data_stores import EventDataStores
from opentrail.server.settings import Organization
from tests.api.rooms.conftest import ACCOUNT, MEMBER, ORGANIZATION, STRANGER, TrailServer
from tests.cloud import REGION, Cloud

ROLE = f"arn:aws:iam::{ACCOUNT}:role/federation"
MANAGEMENT = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]


def of_category(category: str, **fields: list[str]) -> list[dict[str, Any]]:
    chosen = [{"Field": "eventCategory", "Equals": [category]}]
    return [{"FieldSelectors": [*chosen, *({"Field": name, "Equals": values} for name, values in fields.items())]}]


@pytest.fixture
def server(tmp_path: Path, cloud: Cloud) -> Any:
    made = TrailServer(tmp_path, cloud, organization=Organization(ORGANIZATION, ACCOUNT, [MEMBER]))
    yield made
    made.close()


def made(server: TrailServer, name: str = "main", **more: Any) -> str:
    """The ARN of a new store that can be deleted."""
    answer = server.ask("create_event_data_store", Name=name, TerminationProtectionEnabled=False, **more)
    return str(answer["EventDataStoreArn"])


def got(server: TrailServer, arn: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = server.ask("get_event_data_store", EventDataStore=arn, **more)
    return found


def test_a_store_with_nothing_said_holds_management_events_for_a_year(server: TrailServer) -> None:
    answer = server.ask("create_event_data_store", Name="plain", TagsList=[{"Key": "team", "Value": "a"}])
    arn = answer["EventDataStoreArn"]
    assert answer["Status"] == "CREATED"
    assert answer["TagsList"] == [{"Key": "team", "Value": "a"}]
    assert answer["CreatedTimestamp"] == answer["UpdatedTimestamp"]
    found = got(server, arn)
    assert found["AdvancedEventSelectors"] == [
        {
            "Name": "Default management events",
            "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
        }
    ]
    assert {name: found[name] for name in ("Status", "RetentionPeriod", "BillingMode", "FederationStatus")} == {
        "Status": "ENABLED",
        "RetentionPeriod": 366,
        "BillingMode": "EXTENDABLE_RETENTION_PRICING",
        "FederationStatus": "DISABLED",
    }
    assert (found["MultiRegionEnabled"], found["OrganizationEnabled"], found["TerminationProtectionEnabled"]) == (
        True,
        False,
        True,
    )
    assert "KmsKeyId" not in found
    assert got(server, arn.rpartition("/")[2])["EventDataStoreArn"] == arn
    tags = server.ask("list_tags", ResourceIdList=[arn])["ResourceTagList"]
    assert tags == [{"ResourceId": arn, "TagsList": [{"Key": "team", "Value": "a"}]}]
    assert server.ask("list_event_data_stores") == {"EventDataStores": [{"EventDataStoreArn": arn, "Name": "plain"}]}


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"RetentionPeriod": 6}, "ValidationException"),
        ({"RetentionPeriod": 3000, "BillingMode": "FIXED_RETENTION_PRICING"}, "InvalidParameterException"),
        ({"AdvancedEventSelectors": MANAGEMENT * 6}, "InvalidEventSelectorsException"),
        ({"AdvancedEventSelectors": MANAGEMENT + of_category("Insight")}, "InvalidEventSelectorsException"),
        ({"AdvancedEventSelectors": of_category("Other")}, "InvalidEventSelectorsException"),
        ({"AdvancedEventSelectors": of_category("Data")}, "InvalidEventSelectorsException"),
        (
            {"AdvancedEventSelectors": of_category("ConfigurationItem", eventName=["a"])},
            "InvalidEventSelectorsException",
        ),
        ({"AdvancedEventSelectors": of_category("ActivityAuditLog")}, "InvalidParameterException"),
        (
            {
                "AdvancedEventSelectors": of_category("ActivityAuditLog"),
                "MultiRegionEnabled": False,
                "OrganizationEnabled": True,
            },
            "InvalidParameterException",
        ),
        ({"TagsList": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "InvalidTagParameterException"),
        ({"KmsKeyId": "no such key"}, "ValidationException"),
        ({"KmsKeyId": "alias/nothing"}, "KmsKeyNotFoundException"),
        ({"KmsKeyId": "not-a-key"}, "InvalidKmsKeyIdException"),
    ],
)
def test_stores_that_make_no_sense(server: TrailServer, members: dict[str, Any], code: str) -> None:
    assert server.refusal("create_event_data_store", Name="wrong", **members) == code
    assert server.ask("list_event_data_stores")["EventDataStores"] == []


@pytest.mark.parametrize(
    "category", ["Insight", "ConfigurationItem", "Evidence", "ActivityAuditLog", "NetworkActivity"]
)
def test_stores_for_other_kinds_of_events(server: TrailServer, category: str) -> None:
    fields = {"eventSource": ["kms.amazonaws.com"]} if category == "NetworkActivity" else {}
    arn = made(server, AdvancedEventSelectors=of_category(category, **fields), MultiRegionEnabled=False)
    stops = category in ("ConfigurationItem", "NetworkActivity")
    if stops:
        server.ask("stop_event_data_store_ingestion", EventDataStore=arn)
    else:
        code = server.refusal("stop_event_data_store_ingestion", EventDataStore=arn)
        assert code == "InvalidEventDataStoreCategoryException"


def test_management_events_are_selected_as_trails_cannot(server: TrailServer) -> None:
    fields = {
        "eventName": ["CreateUser"],
        "eventType": ["AwsApiCall"],
        "userIdentity.arn": ["arn:aws:iam::1:root"],
        "sessionCredentialFromConsole": ["true"],
        "eventSource": ["iam.amazonaws.com"],
    }
    arn = made(server, AdvancedEventSelectors=of_category("Management", **fields))
    listed = got(server, arn)["AdvancedEventSelectors"][0]["FieldSelectors"]
    assert {field["Field"] for field in listed} == {"eventCategory", *fields}


def test_names_are_unique_in_account_and_region(server: TrailServer) -> None:
    made(server, "one")
    other = made(server, "two")
    assert server.refusal("create_event_data_store", Name="one") == "EventDataStoreAlreadyExistsException"
    code = server.refusal("update_event_data_store", EventDataStore=other, Name="one")
    assert code == "EventDataStoreAlreadyExistsException"
    server.ask("create_event_data_store", Name="one", region="us-west-2")
    server.ask("create_event_data_store", Name="one", account=STRANGER)


def test_ten_stores_in_any_state_are_the_most(server: TrailServer) -> None:
    arns = [made(server, f"store-{number}") for number in range(10)]
    server.ask("delete_event_data_store", EventDataStore=arns[0])
    code = server.refusal("create_event_data_store", Name="eleventh")
    assert code == "EventDataStoreMaxLimitExceededException"
    first = server.ask("list_event_data_stores", MaxResults=7)
    rest = server.ask("list_event_data_stores", MaxResults=7, NextToken=first["NextToken"])
    names = [store["Name"] for page in (first, rest) for store in page["EventDataStores"]]
    assert sorted(names) == sorted(f"store-{number}" for number in range(10))
    assert "NextToken" not in rest
    code = server.refusal("list_event_data_stores", MaxResults=6, NextToken=first["NextToken"])
    assert code == "InvalidNextTokenException"
    assert server.refusal("list_event_data_stores", MaxResults=0) == "InvalidMaxResultsException"


def test_ingestion_stops_and_starts(server: TrailServer) -> None:
    arn = made(server)
    assert server.refusal("start_event_data_store_ingestion", EventDataStore=arn) == (
        "InvalidEventDataStoreStatusException"
    )
    server.ask("stop_event_data_store_ingestion", EventDataStore=arn)
    assert got(server, arn)["Status"] == "STOPPED_INGESTION"
    assert server.refusal("stop_event_data_store_ingestion", EventDataStore=arn) == (
        "InvalidEventDataStoreStatusException"
    )
    server.ask("start_event_data_store_ingestion", EventDataStore=arn)
    assert got(server, arn)["Status"] == "ENABLED"
    stopped = server.ask("create_event_data_store", Name="stopped", StartIngestion=False)["EventDataStoreArn"]
    assert got(server, stopped)["Status"] == "STOPPED_INGESTION"


def test_the_record_of_a_stop_is_the_last_that_the_store_takes(server: TrailServer) -> None:
    arn = made(server)
    server.ask("stop_event_data_store_ingestion", EventDataStore=arn)
    version = EventDataStores(server.engine).find(arn.rpartition("/")[2])
    assert version is not None
    assert version.from_position == server.journal.head()
    batches = server.journal.read(0, 1000)
    names = [json.loads(body)["eventName"] for batch in batches for body in batch.entries.bodies]
    assert names[version.from_position - 1] == "StopEventDataStoreIngestion"


def test_deletion_takes_seven_days_and_can_be_taken_back(server: TrailServer) -> None:
    arn = made(server)
    server.ask("stop_event_data_store_ingestion", EventDataStore=arn)
    assert server.refusal("restore_event_data_store", EventDataStore=arn) == "InvalidEventDataStoreStatusException"
    server.ask("delete_event_data_store", EventDataStore=arn)
    assert got(server, arn)["Status"] == "PENDING_DELETION"
    inactive: dict[str, dict[str, Any]] = {
        "delete_event_data_store": {},
        "update_event_data_store": {"Name": "new"},
        "enable_federation": {"FederationRoleArn": ROLE},
        "disable_federation": {},
        "put_event_configuration": {"MaxEventSize": "Large"},
    }
    for operation, members in inactive.items():
        assert server.refusal(operation, EventDataStore=arn, **members) == "InactiveEventDataStoreException", operation
    for operation in ("start_event_data_store_ingestion", "stop_event_data_store_ingestion"):
        assert server.refusal(operation, EventDataStore=arn) == "InvalidEventDataStoreStatusException", operation
    code = server.refusal("add_tags", ResourceId=arn, TagsList=[{"Key": "a", "Value": "b"}])
    assert code == "InactiveEventDataStoreException"
    assert server.ask("restore_event_data_store", EventDataStore=arn)["Status"] == "STOPPED_INGESTION"
    assert got(server, arn)["Status"] == "STOPPED_INGESTION"


def test_what_keeps_a_store_from_being_deleted(server: TrailServer) -> None:
    protected = server.ask("create_event_data_store", Name="protected")["EventDataStoreArn"]
    code = server.refusal("delete_event_data_store", EventDataStore=protected)
    assert code == "EventDataStoreTerminationProtectedException"
    server.ask("update_event_data_store", EventDataStore=protected, TerminationProtectionEnabled=False)
    server.ask("enable_federation", EventDataStore=protected, FederationRoleArn=ROLE)
    code = server.refusal("delete_event_data_store", EventDataStore=protected)
    assert code == "EventDataStoreFederationEnabledException"
    server.ask("disable_federation", EventDataStore=protected)
    server.ask("delete_event_data_store", EventDataStore=protected)


def test_federation_is_switched_on_and_off(server: TrailServer) -> None:
    arn = made(server)
    for wrong in (f"arn:aws:iam::{ACCOUNT}:user/a", "arn:aws:s3:::bucket"):
        code = server.refusal("enable_federation", EventDataStore=arn, FederationRoleArn=wrong)
        assert code == "InvalidParameterException"
    answer = server.ask("enable_federation", EventDataStore=arn, FederationRoleArn=ROLE)
    assert answer == {"EventDataStoreArn": arn, "FederationStatus": "ENABLED", "FederationRoleArn": ROLE}
    code = server.refusal("enable_federation", EventDataStore=arn, FederationRoleArn=ROLE)
    assert code == "EventDataStoreFederationEnabledException"
    assert got(server, arn)["FederationRoleArn"] == ROLE
    answer = server.ask("disable_federation", EventDataStore=arn)
    assert answer == {"EventDataStoreArn": arn, "FederationStatus": "DISABLED"}


def test_members_are_changed_one_by_one(server: TrailServer) -> None:
    arn = made(server, BillingMode="FIXED_RETENTION_PRICING")
    assert got(server, arn)["RetentionPeriod"] == 2557
    assert server.refusal("update_event_data_store", EventDataStore=arn) == "InvalidParameterException"
    server.clock.advance(5)
    changed = server.ask("update_event_data_store", EventDataStore=arn, RetentionPeriod=30, Name="renamed")
    assert (changed["RetentionPeriod"], changed["Name"]) == (30, "renamed")
    assert changed["UpdatedTimestamp"] > changed["CreatedTimestamp"]
    data = of_category("Data", **{"resources.type": ["AWS::S3::Object"]})
    server.ask("update_event_data_store", EventDataStore=arn, AdvancedEventSelectors=data, MultiRegionEnabled=False)
    assert got(server, arn)["MultiRegionEnabled"] is False
    code = server.refusal("update_event_data_store", EventDataStore=arn, AdvancedEventSelectors=of_category("Evidence"))
    assert code == "InvalidEventSelectorsException"
    code = server.refusal("update_event_data_store", EventDataStore=arn, RetentionPeriod=3000)
    assert code == "InvalidParameterException"
    server.ask("update_event_data_store", EventDataStore=arn, BillingMode="EXTENDABLE_RETENTION_PRICING")
    server.ask("update_event_data_store", EventDataStore=arn, RetentionPeriod=3653)
    code = server.refusal("update_event_data_store", EventDataStore=arn, BillingMode="FIXED_RETENTION_PRICING")
    assert code == "InvalidParameterException"


def test_a_key_is_given_once_and_never_changed(server: TrailServer, cloud: Cloud) -> None:
    kms = cloud.client("kms")
    keys = [kms.create_key()["KeyMetadata"] for _ in range(2)]
    assert server.refusal("create_event_data_store", Name="sealed", KmsKeyId=keys[0]["KeyId"]) == (
        "InsufficientEncryptionPolicyException"
    )
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["kms:GenerateDataKey"],
        "Resource": "*",
    }
    for key in keys:
        text = json.dumps({**policy, "Statement": [*policy["Statement"], service]})
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=text)
    assert server.refusal("create_event_data_store", Name="sealed", KmsKeyId=keys[0]["KeyId"]) == (
        "InsufficientEncryptionPolicyException"
    ), "Decrypt is needed too"
    service["Action"] = ["kms:GenerateDataKey", "kms:Decrypt"]
    for key in keys:
        text = json.dumps({**policy, "Statement": [*policy["Statement"], service]})
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=text)
    arn = made(server, "sealed", KmsKeyId=keys[0]["KeyId"])
    assert got(server, arn)["KmsKeyId"] == keys[0]["Arn"]
    server.ask("update_event_data_store", EventDataStore=arn, KmsKeyId=keys[0]["Arn"])
    code = server.refusal("update_event_data_store", EventDataStore=arn, KmsKeyId=keys[1]["KeyId"])
    assert code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("11111111-2222-4333-8444-555555555555", "EventDataStoreNotFoundException"),
        (f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/a", "EventDataStoreARNInvalidException"),
        (f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/a", "EventDataStoreARNInvalidException"),
        ("no-uuid", "EventDataStoreARNInvalidException"),
        ("a b", "ValidationException"),
    ],
)
def test_stores_that_are_none(server: TrailServer, named: str, code: str) -> None:
    for operation in ("get_event_data_store", "delete_event_data_store", "stop_event_data_store_ingestion"):
        assert server.refusal(operation, EventDataStore=named) == code


def test_stores_of_others_are_not_there(server: TrailServer) -> None:
    arn = made(server)
    assert server.refusal("get_event_data_store", EventDataStore=arn, account=STRANGER) in (
        "EventDataStoreNotFoundException",
        "AccessDeniedException",
    )
    assert server.refusal("get_event_data_store", EventDataStore=arn, region="us-west-2") == (
        "EventDataStoreNotFoundException"
    )
    assert server.ask("list_event_data_stores", account=STRANGER)["EventDataStores"] == []


def test_stores_of_an_organization(server: TrailServer) -> None:
    more = {"Name": "all", "OrganizationEnabled": True, "TerminationProtectionEnabled": False}
    assert server.refusal("create_event_data_store", account=STRANGER, **more) == "OrganizationsNotInUseException"
    assert server.refusal("create_event_data_store", account=MEMBER, **more) == (
        "NotOrganizationMasterAccountException"
    )
    arn = server.ask("create_event_data_store", **more)["EventDataStoreArn"]
    assert got(server, arn)["OrganizationEnabled"] is True
    assert server.ask("list_event_data_stores", account=MEMBER)["EventDataStores"] == []
    version = EventDataStores(server.engine).find(arn.rpartition("/")[2])
    assert version is not None
    assert version.store.members == (MEMBER,)
    server.ask("update_event_data_store", EventDataStore=arn, OrganizationEnabled=False)
    assert got(server, arn)["OrganizationEnabled"] is False


def test_the_configuration_of_events(server: TrailServer) -> None:
    arn = made(server)
    found = server.ask("get_event_configuration", EventDataStore=arn)
    assert (found["EventDataStoreArn"], found["MaxEventSize"]) == (arn, "Standard")
    assert server.ask("put_event_configuration", EventDataStore=arn, MaxEventSize="Large")["MaxEventSize"] == "Large"
    assert server.ask("get_event_configuration", EventDataStore=arn)["MaxEventSize"] == "Large"
    keys = [{"Type": "TagContext", "Equals": ["team"]}]
    code = server.refusal("put_event_configuration", EventDataStore=arn, ContextKeySelectors=keys)
    assert code == "UnsupportedOperationException"
    asked = [{"Type": "RequestContext", "Equals": ["aws:PrincipalArn", "aws:PrincipalOrgID"]}]
    answer = server.ask("put_event_configuration", EventDataStore=arn, ContextKeySelectors=asked)
    assert answer["ContextKeySelectors"] == asked
    assert server.ask("get_event_configuration", EventDataStore=arn)["ContextKeySelectors"] == asked
    for wrong in (
        {"MaxEventSize": "Standard"},
        {"ContextKeySelectors": asked * 2},
        {"ContextKeySelectors": [{"Type": "RequestContext", "Equals": ["aws:SourceIp"]}]},
    ):
        assert server.refusal("put_event_configuration", EventDataStore=arn, **wrong) == "InvalidParameterException"
    server.ask("put_event_configuration", EventDataStore=arn, ContextKeySelectors=[])
    assert server.ask("get_event_configuration", EventDataStore=arn)["ContextKeySelectors"] == []
    assert server.refusal("put_event_configuration", EventDataStore=arn) == "InvalidParameterException"
    insights = made(server, "insights", AdvancedEventSelectors=of_category("Insight"))
    code = server.refusal("put_event_configuration", EventDataStore=insights, MaxEventSize="Large")
    assert code == "InvalidEventDataStoreCategoryException"


def test_insights_of_a_store_go_to_a_store_for_insights(server: TrailServer) -> None:
    source = made(server, "source")
    target = made(server, "target", AdvancedEventSelectors=of_category("Insight"))
    calls = [{"InsightType": "ApiCallRateInsight"}]
    assert server.refusal("get_insight_selectors", EventDataStore=source) == "InsightNotEnabledException"
    assert server.refusal("put_insight_selectors", EventDataStore=source, InsightSelectors=calls) == (
        "InvalidParameterException"
    )
    wrong = {"EventDataStore": source, "InsightsDestination": source, "InsightSelectors": calls}
    assert server.refusal("put_insight_selectors", **wrong) == "InvalidParameterException"
    right = {**wrong, "InsightsDestination": target}
    assert server.ask("put_insight_selectors", **right)["InsightsDestination"] == target
    assert server.ask("get_insight_selectors", EventDataStore=source)["InsightsDestination"] == target
    reads = of_category("Management", readOnly=["true"])
    code = server.refusal("update_event_data_store", EventDataStore=source, AdvancedEventSelectors=reads)
    assert code == "InvalidInsightSelectorsException"
    server.ask("put_insight_selectors", EventDataStore=source, InsightSelectors=[])
    server.ask("update_event_data_store", EventDataStore=source, AdvancedEventSelectors=reads)


def test_an_arn_of_another_partition_names_no_store(server: TrailServer) -> None:
    arn = made(server)
    assert server.refusal("get_event_data_store", EventDataStore=arn.replace("arn:aws:", "arn:aws-cn:")) == (
        "EventDataStoreARNInvalidException"
    )

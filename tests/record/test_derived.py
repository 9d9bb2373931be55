"""User names and resources as LookupEvents shows them."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from opentrail import limits
from opentrail.record.derived import resources, username
from opentrail.record.view import view

Pairs = list[tuple[str | None, str]]


def listed(source: str, name: str, request: Any = None, answer: Any = None, **more: Any) -> Pairs:
    record = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "requestParameters": request,
        "responseElements": answer,
        **more,
    }
    return resources(view(json.dumps(record).encode()))


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "Root", "accountId": "1", "userName": "alias"}, "root"),
        ({"type": "IAMUser", "userName": "dana"}, "dana"),
        ({"type": "IAMUser", "principalId": "AIDA", "accountId": "1"}, None),
        ({"type": "AssumedRole", "principalId": "AROA:i-0abc", "arn": "arn:aws:sts::1:assumed-role/R/x"}, "i-0abc"),
        ({"type": "AssumedRole", "principalId": "AROA:a:b@c"}, "a:b@c"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/session"}, "session"),
        ({"type": "FederatedUser", "principalId": "111122223333:fed"}, "fed"),
        ({"type": "SAMLUser", "userName": "s"}, "s"),
        ({"type": "WebIdentityUser", "userName": "w"}, "w"),
        ({"type": "AWSAccount", "principalId": "AIDA", "userName": "x"}, None),
        ({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}, None),
        ({"accountId": "1", "invokedBy": "kms.amazonaws.com", "userName": "x"}, None),
        ({"type": "Unknown", "principalId": "", "arn": "", "userName": ""}, None),
        ({"type": "IdentityCenterUser", "userName": "c"}, "c"),
        ({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "HIDDEN_DUE_TO_SECURITY_REASONS"),
        (None, None),
    ],
)
def test_user_names_by_type_of_identity(identity: Any, name: str | None) -> None:
    assert username(view(json.dumps({"userIdentity": identity}).encode())) == name


def test_genuine_answers_of_lookup_events(sample_data: Path) -> None:
    checked = 0
    for line in (sample_data / "envelopes" / "lookup-events-plaso.jsonl").read_text().splitlines():
        event = json.loads(line)
        seen = view(event["CloudTrailEvent"].encode())
        assert username(seen) == event.get("Username")
        want = [(entry["ResourceType"], entry["ResourceName"]) for entry in event["Resources"]]
        told = resources(seen)
        if event["EventName"] == "CreateSecurityGroup":  # its publisher shortened the VPC's id in one of the two places
            want[0] = ("AWS::EC2::VPC", "vpc-0123456789012345")
        assert sorted(told, key=str) == sorted(want, key=str)
        assert [kind for kind, _ in told] == [kind for kind, _ in want]
        checked += 1
    assert checked == 6


def test_run_instances_with_a_profile() -> None:
    request = {
        "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1}]},
        "iamInstanceProfile": {"name": "prof"},
        "subnetId": "subnet-1",
    }
    instance = {
        "instanceId": "i-1",
        "imageId": "ami-1",
        "instanceState": {"code": 0, "name": "pending"},
        "subnetId": "subnet-1",
        "vpcId": "vpc-1",
        "groupSet": {"items": [{"groupId": "sg-1", "groupName": "web"}]},
        "networkInterfaceSet": {
            "items": [{"networkInterfaceId": "eni-1", "attachment": {"attachmentId": "eni-attach-1"}}]
        },
        "iamInstanceProfile": {"arn": "arn:aws:iam::1:instance-profile/prof", "id": "AIPA"},
        "tagSet": {"items": [{"key": "Name", "value": "arn:aws:s3:::x"}]},
        "placement": {"availabilityZone": "a"},
    }
    answer = {
        "requestId": "r",
        "reservationId": "r-1",
        "ownerId": "1",
        "groupSet": {},
        "instancesSet": {"items": [instance]},
    }
    assert listed("ec2", "RunInstances", request, answer, readOnly=False) == [
        ("AWS::EC2::VPC", "vpc-1"),
        ("AWS::EC2::Ami", "ami-1"),
        ("AWS::IAM::InstanceProfile", "arn:aws:iam::1:instance-profile/prof"),
        ("AWS::IAM::InstanceProfile", "AIPA"),
        ("AWS::IAM::InstanceProfile", "prof"),
        ("AWS::EC2::NetworkInterface", "eni-1"),
        ("AWS::EC2::Instance", "i-1"),
        ("AWS::EC2::SecurityGroup", "sg-1"),
        ("AWS::EC2::SecurityGroup", "web"),
        ("AWS::EC2::Subnet", "subnet-1"),
    ]


def test_older_read_calls_of_ec2_list_nothing_and_wrapped_ones_do() -> None:
    ids = {"instancesSet": {"items": [{"instanceId": "i-1"}]}}
    assert listed("ec2", "DescribeInstances", ids, readOnly=True) == []
    assert listed("ec2", "DescribeInstances", ids) == []
    wrapped = {
        "DescribeLaunchTemplateVersionsRequest": {
            "LaunchTemplateId": "lt-1",
            "LaunchTemplateVersion": {"tag": 1, "content": "$Latest"},
        }
    }
    assert listed("ec2", "DescribeLaunchTemplateVersions", wrapped, readOnly=True) == [
        ("AWS::EC2::LaunchTemplate", "lt-1")
    ]


def test_failed_calls_list_what_the_parameters_name() -> None:
    assert listed(
        "ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}]}}, None, errorCode="Client.X"
    ) == [("AWS::EC2::Instance", "i-1")]


def test_the_records_own_resources_are_added_once() -> None:
    own = [
        {"accountId": "1", "type": "AWS::KMS::Key", "ARN": "arn:aws:kms:r:1:key/k"},
        {"accountId": "1", "ARN": "arn:aws:iam::1:role/R"},
        {"accountId": "1", "ARN": "arn:aws:new:r:1:thing/x"},
        {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"},
    ]
    told = listed("kms", "Decrypt", {"keyId": "arn:aws:kms:r:1:key/k"}, None, resources=own)
    assert told[-1] == (None, "arn:aws:new:r:1:thing/x")
    assert set(told[:-1]) == {("AWS::KMS::Key", "arn:aws:kms:r:1:key/k"), ("AWS::IAM::Role", "arn:aws:iam::1:role/R")}
    assert len(told) == 3


def test_every_key_of_delete_objects_is_findable() -> None:
    keys = [f"folder/{number}.txt" for number in range(1000)]
    own = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::b/{key}"} for key in keys]
    told = listed(
        "s3",
        "DeleteObjects",
        {"bucketName": "b", "delete": {"object": [{"key": key} for key in keys]}},
        None,
        resources=own,
    )
    names = {name for _, name in told}
    assert {f"arn:aws:s3:::b/{key}" for key in keys} <= names
    assert set(keys) <= names
    assert ("AWS::S3::Bucket", "b") in told


def test_hidden_empty_and_endless_values_are_no_names() -> None:
    assert listed("iam", "GetUser", {"userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}) == []
    assert listed("iam", "GetUser", {"userName": ""}) == []
    assert listed("iam", "GetUser", {"userName": "x" * (limits.LISTED_RESOURCE_CHARS + 1)}) == []
    many = listed(
        "ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": f"i-{n}"} for n in range(500)]}}
    )
    assert len(many) == limits.LISTED_RESOURCES


@pytest.mark.parametrize(
    "request_", ["text", 5, [1], {"userName": 5, "x": [None, [["a"]], {"y": None}]}, {"userName": {"userName": []}}]
)
def test_odd_parameters_list_nothing(request_: Any) -> None:
    assert listed("iam", "CreateUser", request_) == []


def test_names_with_lone_surrogates_are_readable() -> None:
    told = listed("iam", "CreateUser", {"userName": "a\ud800"})
    assert told == [("AWS::IAM::User", "a\ufffd")]


def test_a_list_given_out_may_be_changed_without_harm() -> None:
    first = listed("iam", "GetUser", {"userName": "dana"})
    first.clear()
    assert listed("iam", "GetUser", {"userName": "dana"}) == [("AWS::IAM::User", "dana")]


def test_all_sample_records_give_clean_lists(all_records: list[bytes]) -> None:
    total = 0
    for raw in all_records:
        told = resources(view(raw))
        assert len(told) == len(set(told)) <= limits.LISTED_OBJECTS
        assert all(name and "\ud800" not in name for _, name in told)
        kinds = [kind for kind, _ in told]
        assert sum(1 for before, after in pairwise(kinds) if before != after) <= len(set(kinds))
        total += len(told)
    assert total > 2000


def test_sessions_of_pods_list_their_cluster() -> None:
    request = {"clusterName": "payments", "token": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    assert listed("eks-auth", "AssumeRoleForPodIdentity", request) == [("AWS::EKS::Cluster", "payments")]

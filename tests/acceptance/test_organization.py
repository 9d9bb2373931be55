"""An organization in the sandbox: made through its Organizations API, its trail delivers what all members do."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, REGION, Program, eventually
from tests.acceptance.trail_making import everything_is_delivered

BUCKET = "organization-logs"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("organization"), ("--delivery-interval", "1")).start()
    yield program
    assert program.stop() == 0


class Member:
    """A member account, entered as its administrator."""

    def __init__(self, program: Program, name: str) -> None:
        organizations = program.client("organizations")
        made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        self.program, self.account = program, str(made["AccountId"])
        role = f"arn:aws:iam::{self.account}:role/OrganizationAccountAccessRole"
        self._key = program.client("sts").assume_role(RoleArn=role, RoleSessionName="admin")["Credentials"]

    def client(self, service: str) -> Any:
        key = self._key
        return self.program.client(
            service, key["AccessKeyId"], key["SecretAccessKey"], aws_session_token=key["SessionToken"]
        )


def refused(call: Any, /, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    return str(refusal.value.response["Error"]["Code"])


def delivered(program: Program, prefix: str) -> list[dict[str, Any]]:
    """All records in the log files below a prefix."""
    s3 = program.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]
    files = [gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in sorted(keys)]
    return [record for file in files for record in json.loads(file)["Records"]]


def names(program: Program, prefix: str) -> list[str]:
    return [record["eventName"] for record in delivered(program, prefix)]


def test_a_trail_of_an_organization(program: Program) -> None:
    trails, organizations = program.client("cloudtrail"), program.client("organizations")
    made = {"Name": "all", "S3BucketName": BUCKET, "IsOrganizationTrail": True, "IsMultiRegionTrail": True}
    assert refused(trails.create_trail, **made) == "OrganizationsNotInUseException"
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    _bucket(program, organization)
    assert refused(trails.create_trail, **made) == "CloudTrailAccessNotEnabledException"
    organizations.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    assert trails.create_trail(**made)["IsOrganizationTrail"] is True
    trails.start_logging(Name="all")

    first = Member(program, "first")
    home = f"AWSLogs/{organization}/{first.account}/CloudTrail/"
    first.client("iam").create_user(UserName="dana")
    assert eventually(lambda: "CreateUser" in names(program, home), seconds=20)
    records = delivered(program, home)
    assert {record["recipientAccountId"] for record in records} == {first.account}

    seen = first.client("cloudtrail")
    assert [one["TrailARN"] for one in seen.describe_trails()["trailList"]] == [ARN]
    assert seen.get_trail_status(Name=ARN)["IsLogging"] is True
    for call in (seen.stop_logging, seen.delete_trail, seen.update_trail):
        assert refused(call, Name=ARN) == "NotOrganizationMasterAccountException"
    assert seen.get_trail_status(Name=ARN)["IsLogging"] is True

    trails.register_organization_delegated_admin(MemberAccountId=first.account)
    assert refused(trails.register_organization_delegated_admin, MemberAccountId=ACCOUNT) == (
        "CannotDelegateManagementAccountException"
    )
    _who_leaves_is_covered_no_more(program, organization, first)
    seen.stop_logging(Name=ARN)  # by the delegated administrator, whose account's last event this is
    first.client("iam").create_user(UserName="after")
    assert everything_is_delivered(program, seconds=20)
    records = delivered(program, home)  # the StopLogging that was refused among them
    (stop,) = [one for one in records if one["eventName"] == "StopLogging" and "errorCode" not in one]
    assert max(one["eventTime"] for one in records) == stop["eventTime"]
    assert [one["requestParameters"]["userName"] for one in records if one["eventName"] == "CreateUser"] == ["dana"]


def _who_leaves_is_covered_no_more(program: Program, organization: str, first: Member) -> None:
    second = Member(program, "second")
    home = f"AWSLogs/{organization}/{second.account}/CloudTrail/"
    second.client("iam").create_user(UserName="kim")
    assert eventually(lambda: "CreateUser" in names(program, home), seconds=20)
    program.client("organizations").remove_account_from_organization(AccountId=second.account)
    assert refused(second.client("cloudtrail").get_trail, Name=ARN) == "TrailNotFoundException"
    second.client("iam").create_group(GroupName="g")
    first.client("iam").create_group(GroupName="g")
    assert everything_is_delivered(program, seconds=20)
    assert "CreateGroup" in names(program, f"AWSLogs/{organization}/{first.account}/CloudTrail/")
    assert "CreateGroup" not in names(program, home)  # its old files stay


def _bucket(program: Program, organization: str) -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    bucket = f"arn:aws:s3:::{BUCKET}"
    written = [f"{bucket}/AWSLogs/{ACCOUNT}/*", f"{bucket}/AWSLogs/{organization}/*"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {**service, "Action": "s3:GetBucketAcl", "Resource": bucket},
            {**service, "Action": "s3:PutObject", "Resource": written},
        ],
    }
    s3 = program.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))

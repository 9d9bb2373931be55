"""`opentrail up --enforce-iam`: the policies that users attach in the sandbox decide what their principals may do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, Program

MEMBER = "210987654321"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(*accounts: str) -> str:
    principal = {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("enforced"), ("--enforce-iam",)).start()
    yield program
    assert program.stop() == 0


class Somebody:
    """A user of the sandbox with a key."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.iam = program.client("iam")
        self.iam.create_user(UserName=name)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.key = key["AccessKeyId"], key["SecretAccessKey"]

    def may(self, *statements: dict[str, Any]) -> None:
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))

    def client(self, service: str) -> Any:
        return self.program.client(service, *self.key)


def refused(call: Any, /, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    error = refusal.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def session(program: Program, role: str, client: Any = None, **more: Any) -> dict[str, str]:
    """What a session of a role signs with."""
    sts = client if client is not None else program.client("sts")
    made = sts.assume_role(RoleArn=role, RoleSessionName="visit", **more)["Credentials"]
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "aws_session_token": made["SessionToken"]}


def test_a_user_without_policies_may_do_nothing(program: Program) -> None:
    dana = Somebody(program, "dana")
    assert "AccessDenied" in refused(dana.client("s3").list_buckets)
    told = refused(dana.client("dynamodb").list_tables)
    arn = f"arn:aws:iam::{ACCOUNT}:user/dana"
    assert told.startswith("AccessDeniedException") and arn in told
    assert told.endswith("because no identity-based policy allows the dynamodb:ListTables action")
    assert "UnauthorizedOperation" in refused(dana.client("ec2").describe_instances)
    assert "AccessDeniedException" in refused(dana.client("cloudtrail").lookup_events)
    assert dana.client("sts").get_caller_identity()["Arn"] == arn
    (denied,) = [
        json.loads(event["CloudTrailEvent"]) for event in program.lookup() if event["EventName"] == "ListTables"
    ]
    assert (denied["errorCode"], denied["userIdentity"]["arn"]) == ("AccessDenied", arn)


def test_inline_attached_and_group_policies_count_at_once(program: Program) -> None:
    kim, iam = Somebody(program, "kim"), program.client("iam")
    dynamodb, sqs, trails = kim.client("dynamodb"), kim.client("sqs"), kim.client("cloudtrail")
    kim.may(allow("dynamodb:ListTables"))
    dynamodb.list_tables()
    arn = iam.create_policy(PolicyName="queues", PolicyDocument=document(allow("sqs:ListQueues")))["Policy"]["Arn"]
    assert "AccessDenied" in refused(sqs.list_queues)
    iam.attach_user_policy(UserName="kim", PolicyArn=arn)
    sqs.list_queues()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("sqs:SendMessage")), SetAsDefault=True)
    assert "AccessDenied" in refused(sqs.list_queues)
    iam.create_group(GroupName="auditors")
    iam.attach_group_policy(GroupName="auditors", PolicyArn="arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess")
    iam.add_user_to_group(GroupName="auditors", UserName="kim")
    trails.lookup_events(MaxResults=1)
    assert "StopLogging" in refused(trails.stop_logging, Name="audit")
    iam.remove_user_from_group(GroupName="auditors", UserName="kim")
    assert "AccessDenied" in refused(trails.lookup_events)
    iam.delete_user_policy(UserName="kim", PolicyName="p")
    assert "AccessDenied" in refused(dynamodb.list_tables)


def test_a_boundary_holds_a_role(program: Program) -> None:
    iam = program.client("iam")
    most = iam.create_policy(PolicyName="most", PolicyDocument=document(allow("sqs:*")))["Policy"]["Arn"]
    role = iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=trust(ACCOUNT))["Role"]["Arn"]
    iam.put_role_policy(RoleName="bounded", PolicyName="p", PolicyDocument=document(allow("*")))
    as_role = session(program, role)
    program.client("dynamodb", **as_role).list_tables()
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=most)
    assert refused(program.client("dynamodb", **as_role).list_tables).endswith(
        "because no permissions boundary allows the dynamodb:ListTables action"
    )
    program.client("sqs", **as_role).list_queues()


def test_roles_need_a_trust_policy_that_lets_the_caller_in(program: Program) -> None:
    max_, iam = Somebody(program, "max"), program.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(MEMBER))["Role"]["Arn"]
    sts = max_.client("sts")
    assume = {"RoleArn": role, "RoleSessionName": "visit"}
    max_.may(allow("sts:AssumeRole", role))
    assert "AccessDenied" in refused(sts.assume_role, **assume)
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=trust(ACCOUNT))
    as_role = session(program, role, sts)
    assert "AccessDenied" in refused(program.client("sqs", **as_role).list_queues)
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document(allow(["sqs:*", "dynamodb:*"])))
    program.client("sqs", **as_role).list_queues()
    narrowed = session(program, role, sts, Policy=document(allow("dynamodb:ListTables")))
    program.client("dynamodb", **narrowed).list_tables()
    told = refused(program.client("sqs", **narrowed).list_queues)
    assert told.endswith("because no session policy allows the sqs:ListQueues action")
    max_.may(allow("sqs:*"))
    assert "AccessDenied" in refused(sts.assume_role, **assume)


def test_buckets_are_their_maker_s_and_shared_by_policy(program: Program) -> None:
    s3, iam = program.client("s3"), program.client("iam")
    s3.create_bucket(Bucket="audit-logs")
    s3.put_object(Bucket="audit-logs", Key="AWSLogs/a", Body=b"secret")
    ann = Somebody(program, "ann")
    ann.may(allow("s3:GetObject", "arn:aws:s3:::audit-logs/AWSLogs/*"), allow("s3:ListAllMyBuckets"))
    assert ann.client("s3").get_object(Bucket="audit-logs", Key="AWSLogs/a")["Body"].read() == b"secret"
    assert "AccessDenied" in refused(ann.client("s3").put_object, Bucket="audit-logs", Key="AWSLogs/b", Body=b"")
    whom = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    deny = {"Effect": "Deny", "Principal": whom, "Action": "s3:*", "Resource": "arn:aws:s3:::audit-logs/*"}
    s3.put_bucket_policy(Bucket="audit-logs", Policy=document(deny))
    told = refused(ann.client("s3").get_object, Bucket="audit-logs", Key="AWSLogs/a")
    assert told.endswith("with an explicit deny in a resource-based policy")
    s3.delete_bucket_policy(Bucket="audit-logs")
    ann.client("s3").get_object(Bucket="audit-logs", Key="AWSLogs/a")
    assert iam.list_users()["Users"]


def test_another_account_sees_neither_buckets_nor_log_files(program: Program) -> None:
    s3 = program.client("s3")
    s3.create_bucket(Bucket="first-logs")
    s3.put_object(Bucket="first-logs", Key="k", Body=b"secret")
    other = stranger(program)
    theirs = program.client("s3", **other)
    assert theirs.list_buckets()["Buckets"] == []
    for call, more in (
        (theirs.get_object, {"Key": "k"}),
        (theirs.list_objects_v2, {}),
        (theirs.delete_object, {"Key": "k"}),
        (theirs.put_bucket_policy, {"Policy": document()}),
    ):
        assert "AccessDenied" in refused(call, Bucket="first-logs", **more)
    account = program.client("sts", **other).get_caller_identity()["Account"]
    reads = {"Principal": {"AWS": account}, **allow("s3:GetObject", "arn:aws:s3:::first-logs/*")}
    s3.put_bucket_policy(Bucket="first-logs", Policy=document(reads))
    assert theirs.get_object(Bucket="first-logs", Key="k")["Body"].read() == b"secret"
    theirs.create_bucket(Bucket="theirs")
    assert [one["Name"] for one in theirs.list_buckets()["Buckets"]] == ["theirs"]
    assert "theirs" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def stranger(program: Program) -> dict[str, str]:
    """The admin of a member account."""
    organizations = program.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(Email="other@example.com", AccountName="other")["CreateAccountStatus"]
    return session(program, f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole")


def test_the_well_known_root_stays_all_powerful(program: Program) -> None:
    program.client("dynamodb").list_tables()
    assert program.client("cloudtrail").lookup_events(MaxResults=1)["Events"]


def test_where_nobody_knows_the_resource_an_allow_must_be_for_all(program: Program) -> None:
    rob = Somebody(program, "rob")
    one = f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/vpc-1"
    rob.may(allow("ec2:DescribeVpcs", one))
    assert "UnauthorizedOperation" in refused(rob.client("ec2").describe_vpcs)
    rob.may(allow("ec2:DescribeVpcs"))
    rob.client("ec2").describe_vpcs()
    rob.may(allow("ec2:DescribeVpcs"), {**allow("ec2:*", one), "Effect": "Deny"})
    assert "explicit deny in an identity-based policy" in refused(rob.client("ec2").describe_vpcs)


def test_users_and_roles_are_known_with_their_paths(program: Program) -> None:
    pat, iam = Somebody(program, "pat"), program.client("iam")
    for name, path in (("in-team", "/team/"), ("outside", "/")):
        iam.create_user(UserName=name, Path=path)
    pat.may(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/team/*"))
    pat.client("iam").create_access_key(UserName="in-team")
    pat.client("iam").create_user(UserName="new", Path="/team/")
    assert "AccessDenied" in refused(pat.client("iam").create_access_key, UserName="outside")
    assert "AccessDenied" in refused(pat.client("iam").create_user, UserName="newer")


def test_every_process_decides_by_what_was_changed_last(tmp_path: Path) -> None:
    program = Program(tmp_path, ("--enforce-iam", "--workers", "3")).start()
    try:
        joe = Somebody(program, "joe")
        sqs = [joe.client("sqs") for _ in range(6)]  # each with a connection of its own, so with a process
        for _ in range(5):
            joe.may(allow("sqs:ListQueues"))
            for client in sqs:
                client.list_queues()
            joe.iam.delete_user_policy(UserName="joe", PolicyName="p")
            for client in sqs:
                assert "AccessDenied" in refused(client.list_queues)
    finally:
        assert program.stop() == 0

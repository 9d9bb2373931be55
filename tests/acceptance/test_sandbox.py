"""What a user does in the first hour: real clients against the real program, and every call is found again."""

import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, Program, eventually

pytestmark = pytest.mark.acceptance

ROLE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
)

ROLE_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)


def management(program: Program, name: str, **parameters: str) -> dict[str, Any]:
    """The newest management event called `name` whose request parameters hold `parameters`.

    As LookupEvents answers it, at most a second after the call.
    """

    def look() -> dict[str, Any] | None:
        found = program.lookup(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}])
        records = (json.loads(event["CloudTrailEvent"]) for event in found)
        return next((record for record in records if _asked(record, parameters)), None)

    found = eventually(look, seconds=1.0)
    assert found, f"no {name} in the history within a second"
    return found


def _asked(record: dict[str, Any], parameters: dict[str, str]) -> bool:
    asked = record["requestParameters"] or {}
    return all(asked.get(key) == value for key, value in parameters.items())


def data(program: Program, name: str, **parameters: str) -> dict[str, Any]:
    """The newest data event called `name` whose request parameters hold `parameters`."""
    found = program.events("--category", "data", "--event-name", name)
    matching = [event for event in found if _asked(event, parameters)]
    assert matching, f"no data event {name} with {parameters}"
    return matching[0]


def test_buckets_and_objects(sandbox: Program) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="first-bucket")
    s3.put_object(Bucket="first-bucket", Key="a folder/ä+b%2F.txt", Body=b"hello", ContentType="text/plain")
    assert s3.get_object(Bucket="first-bucket", Key="a folder/ä+b%2F.txt")["Body"].read() == b"hello"
    assert s3.head_object(Bucket="first-bucket", Key="a folder/ä+b%2F.txt")["ContentLength"] == 5

    created = management(sandbox, "CreateBucket", bucketName="first-bucket")
    assert created["eventSource"] == "s3.amazonaws.com"
    assert created["userIdentity"]["type"] == "Root" and created["userIdentity"]["accountId"] == ACCOUNT
    assert created["readOnly"] is False and created["managementEvent"] is True

    put = data(sandbox, "PutObject", bucketName="first-bucket")
    assert put["requestParameters"]["key"] == "a folder/ä+b%2F.txt"
    assert put["additionalEventData"]["bytesTransferredIn"] == 5
    assert put["additionalEventData"]["SignatureVersion"] == "SigV4"
    assert {r["type"] for r in put["resources"]} == {"AWS::S3::Object", "AWS::S3::Bucket"}
    assert data(sandbox, "GetObject", bucketName="first-bucket")["additionalEventData"]["bytesTransferredOut"] == 5
    assert data(sandbox, "HeadObject", bucketName="first-bucket")["readOnly"] is True


def test_large_upload_and_ranges(sandbox: Program) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="large-bucket")
    content = bytes(range(256)) * 4096 * 100  # 100 MiB
    s3.upload_fileobj(io.BytesIO(content), "large-bucket", "big.bin")
    assert s3.head_object(Bucket="large-bucket", Key="big.bin")["ContentLength"] == len(content)
    part = s3.get_object(Bucket="large-bucket", Key="big.bin", Range="bytes=1000-1999")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206 and part["Body"].read() == content[1000:2000]
    assert s3.get_object(Bucket="large-bucket", Key="big.bin")["Body"].read() == content
    assert data(sandbox, "CompleteMultipartUpload", bucketName="large-bucket")["requestParameters"]["key"] == "big.bin"
    parts = sandbox.events("--category", "data", "--event-name", "UploadPart")
    assert sum(e["additionalEventData"]["bytesTransferredIn"] for e in parts) == len(content)


def test_every_key_of_delete_objects_is_found(sandbox: Program) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="swept-bucket")
    keys = [f"k-{i}" for i in range(5)]
    for key in keys:
        s3.put_object(Bucket="swept-bucket", Key=key, Body=b"x")
    s3.delete_objects(Bucket="swept-bucket", Delete={"Objects": [{"Key": key} for key in keys]})
    for key in keys:
        found = sandbox.events("--category", "data", "--resource-name", f"arn:aws:s3:::swept-bucket/{key}")
        assert any(e["eventName"].startswith("DeleteObject") for e in found), key


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(sandbox: Program, version: str) -> None:
    s3 = sandbox.client("s3", config={"signature_version": version})
    bucket = f"signed-{version}"
    s3.create_bucket(Bucket=bucket)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "p q"}, ExpiresIn=60)
    request = urllib.request.Request(put, data=b"presigned", method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "p q"}, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"presigned"
    assert data(sandbox, "GetObject", bucketName=bucket)["additionalEventData"]["AuthenticationMethod"] == "QueryString"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("p%20q", "other"))
    assert refused.value.code == 403
    refused.value.close()


def test_users_keys_and_roles_keep_their_identity(sandbox: Program) -> None:
    iam = sandbox.client("iam")
    user = iam.create_user(UserName="dana", Path="/team/")["User"]
    key = iam.create_access_key(UserName="dana")["AccessKey"]
    iam.create_role(RoleName="Deployer", Path="/ci/", AssumeRolePolicyDocument=ROLE_TRUST)
    iam.put_role_policy(RoleName="Deployer", PolicyName="p", PolicyDocument=ROLE_POLICY)
    created = management(sandbox, "CreateAccessKey")
    assert "secretAccessKey" not in json.dumps(created) and key["SecretAccessKey"] not in json.dumps(created)

    as_dana = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    sandbox.client("s3", **as_dana).create_bucket(Bucket="danas-bucket")
    identity = management(sandbox, "CreateBucket", bucketName="danas-bucket")["userIdentity"]
    assert identity["type"] == "IAMUser" and identity["userName"] == "dana"
    assert identity["arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/dana" and identity["principalId"] == user["UserId"]
    assert identity["accessKeyId"] == key["AccessKeyId"]

    role = f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer"
    assumed = sandbox.client("sts", **as_dana).assume_role(RoleArn=role, RoleSessionName="build-7")
    answered = management(sandbox, "AssumeRole")
    credentials = assumed["Credentials"]
    assert credentials["SecretAccessKey"] not in json.dumps(answered)
    assert credentials["SessionToken"] not in json.dumps(answered)
    session = {
        "key": credentials["AccessKeyId"],
        "secret": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    sandbox.client("s3", **session).put_object(Bucket="danas-bucket", Key="k", Body=b"x")
    identity = data(sandbox, "PutObject", bucketName="danas-bucket")["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/build-7"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "Deployer"
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_services_behind_the_recorder(sandbox: Program) -> None:
    dynamodb = sandbox.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="t", Item={"id": {"S": "1"}})
    sqs = sandbox.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="secret text")
    sns = sandbox.client("sns")
    sns.publish(TopicArn=sns.create_topic(Name="news")["TopicArn"], Message="hidden")
    kms = sandbox.client("kms")
    kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"plain")
    sandbox.client("sts").get_caller_identity()
    ec2 = sandbox.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
    template = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "from-stack"}}}})
    sandbox.client("cloudformation").create_stack(StackName="s", TemplateBody=template)

    expected = {
        "CreateTable": "dynamodb.amazonaws.com",
        "CreateQueue": "sqs.amazonaws.com",
        "CreateTopic": "sns.amazonaws.com",
        "CreateKey": "kms.amazonaws.com",
        "Encrypt": "kms.amazonaws.com",
        "GetCallerIdentity": "sts.amazonaws.com",
        "DescribeImages": "ec2.amazonaws.com",
        "RunInstances": "ec2.amazonaws.com",
        "CreateStack": "cloudformation.amazonaws.com",
    }
    for name, source in expected.items():
        assert management(sandbox, name)["eventSource"] == source
    run = management(sandbox, "RunInstances")
    assert run["requestParameters"]["instancesSet"]["items"][0]["imageId"] == image
    assert run["responseElements"]["instancesSet"]["items"][0]["instanceId"].startswith("i-")
    assert management(sandbox, "GetCallerIdentity")["requestParameters"] is None
    put = data(sandbox, "PutItem", tableName="t")
    assert put["resources"][0]["type"] == "AWS::DynamoDB::Table"
    everything = json.dumps(sandbox.events("--category", "all"))
    assert "hidden" not in everything


def test_lambda(sandbox: Program) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", "def handler(event, context): return 1\n")
    role = sandbox.client("iam").create_role(RoleName="lambda-role", AssumeRolePolicyDocument=ROLE_TRUST)["Role"]["Arn"]
    functions = sandbox.client("lambda")
    functions.create_function(
        FunctionName="f", Runtime="python3.11", Role=role, Handler="index.handler", Code={"ZipFile": archive.getvalue()}
    )
    functions.invoke(FunctionName="f", Payload=b"{}")
    assert management(sandbox, "CreateFunction20150331")["requestParameters"]["functionName"] == "f"
    assert data(sandbox, "Invoke", functionName="f")["eventSource"] == "lambda.amazonaws.com"


def test_calls_that_fail(sandbox: Program) -> None:
    s3 = sandbox.client("s3")
    with pytest.raises(ClientError):
        s3.get_object(Bucket="no-such-bucket-here", Key="k")
    assert data(sandbox, "GetObject", bucketName="no-such-bucket-here")["errorCode"] == "NoSuchBucket"

    with pytest.raises(ClientError):
        s3.put_object(Bucket="no-such-bucket-here", Key="k", Body=b"x")
    assert data(sandbox, "PutObject", bucketName="no-such-bucket-here")["errorCode"] == "NoSuchBucket"

    s3.create_bucket(Bucket="full-bucket")
    s3.put_object(Bucket="full-bucket", Key="k", Body=b"x")
    with pytest.raises(ClientError):
        s3.delete_bucket(Bucket="full-bucket")
    assert management(sandbox, "DeleteBucket")["errorCode"] == "BucketNotEmpty"
    assert s3.get_object(Bucket="full-bucket", Key="k")["Body"].read() == b"x"

    s3.create_bucket(Bucket="denied-bucket")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::denied-bucket/*"}
    s3.put_bucket_policy(Bucket="denied-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError):
        s3.put_object(Bucket="denied-bucket", Key="k", Body=b"x")
    assert data(sandbox, "PutObject", bucketName="denied-bucket")["errorCode"] == "AccessDenied"

    with pytest.raises(ClientError):
        sandbox.client("iam").get_user(UserName="nobody")
    assert management(sandbox, "GetUser", userName="nobody")["errorCode"] in ("NoSuchEntity", "NoSuchEntityException")

    with pytest.raises(ClientError) as refused:
        sandbox.client("sns", secret="wrong").list_topics()
    assert refused.value.response["Error"]["Code"] in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert management(sandbox, "ListTopics")["errorCode"] == refused.value.response["Error"]["Code"]
    with pytest.raises(ClientError):
        sandbox.client("iam", key="AKIAUNKNOWN000000000").list_users()
    assert management(sandbox, "ListUsers")["userIdentity"]["accessKeyId"] == "AKIAUNKNOWN000000000"


def test_the_aws_cli_asks_and_is_answered(sandbox: Program) -> None:
    assert sandbox.aws("s3", "mb", "s3://cli-bucket").returncode == 0
    asked = sandbox.aws(
        "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=ResourceName,AttributeValue=cli-bucket"
    )
    assert asked.returncode == 0, asked.stderr
    events = json.loads(asked.stdout)["Events"]
    assert any(event["EventName"] == "CreateBucket" and event["Username"] == "root" for event in events)
    refused = sandbox.aws("cloudtrail", "list-dashboards")
    assert refused.returncode != 0 and "UnsupportedOperationException" in refused.stderr
    assert management(sandbox, "ListDashboards")["errorCode"] == "UnsupportedOperationException"
    assert management(sandbox, "LookupEvents")["responseElements"] is None


def test_an_answered_call_is_visible_within_a_second(sandbox: Program) -> None:
    iam = sandbox.client("iam")
    trail = sandbox.client("cloudtrail")
    for turn in range(5):
        name = f"seen-{turn}"
        iam.create_user(UserName=name)
        began = time.monotonic()
        found = eventually(
            lambda name=name: trail.lookup_events(
                LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}]
            )["Events"],
            seconds=1.0,
        )
        assert found, f"{name} not visible after {time.monotonic() - began:.2f} s"


def test_health_and_metrics(sandbox: Program) -> None:
    status, body = sandbox.get("/healthz")
    assert status == 200 and json.loads(body)["status"] == "ok"
    status, text = sandbox.get("/metrics")
    assert status == 200 and "opentrail_records_kept_total" in text
    status, pages = sandbox.get("/")  # what the line at the start leads to
    assert status == 200 and "/healthz" in pages and "/metrics" in pages

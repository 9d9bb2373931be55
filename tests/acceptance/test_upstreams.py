"""docs/UPSTREAMS.md, tried: other people's servers behind the recorder, with the settings that the page gives."""

import hashlib
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.cloud_servers import SERVERS, CloudServer, started
from tests.acceptance.program import Program, free_port
from tests.objects.seaweedfs import KEY as STORE_KEY
from tests.objects.seaweedfs import seaweedfs

pytestmark = pytest.mark.acceptance

DANA = {"key": "AKIAEXAMPLEKEY000001", "secret": "danas-secret"}
SERVER = """
[server]
port = {port}
console_port = {console_port}
account = "111122223333"

[[principal]]
access_key_id = "AKIAEXAMPLEKEY000001"
secret_access_key = "danas-secret"
user = "dana"

[[principal]]
access_key_id = "admin"
secret_access_key = "test-secret"
user = "store-admin"

[[upstream]]
name = "tried"
url = "{url}"
services = ["*"]
{settings}
"""
SEAWEEDFS = {
    "resign": 'signing = "resign"\naccess_key_id = "admin"\nsecret_access_key = "test-secret"\nregion = "us-east-1"',
    "passthrough": 'signing = "passthrough"',
    "upstream": 'signing = "passthrough"\nverify = "upstream"',
}


def _serve(folder: Path, url: str, settings: str) -> Program:
    config = folder / "opentrail.toml"
    program = Program(folder / "data", (), config, free_port(), free_port())
    text = SERVER.format(port=program.port, console_port=program.console_port, url=url, settings=settings)
    config.write_text(text)
    return program.start()


def _recorded(program: Program) -> list[tuple[str, str | None]]:
    """(event, error code) of all calls, oldest first."""
    events = program.events("--category", "all", "--all-accounts", "--all-regions")
    return [(event["eventName"], event.get("errorCode")) for event in reversed(events)]


def _fails(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as failed:
        call()
    return str(failed.value.response["Error"]["Code"])


def _objects(program: Program, who: dict[str, str]) -> list[tuple[str, str | None]]:
    """What an S3 is asked; the records that it has to leave."""
    s3 = program.client("s3", **who, config={"s3": {"addressing_style": "path"}, "signature_version": "s3v4"})
    s3.create_bucket(Bucket="tried")
    s3.put_object(Bucket="tried", Key="a b/ä", Body=b"x" * 70_000, ContentType="text/plain")
    assert s3.head_object(Bucket="tried", Key="a b/ä")["ContentLength"] == 70_000
    got = s3.get_object(Bucket="tried", Key="a b/ä", Range="bytes=0-9")
    assert got["Body"].read() == b"x" * 10 and got["ContentType"] == "text/plain"
    upload = s3.create_multipart_upload(Bucket="tried", Key="large")["UploadId"]
    part = hashlib.sha256(b"part").digest() * 200_000
    told = s3.upload_part(Bucket="tried", Key="large", UploadId=upload, PartNumber=1, Body=part)
    parts = {"Parts": [{"PartNumber": 1, "ETag": told["ETag"]}]}
    s3.complete_multipart_upload(Bucket="tried", Key="large", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket="tried", Key="large")["Body"].read() == part
    assert {entry["Key"] for entry in s3.list_objects_v2(Bucket="tried")["Contents"]} == {"a b/ä", "large"}
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", {"Bucket": "tried", "Key": "a b/ä"})) as answer:
        assert len(answer.read()) == 70_000
    assert _fails(lambda: s3.get_object(Bucket="tried", Key="gone")) == "NoSuchKey"
    s3.delete_objects(Bucket="tried", Delete={"Objects": [{"Key": "a b/ä"}, {"Key": "large"}]})
    s3.delete_bucket(Bucket="tried")
    s3.close()
    return [
        ("CreateBucket", None), ("PutObject", None), ("HeadObject", None), ("GetObject", None),
        ("CreateMultipartUpload", None), ("UploadPart", None), ("CompleteMultipartUpload", None), ("GetObject", None),
        ("ListObjects", None), ("GetObject", None), ("GetObject", "NoSuchKey"),
        ("DeleteObject", None), ("DeleteObject", None), ("DeleteObjects", None), ("DeleteBucket", None),
    ]  # fmt: skip


def _items(program: Program, who: dict[str, str]) -> list[tuple[str, str | None]]:
    """What a DynamoDB is asked; the records that it has to leave."""
    table = program.client("dynamodb", **who)
    table.create_table(
        TableName="tried", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    table.get_waiter("table_exists").wait(TableName="tried", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    item = {"k": {"S": "1"}, "v": {"N": "7"}}
    table.put_item(TableName="tried", Item=item)
    assert table.get_item(TableName="tried", Key={"k": {"S": "1"}})["Item"] == item
    condition = "attribute_not_exists(k)"
    code = _fails(lambda: table.put_item(TableName="tried", Item=item, ConditionExpression=condition))
    assert code == "ConditionalCheckFailedException"
    assert table.scan(TableName="tried")["Count"] == 1
    assert _fails(lambda: table.describe_table(TableName="none")) == "ResourceNotFoundException"
    table.delete_table(TableName="tried")
    table.close()
    return [
        ("CreateTable", None), ("DescribeTable", None), ("PutItem", None), ("GetItem", None),
        ("PutItem", "ConditionalCheckFailedException"), ("Scan", None),
        ("DescribeTable", "ResourceNotFoundException"), ("DeleteTable", None),
    ]  # fmt: skip


def _queues(program: Program, who: dict[str, str]) -> list[tuple[str, str | None]]:
    sqs = program.client("sqs", **who)
    url = sqs.create_queue(QueueName="tried")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["hello"]
    sqs.delete_queue(QueueUrl=url)
    sqs.close()
    return [("CreateQueue", None), ("SendMessage", None), ("ReceiveMessage", None), ("DeleteQueue", None)]


def _users(program: Program, who: dict[str, str]) -> list[tuple[str, str | None]]:
    iam = program.client("iam", **who)
    iam.create_user(UserName="erin")
    assert _fails(lambda: iam.get_user(UserName="nobody")) == "NoSuchEntity"
    key = iam.create_access_key(UserName="erin")["AccessKey"]
    erin = program.client("iam", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert "erin" in {user["UserName"] for user in erin.list_users()["Users"]}
    iam.close()
    erin.close()
    listed = program.events("--event-name", "ListUsers", "--all-accounts", "--all-regions")
    assert listed[0]["userIdentity"]["userName"] == "erin", "a key made through the recorder is known"
    return [
        ("CreateUser", None), ("GetUser", "NoSuchEntityException"), ("CreateAccessKey", None), ("ListUsers", None)
    ]  # fmt: skip


ASK = {"s3": _objects, "dynamodb": _items, "sqs": _queues, "iam": _users}


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_calls_are_answered_and_recorded(tmp_path: Path, server: CloudServer) -> None:
    with started(server, tmp_path / "cloud") as url:
        program = _serve(tmp_path, url, server.settings)
        expected = [one for service in server.services for one in ASK[service](program, DANA)]
        recorded = _recorded(program)
        waited = ("DescribeTable", None)  # a table may take more than one look to be there
        recorded = [one for n, one in enumerate(recorded) if one != waited or recorded[n - 1] != waited]
        assert recorded == expected
        assert program.stop() == 0


@pytest.mark.parametrize("mode", SEAWEEDFS)
def test_seaweedfs_in_every_mode(tmp_path: Path, mode: str) -> None:
    with seaweedfs(tmp_path) as url:
        program = _serve(tmp_path, url, SEAWEEDFS[mode])
        admin = {"key": STORE_KEY["AWS_ACCESS_KEY_ID"], "secret": STORE_KEY["AWS_SECRET_ACCESS_KEY"]}
        expected = _objects(program, DANA if mode == "resign" else admin)
        assert _recorded(program) == expected
        arn = program.events("--category", "all", "--all-accounts", "--event-name", "DeleteBucket")[0]["userIdentity"][
            "arn"
        ]
        assert arn.endswith("user/dana" if mode == "resign" else "user/store-admin")
        with pytest.raises(ClientError):
            program.client("s3", key=admin["key"], secret="wrong").list_buckets()
        assert _recorded(program)[-1][1] is not None
        assert program.stop() == 0

"""What a program records of its own calls is what the proxy records of them, but for what only one of both can know."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import opentrail
from opentrail.recorder.client_side.attaching import NotRecordable
from opentrail.recorder.client_side.caller import identity_told
from opentrail.recorder.forwarding.upstreams import moto as moto_upstream
from tests.recorder.rig import KEY, SECRET, Arrived, RecorderServer, ScriptedUpstream

ONLY_ONE_KNOWS = {
    "userIdentity",
    "recipientAccountId",
    "sourceIPAddress",
    "eventID",
    "eventTime",
    "additionalEventData",
}


class Program:
    """boto3 in front of the proxy, recorded by both."""

    def __init__(self, recorder: RecorderServer, file: Path, sts: str) -> None:
        self.recorder = recorder
        self.file = file
        self.session = boto3.Session(KEY, SECRET, region_name="us-east-1")
        self.recording = opentrail.record(self.session, file=file, identity_endpoint=sts)
        self._clients: list[Any] = []

    def client(self, service: str, **more: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, **more)
        made = self.session.client(service, endpoint_url=self.recorder.url, config=config)
        self._clients.append(made)
        return made

    def told(self) -> list[dict[str, Any]]:
        assert self.recording.flush(20)
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.recording.close()


@pytest.fixture
def program(moto: str, tmp_path: Path) -> Iterator[Program]:
    recorder = RecorderServer(tmp_path / "data", [moto_upstream("moto", moto)]).start()
    made = Program(recorder, tmp_path / "calls.jsonl", moto)
    yield made
    made.close()
    recorder.stop()


def test_calls_of_every_protocol_are_recorded_as_the_proxy_records_them(program: Program) -> None:
    iam, s3, sqs = program.client("iam"), program.client("s3"), program.client("sqs")
    ec2, dynamodb, functions = program.client("ec2"), program.client("dynamodb"), program.client("lambda")
    iam.create_user(UserName="dana", Path="/staff/")
    secret = iam.create_access_key(UserName="dana")["AccessKey"]["SecretAccessKey"]
    iam.create_login_profile(UserName="dana", Password="a-password-of-hers")
    with contextlib.suppress(ClientError):
        iam.get_user(UserName="nobody")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a b/ä", Body=b"x" * 1000, Metadata={"colour": "blue"})
    s3.get_object(Bucket="bucket", Key="a b/ä")["Body"].read()
    s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a b/ä"}, {"Key": "other"}]})
    with contextlib.suppress(ClientError):
        s3.head_object(Bucket="bucket", Key="gone")
    sqs.create_queue(QueueName="queue", Attributes={"DelaySeconds": "5"})
    ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    dynamodb.create_table(
        TableName="t", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    dynamodb.put_item(TableName="t", Item={"k": {"S": "v"}})
    functions.list_functions()
    proxied, told = program.recorder.records(), program.told()
    assert len(told) == len(proxied) >= 16
    by_name = {record["requestID"] + record["eventName"] + str(record["requestParameters"]): record for record in told}
    for theirs in proxied:
        ours = by_name[theirs["requestID"] + theirs["eventName"] + str(theirs["requestParameters"])]
        for name in (theirs.keys() | ours.keys()) - ONLY_ONE_KNOWS:
            assert ours.get(name) == theirs.get(name), (theirs["eventName"], name, ours)
        more = dict(ours["additionalEventData"])
        assert more.pop("recordedBy") == "client"
        assert more == (theirs.get("additionalEventData") or {}), theirs["eventName"]
    text = program.file.read_text()
    assert secret not in text and "a-password-of-hers" not in text and SECRET not in text


def test_every_attempt_is_a_call_as_the_service_sees_it(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    tries = 0

    async def script(arrived: Arrived) -> None:
        nonlocal tries
        tries += 1
        await arrived.drop_body()
        await arrived.answer(200 if tries > 2 else 503, b"{}", ("x-amzn-RequestId", f"attempt-{tries}"))

    upstream.script = script
    session = boto3.Session(KEY, SECRET, region_name="eu-west-1")
    file = tmp_path / "calls.jsonl"
    with opentrail.record(session, file=file, identity=False):
        client = session.client("dynamodb", endpoint_url=upstream.url)
        client.list_tables()
        client.close()
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(record["requestID"], "errorCode" in record) for record in told] == [
        ("attempt-1", True), ("attempt-2", True), ("attempt-3", False),
    ]  # fmt: skip
    assert {record["awsRegion"] for record in told} == {"eu-west-1"}


def test_a_call_without_an_answer_is_recorded_as_what_it_is(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    async def script(arrived: Arrived) -> None:
        await arrived.drop_body()

    upstream.script = script
    file = tmp_path / "calls.jsonl"
    session = boto3.Session(KEY, SECRET, region_name="us-east-1")
    with opentrail.record(session, file=file, identity=False):
        for url in (upstream.url, "http://127.0.0.1:9"):
            config = Config(retries={"total_max_attempts": 1}, read_timeout=0.3)
            client = session.client("sns", endpoint_url=url, config=config)
            with pytest.raises(BotoCoreError):
                client.create_topic(Name="news")
            client.close()
    silent, dead = (json.loads(line) for line in file.read_text().splitlines())
    assert silent["additionalEventData"] == {"outcome": "unknown", "recordedBy": "client"}
    assert "errorCode" not in silent and silent["requestParameters"] == {"name": "news"}
    assert dead["errorCode"] == "ServiceUnavailable" and "outcome" not in dead["additionalEventData"]


def test_the_identity_is_what_sts_tells_and_asked_once(moto: str, tmp_path: Path) -> None:
    admin = boto3.client("iam", "us-east-1", endpoint_url=moto, aws_access_key_id="a", aws_secret_access_key="b")
    admin.create_user(UserName="erin")
    key = admin.create_access_key(UserName="erin")["AccessKey"]
    admin.close()
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    file = tmp_path / "calls.jsonl"
    with opentrail.record(session, file=file):
        client = session.client("sqs", endpoint_url=moto)
        client.list_queues()
        client.list_queues()
        client.close()
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert first["userIdentity"] == second["userIdentity"]
    assert first["userIdentity"]["accessKeyId"] == key["AccessKeyId"]
    assert (first["userIdentity"]["type"], first["userIdentity"]["userName"]) == ("IAMUser", "erin")
    assert first["recipientAccountId"] == "123456789012"


def test_identities_by_their_arn() -> None:
    def told(resource: str, user_id: str) -> dict[str, Any]:
        service = "iam" if resource.startswith(("root", "user")) else "sts"
        return identity_told(f"arn:aws:{service}::111122223333:{resource}", user_id, "111122223333", "AKIA")

    assert told("root", "111122223333")["type"] == "Root"
    assert told("user/staff/dana", "AIDA")["userName"] == "dana"
    role = told("assumed-role/Admin/dana@example", "AROA:dana@example")
    assert role["type"] == "AssumedRole" and "userName" not in role
    issuer = {"type": "Role", "principalId": "AROA", "accountId": "111122223333", "userName": "Admin"}
    assert role["sessionContext"] == {"sessionIssuer": issuer}
    assert told("federated-user/bob", "111122223333:bob")["type"] == "FederatedUser"


def test_clients_resources_and_botocore_sessions_can_be_recorded(moto: str, tmp_path: Path) -> None:
    import botocore.session

    session = boto3.Session(KEY, SECRET, region_name="us-east-1")
    client, other = session.client("sqs", endpoint_url=moto), session.client("sqs", endpoint_url=moto)
    resource = session.resource("s3", endpoint_url=moto)
    plain = botocore.session.Session()
    plain.set_credentials(KEY, SECRET)
    file = tmp_path / "calls.jsonl"
    with opentrail.record(client, file=file, identity=False) as recording:
        recording.attach(client).attach(resource).attach(plain)
        made = plain.create_client("sns", "us-east-1", endpoint_url=moto)
        client.list_queues()
        other.list_queues()
        list(resource.buckets.all())
        made.list_topics()
    client.list_queues()
    names = [json.loads(line)["eventName"] for line in file.read_text().splitlines()]
    assert names == ["ListQueues", "ListBuckets", "ListTopics"]
    for used in (client, other, made, resource.meta.client):
        used.close()


def test_what_cannot_be_recorded_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(NotRecordable, match="str is no session"):
        opentrail.record("s3", file=tmp_path / "f")
    monkeypatch.delenv("OPENTRAIL_ENDPOINT", raising=False)
    with pytest.raises(NotRecordable, match="Say where"):
        opentrail.record(boto3.Session())

"""Real boto3 clients through the recorder to a real SeaweedFS and a real moto."""

import hashlib
import http.client
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from opentrail.recorder.forwarding.upstreams import Upstream, moto
from opentrail.server.data_folder import DataFolder
from opentrail.server.processes.children import stop_all
from opentrail.server.sandbox.cloud import start_sandbox, wait_sandbox
from tests.recorder.form_uploads import post
from tests.recorder.rig import ACCOUNT, OTHER_ACCOUNT, USER_KEY, USER_SECRET, RecorderServer

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecorderServer]:
    pytest.importorskip("moto")
    folder = DataFolder(tmp_path_factory.mktemp("cloud"))
    folder.create()
    sandbox = start_sandbox(folder)
    try:
        wait_sandbox(sandbox)
        key = sandbox.s3_key
        s3 = Upstream("s3", sandbox.s3_url, frozenset({"s3"}), "resign", key.access_key_id, key.secret_access_key)
        recorder = RecorderServer(folder.root / "recorder", [s3, moto("moto", sandbox.services_url)]).start()
        recorder.client("s3").create_bucket(Bucket="objects")
        yield recorder
        recorder.stop()
    finally:
        stop_all(sandbox.children)


@pytest.fixture
def seen(cloud: RecorderServer) -> Iterator[Any]:
    """The records of this test, oldest first; with a name, those of that event."""
    before = len(cloud.records())

    def records(name: str | None = None) -> list[dict[str, Any]]:
        return [record for record in cloud.records()[before:] if name in (None, record["eventName"])]

    yield records


@pytest.mark.parametrize(
    "key", ["plain", "with space", "a+b", "a%2Fb", "a/b//c", "ä日.txt", "q?x=1&y=2", "tilde~!'()*"]
)
def test_keys_of_every_kind(cloud: RecorderServer, seen: Any, key: str) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket="objects", Key=key, Body=b"hello", Metadata={"colour": "blue"})
    got = s3.get_object(Bucket="objects", Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"hello", {"colour": "blue"})
    assert s3.head_object(Bucket="objects", Key=key)["ContentLength"] == 5
    s3.delete_object(Bucket="objects", Key=key)
    records = seen()
    assert [record["eventName"] for record in records] == ["PutObject", "GetObject", "HeadObject", "DeleteObject"]
    assert {record["requestParameters"]["key"] for record in records} == {key}
    assert all(record["eventCategory"] == "Data" and not record["managementEvent"] for record in records)
    put = records[0]
    assert put["additionalEventData"]["bytesTransferredIn"] == 5
    assert put["userAgent"].startswith("[Boto3/") and put["userAgent"].endswith("]")
    assert records[1]["additionalEventData"]["bytesTransferredOut"] == 5


def test_a_multipart_upload_of_30_megabytes_and_its_ranges(cloud: RecorderServer, seen: Any, tmp_path: Path) -> None:
    s3 = cloud.client("s3")
    data = os.urandom(30 * MIB)
    (tmp_path / "big").write_bytes(data)
    s3.upload_file(str(tmp_path / "big"), "objects", "big", Config=TransferConfig(multipart_threshold=8 * MIB))
    assert (
        s3.get_object(Bucket="objects", Key="big", Range="bytes=1000000-1000009")["Body"].read()
        == data[10**6 : 10**6 + 10]
    )
    whole = hashlib.sha256()
    for part in s3.get_object(Bucket="objects", Key="big")["Body"].iter_chunks(MIB):
        whole.update(part)
    assert whole.hexdigest() == hashlib.sha256(data).hexdigest()
    parts = seen("UploadPart")
    assert sum(record["additionalEventData"]["bytesTransferredIn"] for record in parts) == len(data)
    assert len(seen("CompleteMultipartUpload")) == 1
    assert [record["additionalEventData"]["bytesTransferredOut"] for record in seen("GetObject")] == [10, len(data)]
    assert cloud.journal.intents() == []


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_uploads_with_trailing_checksums(cloud: RecorderServer, algorithm: str) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket="objects", Key="sum", Body=os.urandom(300_000), ChecksumAlgorithm=algorithm)
    assert s3.head_object(Bucket="objects", Key="sum")["ContentLength"] == 300_000


def test_several_objects_deleted_in_one_call_are_all_found(cloud: RecorderServer, seen: Any) -> None:
    s3 = cloud.client("s3")
    keys = [f"gone/{number}" for number in range(5)]
    for key in keys:
        s3.put_object(Bucket="objects", Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket="objects", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(answer["Deleted"]) == 5
    assert len(seen("DeleteObjects")) == 1
    extra = seen("DeleteObject")
    assert sorted(record["requestParameters"]["key"] for record in extra) == keys
    assert {record["eventType"] for record in extra} == {"AwsServiceEvent"}
    assert {record["requestID"] for record in extra} == {seen("DeleteObjects")[0]["requestID"]}


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(cloud: RecorderServer, seen: Any, version: str) -> None:
    s3 = cloud.client("s3", signature_version=version)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "objects", "Key": "pre signed+"})
    request = urllib.request.Request(put, b"by url", method="PUT", headers={"Content-Type": ""})
    assert urllib.request.urlopen(request, timeout=10).status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "pre signed+"})
    assert urllib.request.urlopen(get, timeout=10).read() == b"by url"
    assert [record["userIdentity"]["type"] for record in seen()] == ["Root", "Root"]
    assert {record["additionalEventData"]["AuthenticationMethod"] for record in seen()} == {"QueryString"}


def test_virtual_hosted_buckets(cloud: RecorderServer, seen: Any) -> None:
    cloud.client("s3").put_object(Bucket="objects", Key="hosted", Body=b"by host")
    local = f"http://localhost:{cloud.port}"
    s3 = cloud.client(
        "s3", USER_KEY, USER_SECRET, endpoint_url=local, signature_version="s3v4", s3={"addressing_style": "virtual"}
    )
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "hosted"})
    assert url.startswith("http://objects.localhost:")
    host, _, target = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=10)
    connection.request("GET", f"/{target}", headers={"Host": host})
    body = connection.getresponse().read()
    assert body == b"by host"
    connection.close()
    assert seen("GetObject")[-1]["requestParameters"]["bucketName"] == "objects"


def test_failures_of_s3_keep_their_own_words(cloud: RecorderServer, seen: Any) -> None:
    s3 = cloud.client("s3")
    for call, code in (
        (lambda: s3.get_object(Bucket="missing-bucket", Key="k"), "NoSuchBucket"),
        (lambda: s3.get_object(Bucket="objects", Key="missing"), "NoSuchKey"),
        (lambda: s3.head_object(Bucket="objects", Key="missing"), "404"),
    ):
        with pytest.raises(ClientError) as failed:
            call()
        assert failed.value.response["Error"]["Code"] == code
    assert [record["errorCode"] for record in seen()][:2] == ["NoSuchBucket", "NoSuchKey"]
    with pytest.raises(ClientError) as denied:
        cloud.client("s3", signature_version=UNSIGNED).get_object(Bucket="objects", Key="plain")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    assert seen()[-1]["userIdentity"]["accountId"] == "ANONYMOUS_PRINCIPAL"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_an_upload_by_form(cloud: RecorderServer, seen: Any, version: str) -> None:
    signer = cloud.client("s3", signature_version=version)
    presigned = signer.generate_presigned_post("objects", f"form/{version}/${{filename}}", ExpiresIn=60)
    assert post(cloud.port, "objects", presigned["fields"], b"by form " * 20_000)[0] == 204
    got = cloud.client("s3").get_object(Bucket="objects", Key=f"form/{version}/photo.jpg")
    assert got["Body"].read() == b"by form " * 20_000
    assert seen()[0]["requestParameters"]["key"] == f"form/{version}/photo.jpg"


def test_conditional_writes_and_not_modified(cloud: RecorderServer) -> None:
    s3 = cloud.client("s3")
    etag = s3.put_object(Bucket="objects", Key="once", Body=b"1")["ETag"]
    with pytest.raises(ClientError) as failed:
        s3.put_object(Bucket="objects", Key="once", Body=b"2", IfNoneMatch="*")
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError) as unchanged:
        s3.get_object(Bucket="objects", Key="once", IfNoneMatch=etag)
    assert unchanged.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304


def test_services_of_every_protocol(cloud: RecorderServer, seen: Any) -> None:
    url = cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    assert url.startswith(cloud.url), "queues are reached through the recorder, too"
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    cloud.client("sns").create_topic(Name="news")
    cloud.client("dynamodb").list_tables()
    cloud.client("ec2").describe_vpcs()
    cloud.client("lambda").list_functions()
    with pytest.raises(ClientError):
        cloud.client("kms").describe_key(KeyId="missing")
    names = [record["eventName"] for record in seen()]
    assert names == [
        "CreateQueue", "SendMessage", "CreateTopic", "ListTables", "DescribeVpcs", "ListFunctions20150331",
        "DescribeKey",
    ]  # fmt: skip
    assert seen()[-1]["errorCode"] == "NotFoundException"
    assert {record["recipientAccountId"] for record in seen()} == {ACCOUNT}


def test_learned_users_and_roles_are_who_they_are(cloud: RecorderServer, seen: Any) -> None:
    iam = cloud.client("iam", USER_KEY, USER_SECRET)
    iam.create_user(UserName="carol")
    made = iam.create_access_key(UserName="carol")["AccessKey"]
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    carol = (made["AccessKeyId"], made["SecretAccessKey"])
    assert cloud.client("sts", *carol).get_caller_identity()["Account"] == OTHER_ACCOUNT
    session = cloud.client("sts", *carol).assume_role(RoleArn=role["Arn"], RoleSessionName="build-7")["Credentials"]
    temporary = (session["AccessKeyId"], session["SecretAccessKey"])
    s3 = cloud.client("s3", *temporary, session_token=session["SessionToken"])
    s3.put_object(Bucket="objects", Key="by-role", Body=b"x")
    by_user, assumed, by_role = (seen(name)[-1] for name in ("GetCallerIdentity", "AssumeRole", "PutObject"))
    assert (by_user["userIdentity"]["type"], by_user["userIdentity"]["userName"]) == ("IAMUser", "carol")
    assert by_role["userIdentity"]["type"] == "AssumedRole"
    assert by_role["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "deployer"
    assert by_role["recipientAccountId"] == OTHER_ACCOUNT
    everything = json.dumps(seen())
    for secret in (made["SecretAccessKey"], session["SecretAccessKey"], session["SessionToken"]):
        assert secret not in everything
    assert assumed["requestParameters"]["roleSessionName"] == "build-7"

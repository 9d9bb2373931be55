"""`opentrail serve` before upstreams that verify signatures themselves: an S3 that does, a cloud whose IAM is asked."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import ACCOUNT, Program, eventually, free_port
from tests.objects.seaweedfs import KEY, seaweedfs

pytestmark = pytest.mark.acceptance

CONFIG = """
[server]
port = {port}
console_port = {console_port}
account = "111122223333"

[[upstream]]
name = "store"
url = "{store}"
services = ["s3"]
signing = "passthrough"
verify = "upstream"

[[upstream]]
name = "cloud"
url = "{cloud}"
services = ["*"]
signing = "passthrough"
verify = "upstream"

[upstream.look_up]
sts_url = "{cloud}"
iam_url = "{cloud}"
access_key_id = "{asking}"
secret_access_key = "{asking_secret}"

[[principal]]
access_key_id = "{store_key}"
user = "keeper"
user_id = "AIDAEXAMPLEKEEPER001"
path = "/storage/"
"""


@contextmanager
def _cloud() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as moto:
        try:
            url = f"http://127.0.0.1:{port}"
            assert eventually(lambda: _answers(url), seconds=60.0)
            yield url
        finally:
            moto.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _there(cloud: str, service: str) -> Any:
    """A client that does not go through the server."""
    return boto3.client(
        service, endpoint_url=cloud, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str]]:
    pytest.importorskip("moto")
    folder = tmp_path_factory.mktemp("elsewhere")
    with seaweedfs(folder) as store, _cloud() as cloud:
        iam = _there(cloud, "iam")
        iam.create_user(UserName="asking")
        asking = iam.create_access_key(UserName="asking")["AccessKey"]
        program = Program(folder / "opentrail", config=folder / "opentrail.toml")
        text = CONFIG.format(
            port=program.port,
            console_port=program.console_port,
            store=store,
            cloud=cloud,
            asking=asking["AccessKeyId"],
            asking_secret=asking["SecretAccessKey"],
            store_key=KEY["AWS_ACCESS_KEY_ID"],
        )
        (folder / "opentrail.toml").write_text(text)
        yield program.start(), cloud
        assert program.stop() == 0, "".join(program.output[-40:])


def _recorded(program: Program, name: str, account: str) -> dict[str, Any]:
    found = program.events("--category", "all", "--account", account, "--region", "us-east-1", "--event-name", name)
    assert found, f"no {name}"
    return found[0]


def test_whom_the_store_lets_pass_is_the_principal_of_its_key(served: tuple[Program, str]) -> None:
    program, _ = served
    s3 = program.client("s3", KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"])
    s3.create_bucket(Bucket="foreign")
    assert _recorded(program, "CreateBucket", "111122223333")["userIdentity"] == {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLEKEEPER001",
        "arn": "arn:aws:iam::111122223333:user/storage/keeper",
        "accountId": "111122223333",
        "accessKeyId": KEY["AWS_ACCESS_KEY_ID"],
        "userName": "keeper",
    }


def test_whom_the_store_refuses_is_nobody(served: tuple[Program, str]) -> None:
    program, _ = served
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        program.client("s3", KEY["AWS_ACCESS_KEY_ID"], "guessed").list_buckets()
    record = _recorded(program, "ListBuckets", "111122223333")
    assert record["errorCode"] == "SignatureDoesNotMatch"
    unknown = {"type": "Unknown", "principalId": "", "accessKeyId": KEY["AWS_ACCESS_KEY_ID"]}
    assert record["userIdentity"] == unknown


def test_a_key_without_a_secret_opens_nothing_here(served: tuple[Program, str]) -> None:
    program, _ = served
    with pytest.raises(ClientError, match="UnrecognizedClient"):
        program.client("cloudtrail", KEY["AWS_ACCESS_KEY_ID"], "x").lookup_events()


def test_a_user_whom_nobody_told_of_is_looked_up_in_his_own_account(served: tuple[Program, str]) -> None:
    program, cloud = served
    iam = _there(cloud, "iam")
    user = iam.create_user(UserName="walk-in", Path="/doors/")["User"]
    key = iam.create_access_key(UserName="walk-in")["AccessKey"]
    program.client("sns", key["AccessKeyId"], key["SecretAccessKey"]).create_topic(Name="t")
    record = _recorded(program, "CreateTopic", ACCOUNT)
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": user["Arn"],
        "accountId": ACCOUNT,
        "accessKeyId": key["AccessKeyId"],
        "userName": "walk-in",
    }

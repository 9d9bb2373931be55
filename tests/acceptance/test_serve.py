"""`opentrail serve`: upstreams and principals of one's own, a real S3 behind it, and no well-known key."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import Program
from tests.objects.seaweedfs import KEY, seaweedfs

pytestmark = pytest.mark.acceptance

ACCOUNT = "111122223333"
DANA = {"key": "AKIAEXAMPLEKEY000001", "secret": "danas-secret"}
CONFIG = """
[server]
port = {port}
console_port = {console_port}
account = "{account}"
trusted_proxies = ["127.0.0.1/32"]

[history]
commit_interval_seconds = 1

[[upstream]]
name = "store"
url = "{store}"
services = ["s3"]
signing = "resign"
access_key_id = "{store_key}"
secret_access_key_env = "STORE_SECRET_OF_THE_TEST"
region = "us-east-1"

[[principal]]
access_key_id = "AKIAEXAMPLEKEY000001"
secret_access_key = "danas-secret"
user = "dana"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A server in front of a real S3 that knows one key alone, which no client has."""
    folder = tmp_path_factory.mktemp("serve")
    with seaweedfs(folder) as store:
        program = Program(folder / "opentrail", config=folder / "opentrail.toml")
        text = CONFIG.format(
            port=program.port,
            console_port=program.console_port,
            account=ACCOUNT,
            store=store,
            store_key=KEY["AWS_ACCESS_KEY_ID"],
        )
        (folder / "opentrail.toml").write_text(text)
        os.environ["STORE_SECRET_OF_THE_TEST"] = KEY["AWS_SECRET_ACCESS_KEY"]
        try:
            yield program.start()
            assert program.stop() == 0, "".join(program.output[-40:])
        finally:
            del os.environ["STORE_SECRET_OF_THE_TEST"]
            if program.process is not None and program.process.poll() is None:
                program.kill()


def recorded(program: Program, name: str) -> dict[str, Any]:
    found = program.events("--category", "all", "--account", ACCOUNT, "--region", "us-east-1", "--event-name", name)
    assert found, f"no {name}"
    return found[0]


def test_a_configured_user_works_on_a_store_whose_key_it_does_not_know(served: Program, tmp_path: Path) -> None:
    s3 = served.client("s3", **DANA)
    s3.create_bucket(Bucket="production")
    s3.put_object(Bucket="production", Key="k", Body=b"x" * 100_000)
    assert len(s3.get_object(Bucket="production", Key="k")["Body"].read()) == 100_000
    put = recorded(served, "PutObject")
    assert put["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/dana"
    assert put["recipientAccountId"] == ACCOUNT
    assert put["additionalEventData"]["bytesTransferredIn"] == 100_000


def test_there_is_no_well_known_key(served: Program) -> None:
    for key in ("test", KEY["AWS_ACCESS_KEY_ID"]):
        with pytest.raises(ClientError) as refused:
            served.client("s3", key=key, secret="test").list_buckets()
        assert refused.value.response["Error"]["Code"] == "InvalidAccessKeyId"
    assert recorded(served, "ListBuckets")["userIdentity"]["type"] == "Unknown"


def test_a_service_without_upstream_is_refused_to_the_caller_by_name(served: Program) -> None:
    with pytest.raises(ClientError) as refused:
        served.client("sns", **DANA).list_topics()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert recorded(served, "ListTopics")["userIdentity"]["userName"] == "dana"


def test_a_trusted_proxy_tells_the_address(served: Program) -> None:
    s3 = served.client("s3", **DANA)
    s3.meta.events.register("before-send.s3.ListBuckets", _forwarded)
    s3.list_buckets()
    assert recorded(served, "ListBuckets")["sourceIPAddress"] == "203.0.113.77"


def _forwarded(request: Any, **_: Any) -> None:
    request.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.77"


def test_its_own_api_answers_the_configured_user(served: Program) -> None:
    events = served.client("cloudtrail", **DANA).lookup_events(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "dana"}]
    )["Events"]
    assert {event["Username"] for event in events} == {"dana"}

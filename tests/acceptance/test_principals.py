"""A fresh machine: `opentrail init`, `opentrail principals`, `opentrail serve` without a principal in its settings."""

import json
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.program import Program, eventually, opentrail
from tests.objects.seaweedfs import KEY, seaweedfs

pytestmark = pytest.mark.acceptance

OBEYED_SECONDS = 1.0
CONFIG = """
[server]
port = {port}
console_port = {console_port}
workers = 2

[history]
commit_interval_seconds = 1

[[upstream]]
name = "store"
url = "{store}"
services = ["s3"]
access_key_id = "{store_key}"
secret_access_key = "{store_secret}"
region = "us-east-1"
"""

Credentials = dict[str, str]


class Place:
    """A data folder that `opentrail init` made, and the server on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "opentrail"
        self.server = Program(self.data, config=folder / "opentrail.toml")
        told = self.asked("init", "--json")
        self.account = str(told["account"])
        self.root = as_credentials(told)

    def run(self, *arguments: str) -> str:
        done = opentrail(*arguments, "--data-dir", str(self.data))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments))

    def client(self, service: str, who: Credentials) -> Any:
        more = {"aws_session_token": who["token"]} if "token" in who else {}
        return self.server.client(service, who["key"], who["secret"], **more)

    def user(self, name: str, *policies: str) -> Credentials:
        options = [part for policy in policies for part in ("--policy", policy)]
        return as_credentials(self.asked("principals", "add-user", name, *options, "--json"))

    def events(self, name: str, *more: str) -> list[dict[str, Any]]:
        listing = self.run("events", "--json", "--limit", "0", "--category", "all", "--event-name", name, *more)
        return [json.loads(line) for line in listing.splitlines()]


def as_credentials(told: dict[str, Any]) -> Credentials:
    return {"key": told["accessKeyId"], "secret": told["secretAccessKey"]}


def session_of(answer: dict[str, Any]) -> Credentials:
    made = answer["Credentials"]
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "token": made["SessionToken"]}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def obeyed(look: Callable[[], bool]) -> None:
    """True within a second, in whichever process answers: asked over and over on new connections."""
    deadline = time.monotonic() + OBEYED_SECONDS
    while not look():
        assert time.monotonic() < deadline
    assert all(look() for _ in range(6))


def policy(folder: Path, name: str, *statements: dict[str, Any]) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("principals")
    with seaweedfs(folder) as store:
        made = Place(folder)
        text = CONFIG.format(
            port=made.server.port,
            console_port=made.server.console_port,
            store=store,
            store_key=KEY["AWS_ACCESS_KEY_ID"],
            store_secret=KEY["AWS_SECRET_ACCESS_KEY"],
        )
        (folder / "opentrail.toml").write_text(text)
        made.server.start()
        try:
            yield made
            assert made.server.stop() == 0, "".join(made.server.output[-40:])
        finally:
            if made.server.process is not None and made.server.process.poll() is None:
                made.server.kill()


def test_the_root_key_that_was_shown_may_do_everything(place: Place) -> None:
    assert place.client("cloudtrail", place.root).describe_trails()["trailList"] == []
    who = place.client("sts", place.root).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (place.account, f"arn:aws:iam::{place.account}:root")
    place.client("s3", place.root).create_bucket(Bucket="of-the-root")
    created = eventually(lambda: place.events("CreateBucket"), seconds=5)[0]
    assert created["userIdentity"]["type"] == "Root" and created["recipientAccountId"] == place.account
    assert refused(lambda: place.client("cloudtrail", {"key": "test", "secret": "test"}).describe_trails()) == (
        "UnrecognizedClientException"
    )


def test_a_user_may_what_its_policies_allow_as_soon_as_they_do(place: Place, tmp_path: Path) -> None:
    dana = place.user("dana")
    trails = place.client("cloudtrail", dana)
    assert refused(trails.describe_trails) == "AccessDeniedException"
    place.run("principals", "attach-policy", "AWSCloudTrail_ReadOnlyAccess", "--user", "dana")
    obeyed(lambda: "trailList" in place.client("cloudtrail", dana).describe_trails())
    assert refused(lambda: trails.stop_logging(Name="audit")) == "AccessDeniedException"
    only_lists = policy(tmp_path, "lists", {"Effect": "Allow", "Action": "cloudtrail:List*", "Resource": "*"})
    place.run("principals", "add-policy", "lists", "--document", only_lists)
    place.run("principals", "set-boundary", "lists", "--user", "dana")
    obeyed(lambda: refused(place.client("cloudtrail", dana).describe_trails) == "AccessDeniedException")
    assert "Trails" in trails.list_trails()
    named = place.client("sts", dana).get_caller_identity()
    assert named["Arn"] == f"arn:aws:iam::{place.account}:user/dana" and named["UserId"].startswith("AIDA")


def test_a_disabled_key_is_refused_by_every_process_within_a_second(place: Place) -> None:
    erin = place.user("erin", "AWSCloudTrail_ReadOnlyAccess")
    assert "Trails" in place.client("cloudtrail", erin).list_trails()
    assert "Buckets" in place.client("s3", erin).list_buckets()
    place.run("principals", "disable-key", erin["key"])
    obeyed(lambda: refused(place.client("s3", erin).list_buckets) == "InvalidAccessKeyId")
    assert refused(place.client("cloudtrail", erin).list_trails) == "UnrecognizedClientException"
    place.run("principals", "enable-key", erin["key"])
    obeyed(lambda: "Buckets" in place.client("s3", erin).list_buckets())
    new = as_credentials(place.asked("principals", "rotate-key", erin["key"], "--json"))
    obeyed(lambda: refused(place.client("s3", erin).list_buckets) == "InvalidAccessKeyId")
    assert "Buckets" in place.client("s3", new).list_buckets()
    place.run("principals", "delete-user", "erin")
    obeyed(lambda: refused(place.client("s3", new).list_buckets) == "InvalidAccessKeyId")


def test_a_role_is_assumed_and_its_session_is_known_at_every_door(place: Place, tmp_path: Path) -> None:
    finn = place.user("finn")
    arn = f"arn:aws:iam::{place.account}:user/finn"
    trust = policy(tmp_path, "trust", {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"})
    role = place.asked(
        "principals", "add-role", "auditor", "--trust", trust, "--policy", "AWSCloudTrail_ReadOnlyAccess", "--json"
    )["arn"]
    sts = place.client("sts", finn)
    answer = sts.assume_role(RoleArn=role, RoleSessionName="march", DurationSeconds=900)
    session = session_of(answer)
    assumed = f"arn:aws:sts::{place.account}:assumed-role/auditor/march"
    assert answer["AssumedRoleUser"]["Arn"] == assumed
    assert place.client("sts", session).get_caller_identity()["Arn"] == assumed
    assert "trailList" in place.client("cloudtrail", session).describe_trails()
    assert "Buckets" in place.client("s3", session).list_buckets()
    assert refused(lambda: place.client("cloudtrail", session).stop_logging(Name="audit")) == "AccessDeniedException"
    assert refused(place.client("cloudtrail", {**session, "token": "another"}).describe_trails) != ""
    lists = json.dumps({"Statement": {"Effect": "Allow", "Action": "cloudtrail:ListTrails", "Resource": "*"}})
    narrow = session_of(sts.assume_role(RoleArn=role, RoleSessionName="narrow", Policy=lists))
    assert "Trails" in place.client("cloudtrail", narrow).list_trails()
    assert refused(place.client("cloudtrail", narrow).describe_trails) == "AccessDeniedException"
    other = place.user("gwen", "AdministratorAccess")
    denied = lambda: place.client("sts", other).assume_role(RoleArn=role, RoleSessionName="no")  # noqa: E731
    assert refused(denied) == "AccessDenied"

    told = {event["requestParameters"]["roleSessionName"]: event for event in place.events("AssumeRole")}
    assert told["march"]["userIdentity"]["userName"] == "finn" and told["march"]["eventSource"] == "sts.amazonaws.com"
    assert told["march"]["responseElements"]["credentials"]["accessKeyId"] == session["key"]
    assert session["token"] not in json.dumps(told) and session["secret"] not in json.dumps(told)
    assert told["no"]["errorCode"] == "AccessDenied" and told["no"]["userIdentity"]["userName"] == "gwen"
    of_sessions = (one for one in place.events("ListBuckets") if one["userIdentity"]["type"] == "AssumedRole")
    listed = next(of_sessions)
    assert listed["userIdentity"]["arn"] == assumed
    issuer = listed["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", role, "auditor")
    place.run("principals", "delete-role", "auditor")
    obeyed(lambda: refused(place.client("s3", session).list_buckets) == "InvalidAccessKeyId")


def test_accounts_are_apart_and_can_be_closed(place: Place) -> None:
    told = place.asked("principals", "add-account", "second", "--json")
    second = as_credentials(told)
    place.client("s3", second).list_buckets()
    events = place.client("cloudtrail", second).lookup_events()["Events"]
    assert {json.loads(event["CloudTrailEvent"])["recipientAccountId"] for event in events} <= {told["account"]}
    place.run("principals", "close-account", told["account"])
    obeyed(lambda: refused(place.client("s3", second).list_buckets) == "InvalidAccessKeyId")
    place.run("principals", "reopen-account", told["account"])
    obeyed(lambda: "Buckets" in place.client("s3", second).list_buckets())


def test_every_change_is_an_event_without_its_secret(place: Place) -> None:
    hana = place.user("hana", "AdministratorAccess")
    created = place.events("CreateAccessKey")[0]
    assert created["responseElements"]["accessKey"]["accessKeyId"] == hana["key"]
    assert created["eventSource"] == "iam.amazonaws.com" and created["recipientAccountId"] == place.account
    assert created["additionalEventData"] == {"recordedBy": "command-line"}
    attached = place.events("AttachUserPolicy")[0]["requestParameters"]
    assert attached == {"userName": "hana", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert hana["secret"] not in place.run("events", "--json", "--limit", "0", "--category", "all", "--all-regions")


def test_nothing_in_the_folder_is_open_to_others_or_tells_an_event(place: Place) -> None:
    place.client("s3", place.root).put_object(Bucket="of-the-root", Key="a-key-that-nobody-may-read", Body=b"x")
    assert eventually(lambda: place.events("PutObject"), seconds=5)
    open_to_others = [
        f"{stat.S_IMODE(path.lstat().st_mode):o} {path}"
        for path in [place.data, *place.data.rglob("*")]
        if path.lstat().st_mode & 0o077
    ]
    assert open_to_others == []
    stored = b"".join(path.read_bytes() for path in (place.data / "journal").iterdir())
    assert b"a-key-that-nobody-may-read" not in stored
    connection = sqlite3.connect(place.data / "journal" / "journal.db")
    rows = [row[0] for row in connection.execute("SELECT payload FROM batches")]
    connection.close()
    assert rows and all(row.startswith(b"OTS1") for row in rows)
    secrets = b"".join(path.read_bytes() for path in (place.data / "catalog").iterdir())
    assert place.root["secret"].encode() not in secrets


def test_a_new_master_key_is_no_matter_for_a_running_server(place: Place) -> None:
    place.run("master-key", "rotate")
    ivy = place.user("ivy", "AWSCloudTrail_ReadOnlyAccess")
    assert "Trails" in place.client("cloudtrail", ivy).list_trails()
    place.run("check")
    assert place.server.stop() == 0
    place.run("master-key", "rotate", "--new-data-key")
    place.server.start()
    assert "Trails" in place.client("cloudtrail", ivy).list_trails()
    assert place.events("RotateMasterKey")[0]["serviceEventDetails"] == {"keeper": "file", "newDataKey": True}
    place.run("check")


def test_without_its_master_key_a_folder_is_refused_in_a_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = opentrail("init", "--master-key", "environment", "--json", "--data-dir", str(data))
    name, _, value = json.loads(done.stdout)["masterKey"].partition("=")
    clean = {key: told for key, told in os.environ.items() if key != name}
    good, wrong = {**clean, name: value}, {**clean, name: "A" * 43 + "="}
    settings = tmp_path / "opentrail.toml"
    settings.write_text("")
    for command in (["events"], ["check"], ["principals", "list"], ["import", str(tmp_path)]):
        asked = [*command, "--data-dir", str(data)]
        assert opentrail(*asked, environment=good).returncode == 0
        for environment, why in ((clean, f"{name} is not set"), (wrong, "is not the one that the keys of")):
            failed = opentrail(*asked, environment=environment)
            assert failed.returncode == 1 and why in failed.stderr and failed.stderr.count("\n") == 1
    failed = opentrail("serve", "--config", str(settings), "--data-dir", str(data), environment=wrong)
    assert failed.returncode == 1 and "is not the one that the keys of" in failed.stderr
    never = opentrail("serve", "--config", str(settings), "--data-dir", str(tmp_path / "never"), environment=good)
    assert never.returncode == 1 and "opentrail init" in never.stderr

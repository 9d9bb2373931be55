"""Events into the lake by the AWS CLI, boto3 and opentrail.audit: channels, audit events, imports, kill -9 in both."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from tests.acceptance.program import ACCOUNT, REGION, Program, eventually, free_port
from tests.lake.audit_events.making import event_data
from tests.lake.imports.import_room import log_file, log_key, record

pytestmark = pytest.mark.acceptance

AUDIT = [{"Name": "audit", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]
AWAY = (BotoCoreError, ClientError, HTTPClientError, ConnectionError)


def cli(program: Program, *arguments: str) -> Any:
    """The answer of one command of the AWS CLI."""
    done = program.aws("cloudtrail", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def rows(client: Any, statement: str) -> list[list[str]]:
    """All rows of a query that finishes, as values."""
    query_id = client.start_query(QueryStatement=statement)["QueryId"]

    def ended() -> Any:
        found = client.describe_query(QueryId=query_id)
        return found if found["QueryStatus"] not in ("QUEUED", "RUNNING") else None

    assert eventually(ended, seconds=60)["QueryStatus"] == "FINISHED"
    found: list[list[str]] = []
    page = {"NextToken": ""}
    while "NextToken" in page:
        after = {"NextToken": page["NextToken"]} if page["NextToken"] else {}
        page = client.get_query_results(QueryId=query_id, MaxQueryResults=1000, **after)
        found += [[next(iter(value.values())) for value in row] for row in page["QueryResultRows"]]
    return found


def add_audit_store(program: Program, name: str) -> str:
    """Its id."""
    made = cli(
        program, "create-event-data-store", "--name", name, "--no-multi-region-enabled",
        "--no-termination-protection-enabled", "--advanced-event-selectors", json.dumps(AUDIT),
    )  # fmt: skip
    return str(made["EventDataStoreArn"].rpartition("/")[2])


def add_channel(program: Program, store: str, name: str, source: str) -> str:
    """Its ARN."""
    to = f"Type=EVENT_DATA_STORE,Location={store}"
    arguments = ("--name", name, "--source", source, "--destinations", to)
    return str(cli(program, "create-channel", *arguments)["ChannelArn"])


def import_ended(program: Program, import_id: str, seconds: float = 60.0) -> dict[str, Any]:
    client = program.client("cloudtrail")

    def ended() -> Any:
        found = client.get_import(ImportId=import_id)
        return found if found["ImportStatus"] not in ("INITIALIZING", "IN_PROGRESS") else None

    found = eventually(ended, seconds=seconds)
    assert found, client.get_import(ImportId=import_id)
    return dict(found)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A sandbox that the tests of this module share."""
    program = Program(tmp_path_factory.mktemp("lake") / "data").start()
    yield program
    assert program.stop() == 0, "".join(program.output[-40:])


def test_an_audit_event_is_in_the_next_answer(lake: Program) -> None:
    store = add_audit_store(lake, "answers")
    channel = add_channel(lake, store, "answers", "Custom")
    client, data = lake.client("cloudtrail"), lake.client("cloudtrail-data")
    for number in range(3):
        sent = {"id": f"e{number}", "eventData": json.dumps(event_data(UID=f"r-{number}", recipientAccountId=ACCOUNT))}
        answer = data.put_audit_events(channelArn=channel, auditEvents=[sent])
        assert answer["failed"] == []
        found = rows(client, f"SELECT eventID, eventData.UID FROM {store} ORDER BY 2")
        assert [row[1] for row in found] == [f"r-{n}" for n in range(number + 1)]
        assert found[-1][0] == answer["successful"][0]["eventID"]
    done = lake.aws(
        "cloudtrail-data", "put-audit-events", "--channel-arn", channel, "--audit-events",
        json.dumps([{"id": "c", "eventData": json.dumps(event_data(UID="cli")), "eventDataChecksum": "wrong"}]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"][0]["errorCode"] == "InvalidChecksum"
    status = cli(lake, "get-channel", "--channel", channel)["IngestionStatus"]
    assert status["LatestIngestionErrorCode"] == "InvalidChecksum"
    with pytest.raises(ClientError, match="ChannelExistsForEDSException"):
        client.delete_event_data_store(EventDataStore=store)
    events = lake.events("--event-name", "PutAuditEvents", "--category", "data")
    assert len(events) == 4, "each call is one data event"
    cli(lake, "delete-channel", "--channel", channel)
    cli(lake, "delete-event-data-store", "--event-data-store", store)


EXAMPLE = """
import sys
from opentrail.audit import AuditLog, User

failures = []
log = AuditLog(source="billing.example.com", on_failure=failures.append)
for number in range(int(sys.argv[1])):
    log.put("RefundIssued", User("app-user", "u-7"), uid=f"r-{number}", request={"order": f"o-{number}"})
log.put("Wrong", User("app-user", "u-7"), source_ip="nowhere")
log.close(30)
print(log.counts, [failure.code for failure in failures])
"""


def test_the_helper_of_docs_works_against_the_sandbox(lake: Program) -> None:
    store = add_audit_store(lake, "helper")
    channel = add_channel(lake, store, "helper", "billing")
    told = {**lake.environment(), "OPENTRAIL_AUDIT_CHANNEL": channel, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLE, "250"], env=told, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Counts(put=251, kept=250, failed=1) ['InvalidData']"
    found = rows(lake.client("cloudtrail"), f"SELECT count(*), count(DISTINCT eventData.UID) FROM {store}")
    assert found == [["250", "250"]]


ROLE_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def test_an_import_from_a_bucket_with_a_role_and_its_failures(lake: Program) -> None:
    s3, iam, client = lake.client("s3"), lake.client("iam"), lake.client("cloudtrail")
    s3.create_bucket(Bucket="old-logs")
    role = iam.create_role(RoleName="import", AssumeRolePolicyDocument=json.dumps(ROLE_POLICY))["Role"]["Arn"]
    other = iam.create_role(
        RoleName="other", AssumeRolePolicyDocument=json.dumps(ROLE_POLICY).replace("cloudtrail.", "config.")
    )["Role"]["Arn"]
    for day in range(1, 6):
        raws = [record(100 * day + number, recipientAccountId=ACCOUNT) for number in range(100)]
        s3.put_object(Bucket="old-logs", Key=log_key(f"2026/03/{day:02}"), Body=log_file(raws))
    bad = log_key("2026/03/03", unique="z" * 16)
    s3.put_object(Bucket="old-logs", Key=bad, Body=b"{}")
    store = cli(lake, "create-event-data-store", "--name", "old", "--no-start-ingestion")["EventDataStoreArn"]

    def asked(bucket: str = "old-logs", role_arn: str = role) -> dict[str, Any]:
        source = {"S3LocationUri": f"s3://{bucket}/", "S3BucketRegion": REGION, "S3BucketAccessRoleArn": role_arn}
        return {"Destinations": [store], "ImportSource": {"S3": source}}

    for wrong in (asked("nowhere"), asked(role_arn=other), asked(role_arn=role.replace("import", "nobody"))):
        with pytest.raises(ClientError, match="InvalidImportSourceException"):
            client.start_import(**wrong)
    told = json.dumps(asked()["ImportSource"])
    import_id = cli(lake, "start-import", "--destinations", store, "--import-source", told)["ImportId"]
    ended = import_ended(lake, import_id)
    assert ended["ImportStatus"] == "FAILED"
    assert (ended["ImportStatistics"]["EventsCompleted"], ended["ImportStatistics"]["FailedEntries"]) == (500, 1)
    (failure,) = cli(lake, "list-import-failures", "--import-id", import_id)["Failures"]
    assert (failure["Location"], failure["ErrorType"]) == (f"s3://old-logs/{bad}", "UncompressedFile")
    s3.put_object(Bucket="old-logs", Key=bad, Body=log_file([record(900, recipientAccountId=ACCOUNT)]))
    cli(lake, "start-import", "--import-id", import_id)
    assert import_ended(lake, import_id)["ImportStatus"] == "COMPLETED"
    found = rows(client, f"SELECT count(*), count(DISTINCT eventID) FROM {store.rpartition('/')[2]}")
    assert found == [["501", "501"]], "what was imported, and nothing of what happens"
    reads = lake.events("--event-name", "GetObject", "--category", "data")
    assert {event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for event in reads} == {role}
    listed = cli(lake, "list-imports", "--destination", store)["Imports"]
    assert [(one["ImportId"], one["ImportStatus"]) for one in listed] == [(import_id, "COMPLETED")]


class Senders:
    """Threads that put audit events, each the same call again until it is answered; `answered` holds their UIDs."""

    def __init__(self, program: Program, channel: str, count: int) -> None:
        self._program = program
        self._channel = channel
        self._stop = threading.Event()
        self.answered: list[str] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        config = {"connect_timeout": 2, "read_timeout": 5}
        client = self._program.client("cloudtrail-data", config=config)
        while not self._stop.is_set():
            uids = [str(uuid.uuid4()) for _ in range(20)]
            sent = [
                {"id": uid, "eventData": json.dumps(event_data(UID=uid, recipientAccountId=ACCOUNT))} for uid in uids
            ]
            answer = None
            while answer is None:
                try:
                    answer = client.put_audit_events(channelArn=self._channel, auditEvents=sent)
                except AWAY:
                    time.sleep(0.1)
            assert answer["failed"] == []
            self.answered += uids

    def stop(self) -> list[str]:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        return self.answered


class Outlived(NamedTuple):
    """What is in the stores when all is over."""

    answered: int  # audit events that were answered
    repeated: list[str]  # those that are there more than once
    missing: list[str]  # those that were answered and are not there
    imported: list[list[str]]  # events of the import, and how many different ones
    completed: tuple[int, int]  # events and files, as the import says
    stopped: int  # status
    check: int  # likewise


NOTHING_WRONG = Outlived(0, [], [], [["30000", "30000"]], (30_000, 200), 0, 0)


def _kill_rounds(tmp_path: Path, rounds: int) -> Outlived:
    """Audit events and an import, killed again and again."""
    chance = random.Random(20260304)
    buckets = tmp_path / "buckets"
    files, of_each = 200, 150
    for number in range(files):
        raws = [record(number * of_each + row, recipientAccountId=ACCOUNT) for row in range(of_each)]
        path = buckets / "logs" / log_key(f"2026/03/{1 + number % 20:02}", f"{number // 20:02}00")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log_file(raws))
    port, console = free_port(), free_port()
    config = tmp_path / "opentrail.toml"
    config.write_text(
        f'[server]\nport = {port}\nconsole_port = {console}\n[delivery]\ndirectory = "{buckets}"\n'
        "[lake]\ncommit_interval_seconds = 1\n"
        '[[principal]]\naccess_key_id = "test"\nsecret_access_key = "test"\n'
    )

    def started() -> Program:
        return Program(tmp_path / "data", (), config, port, console).start()

    program = started()
    client = program.client("cloudtrail")
    told: dict[str, Any] = {"MultiRegionEnabled": False, "AdvancedEventSelectors": AUDIT}
    audit = client.create_event_data_store(Name="audit", **told)["EventDataStoreArn"].rpartition("/")[2]
    to = [{"Type": "EVENT_DATA_STORE", "Location": audit}]
    channel = client.create_channel(Name="audit", Source="Custom", Destinations=to)["ChannelArn"]
    trails = client.create_event_data_store(Name="trails", StartIngestion=False)["EventDataStoreArn"]
    role = f"arn:aws:iam::{ACCOUNT}:role/import"
    source = {"S3LocationUri": "s3://logs/", "S3BucketRegion": REGION, "S3BucketAccessRoleArn": role}
    import_id = client.start_import(Destinations=[trails], ImportSource={"S3": source})["ImportId"]
    senders = Senders(program, channel, 4)
    for _ in range(rounds):
        time.sleep(chance.uniform(0.2, 2.0))
        program.kill()
        program = started()
    answered = senders.stop()
    assert import_ended(program, import_id, 120)["ImportStatus"] == "COMPLETED"
    uids = Counter(row[0] for row in rows(client, f"SELECT eventData.UID FROM {audit}"))
    found = rows(client, f"SELECT count(*), count(DISTINCT eventID) FROM {trails.rpartition('/')[2]}")
    statistics = client.get_import(ImportId=import_id)["ImportStatistics"]
    return Outlived(
        len(answered),
        [uid for uid, times in uids.items() if times > 1],
        [uid for uid in answered if uid not in uids],
        found,
        (statistics["EventsCompleted"], statistics["FilesCompleted"]),
        program.stop(),
        program.opentrail("check").returncode,
    )


def test_answered_audit_events_and_imports_survive_kill_9(tmp_path: Path) -> None:
    found = _kill_rounds(tmp_path, 5)
    assert found.answered > 20 * 5, "the load never ran"
    assert found._replace(answered=0) == NOTHING_WRONG


@pytest.mark.soak
def test_answered_audit_events_and_imports_survive_50_times_kill_9(tmp_path: Path) -> None:
    found = _kill_rounds(tmp_path, 50)
    assert found.answered > 20 * 50, "the load never ran"
    assert found._replace(answered=0) == NOTHING_WRONG

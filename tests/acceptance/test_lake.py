"""Queries over event data stores by the AWS CLI and boto3 in the sandbox: answers, delivery, hostility, crashes."""

import gzip
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.acceptance.program import ACCOUNT, REGION, Program, eventually

pytestmark = pytest.mark.acceptance

HOSTILE = Path(__file__).parent.parent / "lake" / "sql" / "hostile.txt"
ENDLESS = (
    "SELECT count(*), (SELECT count(*) FROM UNNEST(sequence(1, 1000000)) x (n), UNNEST(sequence(1, 1000000)) y (m)"
    " WHERE n * m % 7 = 3) FROM {store}"
)
# Statements that are understood, and would take all memory, all time or all disk.
BOMBS = (
    "SELECT length(repeat('abcdefgh', 2000000000)) FROM {store}",
    "SELECT cardinality(sequence(1, 3000000000)) FROM {store}",
    "SELECT array_agg(a.n || CAST(b.n AS varchar)) FROM {store}, UNNEST(sequence(1, 100000)) a (n),"
    " UNNEST(sequence(1, 100000)) b (n)",
    "SELECT count(DISTINCT a.n * 1000000 + b.n) FROM {store}, UNNEST(sequence(1, 100000)) a (n),"
    " UNNEST(sequence(1, 100000)) b (n)",
    "SELECT " + "(" * 2000 + "1" + ")" * 2000 + " FROM {store}",
    "SELECT " + " + ".join(["1"] * 3000) + " FROM {store}",
    "SELECT regexp_like(repeat('a', 100000), '" + "(a+)+" * 50 + "b') FROM {store}",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A sandbox that the tests of this module share."""
    program = Program(tmp_path_factory.mktemp("lake") / "data").start()
    yield program
    assert program.stop() == 0, "".join(program.output[-40:])


@pytest.fixture(scope="module")
def store(lake: Program) -> str:
    """The id of a store of management events, which has some."""
    made = cli(lake, "create-event-data-store", "--name", "queried")
    for number in range(5):
        lake.client("iam").create_user(UserName=f"user-{number}")
    return str(made["EventDataStoreArn"].rpartition("/")[2])


def cli(program: Program, *arguments: str) -> Any:
    """The answer of one command of the AWS CLI."""
    done = program.aws("cloudtrail", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def ended(client: Any, query_id: str, seconds: float = 60.0) -> dict[str, Any]:
    """What DescribeQuery says once the query has ended."""

    def described() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_query(QueryId=query_id)
        return found if found["QueryStatus"] not in ("QUEUED", "RUNNING") else None

    return eventually(described, seconds=seconds)  # type: ignore[no-any-return]


def rows(client: Any, statement: str) -> list[list[dict[str, str]]]:
    """All rows of a query that finishes."""
    query_id = client.start_query(QueryStatement=statement)["QueryId"]
    assert ended(client, query_id)["QueryStatus"] == "FINISHED"
    found: list[list[dict[str, str]]] = []
    page: dict[str, Any] = client.get_query_results(QueryId=query_id)
    found += page["QueryResultRows"]
    while "NextToken" in page:
        page = client.get_query_results(QueryId=query_id, NextToken=page["NextToken"])
        found += page["QueryResultRows"]
    return found


def test_a_query_by_the_aws_cli(lake: Program, store: str) -> None:
    statement = (
        "SELECT eventName, eventTime, element_at(requestParameters, 'userName') AS who, errorCode, userIdentity.arn"
        f" FROM {store} WHERE eventName = 'CreateUser' AND eventTime > '2020-01-01 00:00:00' ORDER BY who"
    )
    query_id = cli(lake, "start-query", "--query-statement", statement)["QueryId"]
    described = ended(lake.client("cloudtrail"), query_id)
    assert described["QueryString"] == statement
    assert described["QueryStatistics"]["EventsMatched"] == 5
    assert described["QueryStatistics"]["EventsScanned"] >= 5
    answer = cli(lake, "get-query-results", "--query-id", query_id)
    assert answer["QueryStatus"] == "FINISHED"
    assert answer["QueryStatistics"]["TotalResultsCount"] == 5
    first = answer["QueryResultRows"][0]
    assert [next(iter(value)) for value in first] == ["eventName", "eventTime", "who", "errorCode", "arn"]
    assert first[0] == {"eventName": "CreateUser"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", first[1]["eventTime"])
    assert first[2:] == [{"who": "user-0"}, {"errorCode": None}, {"arn": f"arn:aws:iam::{ACCOUNT}:root"}]
    listed = cli(lake, "list-queries", "--event-data-store", store)["Queries"]
    assert query_id in [one["QueryId"] for one in listed]


def test_what_was_just_done_is_in_the_next_answer(lake: Program, store: str) -> None:
    client, iam = lake.client("cloudtrail"), lake.client("iam")
    for number in range(3):
        iam.create_user(UserName=f"seen-{number}")
        statement = f"SELECT count(*) AS n FROM {store} WHERE element_at(requestParameters, 'userName') LIKE 'seen-%'"
        assert rows(client, statement) == [[{"n": str(number + 1)}]]


def test_pages_of_results_and_of_queries(lake: Program, store: str) -> None:
    client = lake.client("cloudtrail")
    statement = f"SELECT n FROM {store}, UNNEST(sequence(1, 2500)) AS t (n) WHERE eventName = 'CreateUser' ORDER BY n"
    count = int(rows(client, f"SELECT count(*) AS n FROM {store} WHERE eventName = 'CreateUser'")[0][0]["n"])
    found = [int(row[0]["n"]) for row in rows(client, statement)]
    assert found == [n for n in range(1, 2501) for _ in range(count)]
    query_id = client.start_query(QueryStatement=statement)["QueryId"]
    ended(client, query_id)
    page = client.get_query_results(QueryId=query_id, MaxQueryResults=7)
    assert (len(page["QueryResultRows"]), page["QueryStatistics"]["ResultsCount"]) == (7, 7)
    for wrong in ({"NextToken": page["NextToken"][:-2] + "AA"}, {"NextToken": page["NextToken"], "MaxQueryResults": 8}):
        with pytest.raises(ClientError, match="InvalidNextTokenException"):
            client.get_query_results(QueryId=query_id, **{"MaxQueryResults": 7, **wrong})
    listed = client.list_queries(EventDataStore=store, MaxResults=2)
    ids = [query["QueryId"] for query in listed["Queries"]]
    while "NextToken" in listed:
        listed = client.list_queries(EventDataStore=store, MaxResults=2, NextToken=listed["NextToken"])
        ids += [query["QueryId"] for query in listed["Queries"]]
    assert len(ids) == len(set(ids)) >= 3
    assert ids[0] == query_id
    with pytest.raises(ClientError, match="InvalidQueryStatusException"):
        client.list_queries(EventDataStore=store, QueryStatus="DONE")
    with pytest.raises(ClientError, match="InvalidDateRangeException"):
        client.list_queries(EventDataStore=store, StartTime=2e9, EndTime=1e9)


def test_results_in_a_bucket_with_a_signature_that_list_public_keys_verifies(lake: Program, store: str) -> None:
    client, s3 = lake.client("cloudtrail"), lake.client("s3")
    start = {"QueryStatement": f"SELECT eventName FROM {store}", "DeliveryS3Uri": "s3://lake-results/some/prefix"}
    with pytest.raises(ClientError, match="S3BucketDoesNotExistException"):
        client.start_query(**start)
    s3.create_bucket(Bucket="lake-results")
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        client.start_query(**start)
    s3.put_bucket_policy(Bucket="lake-results", Policy=_results_policy("lake-results"))
    with pytest.raises(ClientError, match="InvalidS3PrefixException"):
        client.start_query(**start | {"DeliveryS3Uri": "s3://lake-results/a//b"})
    query_id = client.start_query(**start)["QueryId"]
    eventually(lambda: client.describe_query(QueryId=query_id).get("DeliveryStatus") == "SUCCESS", seconds=30)
    listed = s3.list_objects_v2(Bucket="lake-results", Prefix="some/prefix/")["Contents"]
    keys = {one["Key"].rpartition("/")[2]: one["Key"] for one in listed}
    assert sorted(keys) == ["result_1.csv.gz", "result_sign.json"]
    assert f"/{ACCOUNT}/CloudTrail-Lake/Query/" in keys["result_1.csv.gz"]

    def stored(name: str) -> bytes:
        return bytes(s3.get_object(Bucket="lake-results", Key=keys[name])["Body"].read())

    signed = json.loads(stored("result_sign.json"))
    hashed = [hashlib.sha256(stored(file["fileName"])).hexdigest() for file in signed["files"]]
    assert hashed == [file["fileHashValue"] for file in signed["files"]]
    public = {
        key["Fingerprint"]: key["Value"]
        for key in client.list_public_keys(StartTime=signed["queryCompleteTime"])["PublicKeyList"]
    }
    key = load_der_public_key(public[signed["publicKeyFingerprint"]])
    assert isinstance(key, RSAPublicKey)
    key.verify(bytes.fromhex(signed["hashSignature"]), " ".join(hashed).encode(), padding.PKCS1v15(), hashes.SHA256())
    lines = gzip.decompress(stored("result_1.csv.gz")).decode().splitlines()
    assert lines[0] == '"eventName"'
    assert '"CreateUser"' in lines
    puts = [one for one in lake.events("--category", "data") if one["eventName"] == "PutObject"]
    assert {one["userIdentity"].get("invokedBy") for one in puts} == {"cloudtrail.amazonaws.com"}


def test_cancelled_and_too_many(lake: Program, store: str) -> None:
    client = lake.client("cloudtrail")
    started = [client.start_query(QueryStatement=ENDLESS.format(store=store))["QueryId"] for _ in range(10)]
    with pytest.raises(ClientError, match="MaxConcurrentQueriesException"):
        client.start_query(QueryStatement=f"SELECT 1 FROM {store}")
    states = [client.describe_query(QueryId=one)["QueryStatus"] for one in started]
    assert set(states) == {"RUNNING", "QUEUED"}
    for query_id in started:
        assert client.cancel_query(QueryId=query_id)["QueryStatus"] == "CANCELLED"
    with pytest.raises(ClientError, match="InactiveQueryException"):
        client.cancel_query(QueryId=started[0])
    began = time.monotonic()
    assert rows(client, f"SELECT count(*) > 0 AS some FROM {store}") == [[{"some": "true"}]]
    assert time.monotonic() - began < 10


def test_hostile_statements_are_refused_and_the_server_stays_well(lake: Program, store: str) -> None:
    client = lake.client("cloudtrail")
    statements = HOSTILE.read_text("utf-8").splitlines()
    assert len(statements) > 100
    for hostile in statements:
        statement = hostile.replace("events", store)
        if store not in statement:
            statement = f"SELECT 1 FROM {store} WHERE EXISTS ({hostile})"
        with pytest.raises(ClientError) as refused:
            client.start_query(QueryStatement=statement[:10_000])
        assert refused.value.response["Error"]["Code"] in (
            "InvalidQueryStatementException",
            "EventDataStoreNotFoundException",
        ), statement
    assert lake.get("/healthz")[0] == 200
    assert rows(client, f"SELECT count(*) > 0 AS some FROM {store}") == [[{"some": "true"}]]


def test_bombs_are_stopped_and_the_server_stays_well(lake: Program, store: str) -> None:
    client = lake.client("cloudtrail")
    for bomb in BOMBS:
        try:
            query_id = client.start_query(QueryStatement=bomb.format(store=store))["QueryId"]
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "InvalidQueryStatementException", bomb
            continue
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            described = client.describe_query(QueryId=query_id)
            if described["QueryStatus"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.1)
        else:
            client.cancel_query(QueryId=query_id)
            described = client.describe_query(QueryId=query_id)
        assert described["QueryStatus"] in ("FAILED", "CANCELLED", "FINISHED"), bomb
        assert "/" not in described.get("ErrorMessage", ""), described
    assert lake.get("/healthz")[0] == 200
    assert rows(client, f"SELECT count(*) > 0 AS some FROM {store}") == [[{"some": "true"}]]


def test_killed_in_the_middle_of_queries(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", ("--no-sandbox",)).start()
    try:
        client = program.client("cloudtrail")
        store = client.create_event_data_store(Name="queried")["EventDataStoreArn"].rpartition("/")[2]
        done = client.start_query(QueryStatement=f"SELECT eventName FROM {store}")["QueryId"]
        ended(client, done)
        before = client.get_query_results(QueryId=done)["QueryResultRows"]
        running = client.start_query(QueryStatement=ENDLESS.format(store=store))["QueryId"]
        assert program.process is not None
        processes = _query_processes(program.process.pid)
        assert len(processes) == 2
        program.kill()
        assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), seconds=2)
        program.start()
        client = program.client("cloudtrail")
        described = client.describe_query(QueryId=running)
        assert described["QueryStatus"] == "FAILED"
        assert "interrupted" in described["ErrorMessage"]
        assert client.get_query_results(QueryId=done)["QueryResultRows"] == before
        assert rows(client, f"SELECT count(*) > 1 AS some FROM {store}") == [[{"some": "true"}]]
    finally:
        program.stop()


def _query_processes(parent: int) -> list[int]:
    """The warm process below `parent`, and those that it has forked."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent and b"opentrail.lake.queries.starter" in command:
            found += [int(entry.name), *_query_processes(int(entry.name))]
    return found


def _results_policy(bucket: str) -> str:
    """The policy of AWS's guide for results of queries."""
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/*"},
    }
    service = {"Service": "cloudtrail.amazonaws.com"}
    of_bucket, of_objects = f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"
    statements = [
        {
            "Sid": "AWSCloudTrailLake1", "Effect": "Allow", "Principal": service,
            "Action": ["s3:PutObject*", "s3:Abort*"], "Resource": [of_bucket, of_objects], "Condition": condition,
        },
        {
            "Sid": "AWSCloudTrailLake2", "Effect": "Allow", "Principal": service,
            "Action": "s3:GetBucketAcl", "Resource": of_bucket, "Condition": condition,
        },
    ]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statements})

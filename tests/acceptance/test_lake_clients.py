"""Clients that people have for Lake run their flows unmodified: boto3, the AWS CLI, and the awslabs MCP server.

The MCP server is looked for in the path and in OPENTRAIL_MCP_SERVER; its own environment keeps its dependencies apart.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import ACCOUNT, REGION, Program, eventually

pytestmark = pytest.mark.acceptance

MCP_SERVER = os.environ.get("OPENTRAIL_MCP_SERVER") or shutil.which("awslabs.cloudtrail-mcp-server")
COUNTED = "SELECT eventName, count(*) AS n FROM {} WHERE eventTime > '2020-01-01' GROUP BY 1 ORDER BY n DESC, 1"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    started = Program(tmp_path_factory.mktemp("clients")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def store(program: Program) -> str:
    """The ARN of a store that has seen calls."""
    made = program.client("cloudtrail").create_event_data_store(Name="calls", TerminationProtectionEnabled=False)
    s3 = program.client("s3")
    for name in ("first-bucket", "second-bucket", "third-bucket"):
        s3.create_bucket(Bucket=name)
    return str(made["EventDataStoreArn"])


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _finished(trail: Any, query: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = trail.describe_query(QueryId=query)
        return found if found["QueryStatus"] not in ("QUEUED", "RUNNING") else None

    found: dict[str, Any] = eventually(look, seconds=30)
    return found


def _buckets(rows: list[list[dict[str, str]]]) -> str | None:
    return next((row[1]["n"] for row in rows if row[0]["eventName"] == "CreateBucket"), None)


def test_boto3_asks_and_turns_pages(program: Program, store: str) -> None:
    trail = program.client("cloudtrail")
    query = trail.start_query(QueryStatement=COUNTED.format(_id(store)))["QueryId"]
    described = _finished(trail, query)
    assert described["QueryStatus"] == "FINISHED", described
    assert described["QueryStatistics"]["EventsMatched"] >= 4
    rows, token = [], None
    while True:
        more = {"NextToken": token} if token else {}
        page = trail.get_query_results(QueryId=query, MaxQueryResults=1, **more)
        rows += page["QueryResultRows"]
        token = page.get("NextToken")
        if token is None:
            break
    assert len(rows) == page["QueryStatistics"]["TotalResultsCount"]
    assert _buckets(rows) == "3"
    assert query in {one["QueryId"] for one in trail.list_queries(EventDataStore=store)["Queries"]}


def test_a_sample_query_runs_as_it_is_found(program: Program, store: str) -> None:
    trail = program.client("cloudtrail")
    (found,) = trail.search_sample_queries(SearchPhrase="busiest callers", MaxResults=1)["SearchResults"]
    query = trail.start_query(QueryStatement=found["SQL"].replace("$EDS_ID", _id(store)))["QueryId"]
    assert _finished(trail, query)["QueryStatus"] == "FINISHED"
    (row, *_) = trail.get_query_results(QueryId=query)["QueryResultRows"]
    assert row[0]["caller"].startswith(f"arn:aws:iam::{ACCOUNT}:")


def test_the_aws_cli_asks(program: Program, store: str) -> None:
    started = program.aws("cloudtrail", "start-query", "--query-statement", COUNTED.format(_id(store)))
    assert started.returncode == 0, started.stderr
    query = json.loads(started.stdout)["QueryId"]
    assert _finished(program.client("cloudtrail"), query)["QueryStatus"] == "FINISHED"
    shown = program.aws("cloudtrail", "get-query-results", "--query-id", query)
    assert _buckets(json.loads(shown.stdout)["QueryResultRows"]) == "3"
    wrong = program.aws("cloudtrail", "start-query", "--query-statement", f"SELECT nothing FROM {_id(store)}")
    assert "InvalidQueryStatement" in wrong.stderr


class McpServer:
    """The MCP server as a child, spoken to as its protocol says: JSON-RPC 2.0, a message a line."""

    def __init__(self, program: Program) -> None:
        assert MCP_SERVER is not None
        environment = {**program.environment(), "AWS_REGION": REGION, "FASTMCP_LOG_LEVEL": "ERROR"}
        self._process = subprocess.Popen(
            [MCP_SERVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        client = {"name": "opentrail", "version": "1"}
        self._ask("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def tool(self, name: str, **arguments: Any) -> Any:
        """What a tool answers, read."""
        answer = self._ask("tools/call", name=name, arguments=arguments)
        texts = [part["text"] for part in answer["content"]]
        assert not answer.get("isError"), texts
        read = [json.loads(text) for text in texts]
        return read[0] if len(read) == 1 else read

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == self._number:
                assert "error" not in message, message["error"]
                return dict(message["result"])
        raise AssertionError("the MCP server ended")


@pytest.fixture(scope="module")
def mcp(program: Program) -> Iterator[McpServer]:
    if MCP_SERVER is None or not Path(MCP_SERVER).exists():
        pytest.skip("the awslabs CloudTrail MCP server is not installed (OPENTRAIL_MCP_SERVER says where it is)")
    started = McpServer(program)
    yield started
    started.close()


def test_the_mcp_server_lists_stores_with_details(mcp: McpServer, store: str) -> None:
    listed = mcp.tool("list_event_data_stores", include_details=True)
    stores = listed if isinstance(listed, list) else [listed]
    assert store in json.dumps(stores)


def test_the_mcp_server_queries(mcp: McpServer, store: str) -> None:
    answered = mcp.tool("lake_query", sql=COUNTED.format(_id(store)), wait_for_completion=True)
    assert answered["query_status"] == "FINISHED", answered
    assert _buckets(answered["query_result_rows"]) == "3"
    status = mcp.tool("get_query_status", query_id=answered["query_id"])
    assert status["query_status"] == "FINISHED"
    page = mcp.tool("get_query_results", query_id=answered["query_id"], max_results=1)
    assert len(page["query_result_rows"]) == 1


def test_the_mcp_server_looks_up_events(mcp: McpServer, store: str) -> None:
    found = mcp.tool(
        "lookup_events",
        start_time=(datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        end_time=(datetime.now(UTC) + timedelta(minutes=1)).isoformat(),
        attribute_key="EventName",
        attribute_value="CreateBucket",
    )
    assert len(found["events"]) == 3


def test_a_running_query_can_be_cancelled(program: Program, store: str) -> None:
    trail = program.client("cloudtrail")
    numbers = "SELECT x FROM UNNEST(sequence(1, 20000)) AS t (x)"
    heavy = f"SELECT count(*) FROM ({numbers}) a, ({numbers}) b, ({numbers}) c WHERE a.x * b.x + c.x % 7 = 3"
    statement = f"{heavy} AND EXISTS (SELECT 1 FROM {_id(store)})"
    query = trail.start_query(QueryStatement=statement)["QueryId"]
    trail.cancel_query(QueryId=query)
    begun = time.monotonic()
    assert _finished(trail, query)["QueryStatus"] == "CANCELLED"
    assert time.monotonic() - begun < 10

"""Imports by the API: rules of StartImport, what is answered, paging, one at a time, whose they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opentrail.catalog.lake_imports import Failure, LakeImports
from opentrail.lake.import_faults import InvalidImportSource
from tests.api.conftest import ACCOUNT, REGION
from tests.api.rooms.conftest import Refused
from tests.api.rooms.ingest_server import IngestServer

ROLE = f"arn:aws:iam::{ACCOUNT}:role/import"
UNKNOWN = "7f000000-0000-4000-8000-000000000099"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IngestServer]:
    server = IngestServer(tmp_path)
    server.trails = server.add_store("trails", "CloudTrail")
    yield server
    server.close()


def source(uri: str = "s3://logs/", role: str = ROLE, region: str = REGION) -> dict[str, dict[str, str]]:
    return {"S3": {"S3LocationUri": uri, "S3BucketRegion": region, "S3BucketAccessRoleArn": role}}


def start(server: IngestServer, **change) -> dict:
    told = {"Destinations": [server.trails.arn], "ImportSource": source(), **change}
    return server.ask("start_import", **{name: value for name, value in told.items() if value is not None})


def refused(server: IngestServer, operation: str, /, **parameters) -> str:
    with pytest.raises(Refused) as fault:
        server.ask(operation, **parameters)
    assert fault.value.message
    return fault.value.code


def test_an_import_is_started_read_stopped_and_tried_again(server):
    when = datetime(2026, 3, 1, tzinfo=UTC)
    made = start(server, StartEventTime=when)
    import_id = made["ImportId"]
    assert made["Destinations"] == [server.trails.arn]
    assert made["ImportSource"] == source()
    assert (made["ImportStatus"], made["StartEventTime"]) == ("INITIALIZING", when)
    assert "EndEventTime" not in made
    assert len(server.buckets.checked) == 1, "bucket and role were looked at"
    read = server.ask("get_import", ImportId=import_id)
    assert read["ImportStatistics"] == {
        "PrefixesFound": 0,
        "PrefixesCompleted": 0,
        "FilesCompleted": 0,
        "EventsCompleted": 0,
        "FailedEntries": 0,
    }
    with pytest.raises(Refused) as fault:
        start(server)
    assert fault.value.code == "AccountHasOngoingImportException"
    assert refused(server, "start_import", ImportId=import_id) == "AccountHasOngoingImportException"
    assert server.ask("stop_import", ImportId=import_id)["ImportStatus"] == "STOPPED"
    assert server.ask("stop_import", ImportId=import_id)["ImportStatus"] == "STOPPED"
    again = server.ask("start_import", ImportId=import_id)
    assert (again["ImportId"], again["ImportStatus"]) == (import_id, "INITIALIZING")
    assert LakeImports(server.engine).is_importing(server.trails.id)
    LakeImports(server.engine).end(import_id, "COMPLETED", 1)
    assert refused(server, "start_import", ImportId=import_id) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Destinations": None}, "InvalidParameterException"),
        ({"ImportSource": None}, "InvalidParameterException"),
        ({"Destinations": [UNKNOWN]}, "EventDataStoreNotFoundException"),
        ({"Destinations": ["arn:aws:cloudtrail:eu-west-1:1:trail/t"]}, "EventDataStoreARNInvalidException"),
        ({"Destinations": [UNKNOWN, UNKNOWN]}, "InvalidParameterException"),
        ({"ImportSource": source("logs")}, "InvalidImportSourceException"),
        ({"ImportSource": source(region="moon")}, "InvalidImportSourceException"),
        ({"ImportSource": source(role="arn:aws:iam::1:role/x")}, "InvalidImportSourceException"),
        ({"ImportId": UNKNOWN}, "InvalidParameterException"),
        ({"StartEventTime": 2_000_000_000, "EndEventTime": 1_000_000_000}, "InvalidParameterException"),
        ({"StartEventTime": -5}, "InvalidParameterException"),
    ],
)
def test_rules_of_start(server, change, code):
    with pytest.raises(Refused) as fault:
        start(server, **change)
    assert fault.value.code == code


def test_far_times_by_hand_are_refused(server):
    told = {"Destinations": [server.trails.arn], "ImportSource": source(), "EndEventTime": 4e12}
    body = json.dumps(told)
    response = server.raw("StartImport", body.encode())
    assert response.status == 400
    assert b"InvalidParameterException" in response.body


def test_the_store_must_be_able_to_take_an_import(server):
    expected = {
        server.store: "InvalidEventDataStoreCategoryException",
        server.add_store("gone", "CloudTrail", status="PENDING_DELETION").arn: "InactiveEventDataStoreException",
        server.add_store("busy", "CloudTrail", status="STOPPING_INGESTION").arn: "InvalidEventDataStoreStatusException",
        server.add_store("org", "CloudTrail", organization_id="o-exampleorg").arn: "OperationNotPermittedException",
    }
    for arn, code in expected.items():
        with pytest.raises(Refused) as fault:
            start(server, Destinations=[arn])
        assert fault.value.code == code
    stopped = server.add_store("stopped", "CloudTrail", status="STOPPED_INGESTION")
    assert start(server, Destinations=[stopped.id])["ImportStatus"] == "INITIALIZING"


def test_a_bucket_or_role_that_does_not_let_us_in_is_told(server, monkeypatch):
    def check(*_):
        raise InvalidImportSource("Role cannot be assumed.")

    monkeypatch.setattr(server.buckets, "check", check)
    with pytest.raises(Refused) as fault:
        start(server)
    assert (fault.value.code, fault.value.message) == ("InvalidImportSourceException", "Role cannot be assumed.")


@pytest.mark.parametrize("operation", ["get_import", "stop_import", "list_import_failures", "start_import"])
@pytest.mark.parametrize(
    ("import_id", "code"),
    [
        (UNKNOWN, "ImportNotFoundException"),
        ("-" * 36, "InvalidParameterException"),
        ("A" * 36, "InvalidParameterException"),
    ],
)
def test_what_names_no_import(server, operation, import_id, code):
    assert refused(server, operation, ImportId=import_id) == code


def test_pages_of_imports_newest_first(server):
    other = server.add_store("other", "CloudTrail")
    catalog = LakeImports(server.engine)
    made = []
    for number in range(5):
        found = start(server, Destinations=[other.arn if number == 2 else server.trails.arn])["ImportId"]
        catalog.end(found, "FAILED" if number == 4 else "COMPLETED", number)
        made.append(found)

    def pages(**more) -> list[str]:
        found, token = [], None
        while True:
            page = server.ask("list_imports", MaxResults=2, **more, **({"NextToken": token} if token else {}))
            found += [one["ImportId"] for one in page["Imports"]]
            token = page.get("NextToken")
            if token is None:
                return found

    assert pages() == made[::-1]
    assert pages(Destination=other.id) == [made[2]]
    assert pages(ImportStatus="FAILED") == [made[4]]
    assert refused(server, "list_imports", NextToken="abcd") == "InvalidNextTokenException"
    assert refused(server, "list_imports", Destination=UNKNOWN) == "EventDataStoreNotFoundException"
    assert refused(server, "list_imports", ImportStatus="DONE") == "ValidationException"


def test_pages_of_failures(server):
    import_id = start(server)["ImportId"]
    failed = [Failure(f"AWSLogs/{number}.json.gz", "AccessDenied", "no") for number in range(5)]
    LakeImports(server.engine).record(import_id, (), failed, None, server.clock.now_us())
    first = server.ask("list_import_failures", ImportId=import_id, MaxResults=3)
    second = server.ask("list_import_failures", ImportId=import_id, MaxResults=3, NextToken=first["NextToken"])
    found = first["Failures"] + second["Failures"]
    assert [one["Location"] for one in found] == [f"s3://logs/AWSLogs/{number}.json.gz" for number in range(5)]
    assert {(one["Status"], one["ErrorType"], one["ErrorMessage"]) for one in found} == {
        ("FAILED", "AccessDenied", "no")
    }
    assert "NextToken" not in second
    assert server.ask("get_import", ImportId=import_id)["ImportStatistics"]["FailedEntries"] == 5

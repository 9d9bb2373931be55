"""`opentrail sql` as a user calls it."""

import csv
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.lake.queries.rig import STORE, QueryRig

RECORDS = [
    {"eventName": "CreateBucket", "eventTime": "2026-03-04T10:00:00Z", "requestParameters": {"bucketName": "b"}},
    {"eventName": "=cmd()", "eventTime": "2026-03-04T11:00:00Z", "requestParameters": None},
]


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps({"Records": RECORDS}))
    return folder


def _sql(*arguments, stdin=""):
    command = [sys.executable, "-m", "opentrail", "sql", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_a_table_for_people(logs):
    done = _sql("SELECT eventName, count(*) FROM events GROUP BY 1 ORDER BY 1 DESC", "--from", logs)
    assert done.returncode == 0, done.stderr
    assert "CreateBucket" in done.stdout and "_col1" in done.stdout and "2 rows" in done.stdout
    assert "2 events" in done.stderr


def test_json_as_lake_gives_it(logs):
    query = "SELECT eventName, element_at(requestParameters, 'bucketName') FROM events ORDER BY eventTime"
    done = _sql(query, "--from", logs, "--format", "json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        [{"eventName": "CreateBucket"}, {"_col1": "b"}],
        [{"eventName": "=cmd()"}, {"_col1": None}],
    ]


def test_csv_and_parquet_go_to_files(logs, tmp_path):
    query = "SELECT eventTime, eventName FROM events ORDER BY 1"
    assert _sql(query, "--from", logs, "--format", "csv", "--output", tmp_path / "a.csv").returncode == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        assert list(csv.reader(file))[:2] == [["eventTime", "eventName"], ["2026-03-04 10:00:00.000", "CreateBucket"]]
    assert _sql(query, "--from", logs, "--format", "parquet", "--output", tmp_path / "a.parquet").returncode == 0
    assert pq.read_table(tmp_path / "a.parquet").column("eventName").to_pylist() == ["CreateBucket", "=cmd()"]


def test_over_log_files_databases_are_passed_over(logs):
    query = """SELECT "soc"."cloudtrail_logs"."eventname", l.n
        FROM "soc"."cloudtrail_logs" CROSS JOIN (SELECT count(*) AS n FROM awsdatacatalog.default.cloudtrail_logs) l
        ORDER BY cloudtrail_logs.eventtime"""
    done = _sql(query, "--from", logs, "--format", "csv")
    assert done.stdout.splitlines() == ["eventname,n", "CreateBucket,2", "=cmd(),2"], done.stderr
    assert _sql('SELECT 1 FROM "information_schema"."tables"', "--from", logs).returncode != 0


def test_over_log_files_names_of_published_queries_mean_their_tables(logs):
    for name in ("cloudtrail", "cloudtrail_123456789012", '"default"."cloudtrail_logs_my-bucket"'):
        done = _sql(f"SELECT max(eventtime) FROM {name}", "--from", logs, "--format", "json")
        assert done.stdout == '[{"_col0": "2026-03-04T11:00:00Z"}]\n', done.stderr  # Athena's times are texts
    for name in (STORE, "$EDS_ID"):
        of_lake = _sql(f"SELECT max(eventTime) FROM {name}", "--from", logs, "--format", "json")
        assert of_lake.stdout == '[{"_col0": "2026-03-04 11:00:00.000"}]\n', of_lake.stderr
    refused = _sql("SELECT 1 FROM vpcflow", "--from", logs)
    assert "Table 'vpcflow' does not exist; there: events, cloudtrail_logs" in refused.stderr


def test_a_statement_from_standard_input(logs):
    done = _sql("-", "--from", logs, "--format", "csv", stdin="SELECT count(*) AS n FROM cloudtrail_logs")
    assert done.stdout.splitlines() == ["n", "2"]


def test_what_cannot_be_run_is_one_line_and_status_1(logs):
    for arguments, says in (
        (("SELECT nothing FROM events", "--from", logs), "Column 'nothing' cannot be resolved"),
        (("SELECT 1 FROM events", "--from", logs / "nowhere"), "nowhere"),
        (("SELECT 1 FROM events", "--from", logs, "--format", "parquet"), "--output"),
    ):
        done = _sql(*arguments)
        assert done.returncode == 1
        assert says in done.stderr and "Traceback" not in done.stderr


def test_stores_of_a_data_folder_by_id_and_by_name(tmp_path):
    rig = QueryRig(tmp_path, None)
    rig.record("CreateBucket", "GetBucketAcl")
    by_id = _sql(f"SELECT count(*) FROM {STORE}", "--data-dir", tmp_path, "--format", "json")
    assert (by_id.stdout, by_id.stderr) == ('[{"_col0": "2"}]\n', "")
    query = f"SELECT a.eventName FROM events a JOIN {STORE} b ON a.eventID = b.eventID ORDER BY 1"
    by_name = _sql(query, "--data-dir", tmp_path, "--store", "store-1", "--format", "csv")
    assert by_name.stdout == "eventName\nCreateBucket\nGetBucketAcl\n"
    for wrong in (("--store", "nobody"), ("--from", tmp_path)):
        refused = _sql("SELECT 1 FROM events", "--data-dir", tmp_path, *wrong)
        assert refused.returncode == 1 and refused.stderr.startswith("opentrail: ")
    rig.intake.close()
    rig.journal.close()
    rig.engine.dispose()


def test_without_a_place_the_data_folder_is_asked(tmp_path):
    QueryRig(tmp_path, None).record("CreateBucket")
    here = {**os.environ, "OPENTRAIL_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "opentrail", "sql", f"SELECT eventName FROM {STORE}", "--format", "json"]
    asked = subprocess.run(command, env=here, capture_output=True, text=True, timeout=60, check=False)
    assert asked.stdout == '[{"eventName": "CreateBucket"}]\n', asked.stderr


def test_a_store_must_be_named(tmp_path):
    QueryRig(tmp_path, None)
    refused = _sql("SELECT 1 FROM events", "--data-dir", tmp_path)
    assert refused.returncode == 1 and "--store" in refused.stderr

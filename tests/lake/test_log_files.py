"""Log files as tables: every event once, columns as Lake has them, the evidence unchanged."""

import gzip
import json
import threading
import time

import pytest

from opentrail.clock import SystemClock
from opentrail.lake.engine import Engine, QueryFailed
from opentrail.lake.log_files import load_log_files
from opentrail.objects.directory import DirectoryStore


def _rows(tables, query):
    engine = Engine(tables, SystemClock())
    try:
        return [
            row
            for batch in engine.prepare(query).texts()
            for row in zip(*(one.to_pylist() for one in batch.columns), strict=True)
        ]
    finally:
        engine.close()


def test_every_genuine_event_is_a_row_and_its_json_is_unchanged(sample_data, tmp_path):
    loaded = load_log_files(DirectoryStore(sample_data / "logs"), tmp_path)
    genuine = {}
    for path in (sample_data / "logs").rglob("*.json.gz"):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            genuine[record["eventID"]] = record
    rows = _rows(loaded.tables, "SELECT eventID, eventJson, eventName, userIdentity.arn, eventTime FROM events")
    assert loaded.events == len(rows)
    assert {row[0] for row in rows} == set(genuine)
    for event_id, text, name, arn, moment in rows:
        record = genuine[event_id]
        assert json.loads(text) == record
        assert (name, arn) == (record.get("eventName"), record.get("userIdentity", {}).get("arn"))
        assert moment == record["eventTime"].replace("T", " ").replace("Z", ".000")


def test_maps_have_every_parameter_of_genuine_events(sample_data, tmp_path):
    loaded = load_log_files(DirectoryStore(sample_data / "logs" / "invictus"), tmp_path)
    query = "SELECT eventJson, cardinality(requestParameters), cast(map_keys(requestParameters) AS json) FROM events"
    for text, count, keys in _rows(loaded.tables, query):
        parameters = json.loads(text)["requestParameters"]
        if parameters is None:
            assert count is None
        else:
            assert json.loads(keys) == list(parameters)


def test_what_is_no_log_file_is_passed_over_and_damage_is_counted(tmp_path):
    source, parquet = tmp_path / "logs", tmp_path / "parquet"
    source.mkdir()
    parquet.mkdir()
    (source / "digest.json").write_text(json.dumps({"digestStartTime": "2026-03-02T09:12:00Z", "logFiles": []}))
    (source / "broken.json.gz").write_bytes(gzip.compress(b'{"Records":[]}')[:-6])
    (source / "good.json").write_text(
        json.dumps({"Records": [{"eventName": "A", "eventTime": "no time", "readOnly": "x"}]})
    )
    (source / "bytes.json").write_bytes(b'{"Records":[{"eventName":"\xff"}]}')
    loaded = load_log_files(DirectoryStore(source), parquet)
    assert (loaded.events, loaded.passed_over) == (1, 1)
    assert loaded.set_aside == 2
    assert _rows(loaded.tables, "SELECT eventName, eventTime, readOnly FROM events") == [("A", None, None)]


def test_a_folder_without_events_is_an_empty_table(tmp_path):
    (tmp_path / "logs").mkdir()
    loaded = load_log_files(DirectoryStore(tmp_path / "logs"), tmp_path)
    assert _rows(loaded.tables, "SELECT count(*), max(userIdentity.arn) FROM events") == [("0", None)]
    assert _rows(loaded.tables, "SELECT count(*), max(useridentity.arn) FROM cloudtrail_logs") == [("0", None)]


def test_a_query_can_be_interrupted_from_another_thread(tmp_path):
    engine = Engine({}, SystemClock())
    answer = engine.prepare(
        "SELECT count(*) FROM (SELECT x FROM UNNEST(sequence(1, 3000000)) AS t (x)) a"
        " JOIN (SELECT y FROM UNNEST(sequence(1, 3000000)) AS t (y)) b ON a.x % 7 < b.y % 5"
    )
    timer = threading.Timer(0.3, engine.interrupt)
    timer.start()
    began = time.monotonic()
    with pytest.raises(QueryFailed, match=r"(?i)interrupt"):
        list(answer.texts())
    assert time.monotonic() - began < 10
    engine.close()
